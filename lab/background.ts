/** Programs of the lab that go on when the one that started them ends. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { z } from "zod";

const START_MS = 20_000;
const STOP_MS = 10_000;
const POLL_MS = 20;

export const backgroundProcess = z.object({
  pid: z.number(),
  /** Absolute path of the TypeScript file that it runs. */
  program: z.string(),
  /** When it began, in the kernel's ticks: its number may be given to another process that runs the same program. */
  began: z.string(),
});

export type BackgroundProcess = Readonly<z.infer<typeof backgroundProcess>>;

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
  const pid = child.pid ?? 0;
  const started = { pid, program, began: beganAt(pid) };
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

/** The one that asks. */
export function thisProcess(): BackgroundProcess {
  const program = readFileSync("/proc/self/cmdline", "utf8").split("\0")[1] ?? "";
  return { pid: process.pid, program, began: beganAt(process.pid) };
}

/** Empty: there is no such process. */
export const beganAt = (pid: number): string => statOf(pid)?.began ?? "";

/** Asks it to end, and ends it when it doesn't. */
export async function stopInBackground(one: BackgroundProcess): Promise<void> {
  const end = Date.now() + STOP_MS;
  while (isRunning(one)) {
    process.kill(one.pid, Date.now() > end ? "SIGKILL" : "SIGTERM");
    await pause(POLL_MS);
  }
}

/** Its number may have been given to another process since. */
export function isRunning({ pid, program, began }: BackgroundProcess): boolean {
  const stat = statOf(pid);
  if (stat === undefined || stat.state === "Z" || stat.began !== began) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(program);
  } catch {
    return false;
  }
}

/** State and start of a process, as in proc(5). Undefined: there is none. */
function statOf(pid: number): { readonly state: string; readonly began: string } | undefined {
  try {
    // The program's name before it may hold anything.
    const [state = "", ...rest] = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return { state, began: rest[18] ?? "" };
  } catch {
    return undefined;
  }
}
