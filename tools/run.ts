import { spawn } from "node:child_process";

/** How a program ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment. Default: this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
  /** Seconds, then the program is killed and the code is 124. Default 600. */
  readonly timeout?: number;
  /** Sees each piece of output as it comes. */
  readonly onOutput?: (text: string) => void;
}

/** Runs a program without a shell. Rejects only when it can't be started. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ended> {
  const child = spawn(program, args, { cwd: options.cwd, env: options.env ?? process.env, stdio: "pipe" });
  const collect = (stream: NodeJS.ReadableStream) => {
    const pieces: string[] = [];
    stream.setEncoding("utf8");
    stream.on("data", (piece: string) => {
      pieces.push(piece);
      options.onOutput?.(piece);
    });
    return pieces;
  };
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  // A program that ends without reading its input is no error here: its exit code tells.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.stdin ?? "");
  let timedOut = false;
  const timer = setTimeout(
    () => {
      timedOut = true;
      child.kill("SIGKILL");
    },
    (options.timeout ?? 600) * 1000,
  );
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (exit) => {
        resolve(timedOut ? 124 : (exit ?? 128));
      });
    });
    return { code, stdout: stdout.join(""), stderr: stderr.join("") };
  } finally {
    clearTimeout(timer);
  }
}

/** As `run`, but a failure is an error with the program's own last words. */
export async function mustRun(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const ended = await run(program, args, options);
  if (ended.code === 0) return ended.stdout;
  const words = `${ended.stdout}\n${ended.stderr}`.trim().split("\n").slice(-30).join("\n");
  throw new Error(`${program} ${args.join(" ")} ended with code ${ended.code}:\n${words}`);
}
