/** Programs of the lab that go on when the one that started them ends. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const START_MS = 20_000;
const STOP_MS = 10_000;
const POLL_MS = 20;

export interface BackgroundProcess {
  readonly pid: number;
  /** Absolute path of the TypeScript file that it runs. */
  readonly program: string;
}

/** Starts a program with its output in `log`, and waits for the line that says it is ready, which is returned. */
export async function startInBackground(
  program: string,
  args: readonly string[],
  options: {
    readonly log: string;
    readonly ready: RegExp;
    readonly started?: (one: BackgroundProcess) => void;
  },
): Promise<BackgroundProcess & { readonly line: string }> {
  mkdirSync(dirname(options.log), { recursive: true });
  const output = openSync(options.log, "a", 0o600);
  const begin = statSync(options.log).size;
  const child = spawn(process.execPath, [program, ...args], {
    detached: true,
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  child.unref();
  const started = { pid: child.pid ?? 0, program };
  options.started?.(started);
  const end = Date.now() + START_MS;
  for (;;) {
    const said = readFileSync(options.log).subarray(begin).toString("utf8");
    // A line counts when it is whole.
    const line = said
      .split("\n")
      .slice(0, -1)
      .find((one) => options.ready.test(one));
    if (line !== undefined) return { ...started, line };
    if (child.exitCode !== null || Date.now() > end) {
      child.kill("SIGKILL");
      throw new Error(`${program} did not start: ${said.trim()}`);
    }
    await pause(POLL_MS);
  }
}

/** Asks it to end, and ends it when it doesn't. */
export async function stopInBackground(one: BackgroundProcess): Promise<void> {
  const end = Date.now() + STOP_MS;
  while (isRunning(one)) {
    process.kill(one.pid, Date.now() > end ? "SIGKILL" : "SIGTERM");
    await pause(POLL_MS);
  }
}

/** Its number may have been given to another process since. */
export function isRunning({ pid, program }: BackgroundProcess): boolean {
  try {
    const [, state] = /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    return state !== "Z" && readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(program);
  } catch {
    return false;
  }
}
