/** Programs that a test starts as servers, and their ends. */
import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

export interface Server {
  readonly pid: number;
  /** What it has said so far, on both streams. */
  said(): string;
  /** Asks it to end with `signal`, then ends it and all that it started by SIGKILL after `graceMs`. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<void>;
}

export interface ServerOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** True once it serves. Asked again and again. */
  readonly ready: (said: string) => boolean | Promise<boolean>;
  /** Seconds, default 30. */
  readonly timeout?: number;
}

/** Starts a server that stays in the foreground. Rejects with its last words where it doesn't come up. */
export async function startServer(
  program: string,
  args: readonly string[],
  options: ServerOptions,
): Promise<Server> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  let ended: string | undefined;
  const exited = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      ended = error.message;
      resolve();
    });
    child.once("exit", (code, signal) => {
      ended = `it ended with ${signal ?? `code ${code ?? "?"}`}`;
      resolve();
    });
  });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (piece: string) => {
      said += piece;
    });
  const server: Server = {
    pid: child.pid ?? 0,
    said: () => said,
    stop: async (signal = "SIGTERM", graceMs = 10_000) => {
      const family = child.pid === undefined ? [] : await descendants(child.pid);
      child.kill(signal);
      const late = new AbortController();
      await Promise.race([exited, sleep(graceMs, undefined, { signal: late.signal }).catch(() => undefined)]);
      late.abort();
      if (ended === undefined) child.kill("SIGKILL");
      for (const pid of family) kill(pid);
      await exited;
    },
  };
  const end = Date.now() + (options.timeout ?? 30) * 1000;
  while (ended === undefined && Date.now() < end) {
    if (await options.ready(said)) return server;
    await sleep(20);
  }
  const why = ended ?? "it took too long";
  await server.stop();
  throw new Error(`${program} did not come up: ${why}\n${said.split("\n").slice(-20).join("\n")}`);
}

/** Everything below a process, however it moved between sessions and groups. */
export async function descendants(pid: number): Promise<number[]> {
  // Each thread has children of its own.
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, "utf8").catch(() => "")),
  );
  const children = lists.join(" ").split(" ").filter(Boolean).map(Number);
  const further = await Promise.all(children.map(descendants));
  return [...children, ...further.flat()];
}

/** By SIGKILL; one that has ended by itself is no error. */
export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}
