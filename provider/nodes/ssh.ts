/** Running one command on a machine over SSH: bounded in time, output and tries. */
import { setTimeout as pause } from "node:timers/promises";
import type { ClientChannel } from "ssh2";
import { connect, endpoint } from "./ssh-connection.ts";
import type { SshTarget } from "./ssh-connection.ts";
import { SshError } from "./ssh-error.ts";

export interface SshCommand {
  readonly command: string;
  readonly stdin: string;
  /** Seconds: each hop's connection; everything, further tries included. */
  readonly timeouts: { readonly connect: number; readonly total: number };
  /** Aborting ends connecting. A command that has begun is let finish, so that its outcome is known. */
  readonly signal: AbortSignal;
}

export interface SshResult {
  /** Exit status, undefined when a signal ended the command. */
  readonly status: number | undefined;
  readonly stdout: string;
  /** The last 4 KiB. */
  readonly stderr: string;
}

/** More on stdout than this is an error. */
const STDOUT_LIMIT = 4 * 1024 * 1024;
const STDERR_LIMIT = 4 * 1024;
const ATTEMPTS = 3;
/** Milliseconds that output may still come after the command's end; what it left running may hold it open. */
const DRAIN = 2_000;

/**
 * Runs a command that may be run again: a connection that is refused or breaks, in the middle too, is tried anew.
 * Throws `SshError` when the command could not be run to its end.
 */
export async function runOverSsh(target: SshTarget, command: SshCommand): Promise<SshResult> {
  const deadline = Date.now() + command.timeouts.total * 1000;
  let reached = false;
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptOnce(target, command, deadline);
    } catch (error) {
      if (!(error instanceof SshError)) throw error;
      reached ||= error.reached;
      if (!error.transient || command.signal.aborted) {
        throw reached && !error.reached ? new SshError(error.message, { reached, cause: error }) : error;
      }
      const wait = 250 * 2 ** attempt * (0.5 + Math.random());
      if (attempt === ATTEMPTS || Date.now() + wait >= deadline) {
        throw new SshError(`${error.message} (tried ${attempt} times)`, { reached, cause: error });
      }
      await pause(wait);
    }
  }
}

async function attemptOnce(target: SshTarget, command: SshCommand, deadline: number): Promise<SshResult> {
  const where = endpoint(target);
  const connection = await connect(target, command.timeouts.connect, command.signal);
  let late: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      late = setTimeout(() => {
        const what = `gave up after ${command.timeouts.total} s in all, while the command was still running`;
        reject(new SshError(`${where}: ${what}; it ends there by itself`, { reached: true }));
      }, deadline - Date.now());
      connection.client.once("close", () => {
        const what = "the connection broke while the command was running";
        reject(new SshError(`${where}: ${what}`, { transient: true, reached: true }));
      });
      connection.client.exec(command.command, (error, channel) => {
        if (error) reject(new SshError(`${where}: the server runs no command: ${error.message}`));
        else collect(channel, command.stdin, resolve, reject);
      });
    });
  } finally {
    clearTimeout(late);
    connection.close();
  }
}

function collect(
  channel: ClientChannel,
  stdin: string,
  resolve: (result: SshResult) => void,
  reject: (error: SshError) => void,
): void {
  const stdout: Buffer[] = [];
  let size = 0;
  let stderr: Buffer = Buffer.alloc(0);
  let status: number | undefined;
  const finish = (): void => {
    resolve({ status, stdout: Buffer.concat(stdout).toString(), stderr: stderr.toString().trim() });
  };

  channel.on("data", (data: Buffer) => {
    size += data.length;
    if (size > STDOUT_LIMIT)
      reject(new SshError(`the command printed more than ${STDOUT_LIMIT} bytes`, { reached: true }));
    else stdout.push(data);
  });
  channel.stderr.on("data", (data: Buffer) => {
    stderr = Buffer.concat([stderr, data]).subarray(-STDERR_LIMIT);
  });
  channel.on("exit", (code: number | null) => {
    status = code ?? undefined;
    setTimeout(finish, DRAIN).unref();
  });
  channel.on("close", finish);
  // A command that ends without reading its input is not an error of its own.
  channel.on("error", () => undefined);
  channel.end(stdin);
}
