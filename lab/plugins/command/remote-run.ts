/** Runs one command over SSH, with the traps that @pulumi/command 1.2.1 has. */
import type { Client, ClientChannel } from "ssh2";

/** Longer lines make the real plugin wait for ever, unless its logging is off. */
const LONGEST_LOGGED_LINE = 64 * 1024;

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin: string | undefined;
  /** The stream that is logged line by line. */
  readonly logged: { readonly stdout: boolean; readonly stderr: boolean };
}

/** Rejects on a status other than 0, with the whole command and all its output in the text. */
export async function runRemotely(client: Client, command: string, options: RunOptions): Promise<Ran> {
  const { stdout, stderr, both, status } = await new Promise<Ended>((resolve, reject) => {
    client.exec(command, (error, channel) => {
      // The end may come with the same packet: all listeners are attached at once.
      if (error) reject(error);
      else collect(client, channel, options.stdin ?? "", resolve);
    });
  });
  if (status !== "") throw new Error(`${status}: running ${JSON.stringify(command)}:\n${text(both)}`);
  refuseLongLine("stdout", stdout, options.logged.stdout);
  refuseLongLine("stderr", stderr, options.logged.stderr);
  return { stdout: text(stdout).replace(/\n$/, ""), stderr: text(stderr).replace(/\n$/, "") };
}

interface Ended {
  readonly stdout: Buffer[];
  readonly stderr: Buffer[];
  readonly both: Buffer[];
  /** What went wrong, empty for status 0. */
  readonly status: string;
}

function collect(client: Client, channel: ClientChannel, stdin: string, ended: (how: Ended) => void): void {
  const [stdout, stderr, both]: [Buffer[], Buffer[], Buffer[]] = [[], [], []];
  channel.on("data", (piece: Buffer) => {
    stdout.push(piece);
    both.push(piece);
  });
  channel.stderr.on("data", (piece: Buffer) => {
    stderr.push(piece);
    both.push(piece);
  });
  let status = "remote command exited without exit status or exit signal";
  channel.once("exit", (code: number | null, signal?: string) => {
    if (code === 0) status = "";
    else
      status =
        code === null ? `Process exited with signal ${signal ?? ""}` : `Process exited with status ${code}`;
  });
  let stdinSent = false;
  const done = (): void => {
    // Go's ssh package reports what it could not hand to a command that has ended.
    ended({ stdout, stderr, both, status: status === "" && !stdinSent ? "EOF" : status });
  };
  channel.once("close", done);
  client.once("close", done);
  channel.on("error", () => undefined);
  channel.end(stdin, () => {
    stdinSent = true;
  });
}

function refuseLongLine(name: string, pieces: Buffer[], logged: boolean): void {
  if (
    !logged ||
    text(pieces)
      .split("\n")
      .every((line) => line.length <= LONGEST_LOGGED_LINE)
  )
    return;
  throw new Error(
    `a line of over ${LONGEST_LOGGED_LINE} bytes on ${name}: the real plugin would now hang for ever ` +
      "(set logging: none, or bound the output)",
  );
}

const text = (pieces: Buffer[]): string => Buffer.concat(pieces).toString("utf8");
