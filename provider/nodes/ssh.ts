/** Running a command on a machine over SSH, or talking with one: bounded in time, output and tries. */
import { setTimeout as pause } from "node:timers/promises";
import type { ClientChannel } from "ssh2";
import { connect, endpoint } from "./ssh-connection.ts";
import type { SshConnection, SshTarget } from "./ssh-connection.ts";
import { SshError } from "./ssh-error.ts";

export interface SshLimits {
  /** Seconds: each hop's connection; everything, further tries included. */
  readonly timeouts: { readonly connect: number; readonly total: number };
  /** Aborting ends connecting. A command that has begun is let finish, so that its outcome is known. */
  readonly signal: AbortSignal;
}

export interface SshCommand extends SshLimits {
  readonly command: string;
  readonly stdin: string;
}

export interface SshResult {
  /** Exit status, undefined when a signal ended the command. */
  readonly status: number | undefined;
  readonly stdout: string;
  /** The last 4 KiB. */
  readonly stderr: string;
}

/** What a command printed since it was last asked; with `ended` it has ended, and that is all. */
export interface SshAnswer {
  readonly stdout: string;
  readonly ended?: SshResult;
}

/** More on stdout than this, of one answer, is an error. */
const STDOUT_LIMIT = 4 * 1024 * 1024;
const STDERR_LIMIT = 4 * 1024;
/** Tries of what says nothing of its chance, and of a connection that a busy sshd dropped, which goes by chance. */
const TRIES = 3;
const TRIES_WHEN_DROPPED = 6;
/** Milliseconds that output may still come after the command's end; what it left running may hold it open. */
const DRAIN = 2_000;
/** Ends an answer. */
const END = /(?:^|\n)#end [a-z]+\n$/;

/**
 * Runs a command that may be run again: a connection that is refused or breaks, in the middle too, is tried anew.
 * Throws `SshError` when the command could not be run to its end.
 */
export function runOverSsh(target: SshTarget, command: SshCommand): Promise<SshResult> {
  return talkOverSsh(target, command.command, command, (conversation) => conversation.end(command.stdin));
}

/**
 * Starts a command and talks with it; as `runOverSsh` from the beginning when the connection breaks. What `talk` throws
 * itself ends it, and so does its end: the command sees the end of its input.
 */
export async function talkOverSsh<T>(
  target: SshTarget,
  command: string,
  limits: SshLimits,
  talk: (conversation: SshConversation) => Promise<T>,
): Promise<T> {
  const { timeouts, signal } = limits;
  const begun = Date.now();
  const deadline = begun + timeouts.total * 1000;
  let reached = false;
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptOnce(target, command, limits, deadline, talk);
    } catch (error) {
      if (!(error instanceof SshError)) throw error;
      reached ||= error.reached;
      if (!error.transient || signal.aborted) {
        throw reached && !error.reached ? error.with({ reached }) : error;
      }
      const wait = 250 * 2 ** attempt * (0.5 + Math.random());
      const [tries, end] = error.dropped
        ? [TRIES_WHEN_DROPPED, Math.min(deadline, begun + timeouts.connect * 3000)]
        : [TRIES, deadline];
      if (attempt >= tries || Date.now() + wait >= end) {
        throw error.with({ message: `${error.message} (tried ${attempt} times)`, reached });
      }
      await pause(wait);
    }
  }
}

async function attemptOnce<T>(
  target: SshTarget,
  command: string,
  { timeouts, signal }: SshLimits,
  deadline: number,
  talk: (conversation: SshConversation) => Promise<T>,
): Promise<T> {
  const where = endpoint(target);
  const connection = await connect(target, timeouts.connect, signal);
  let late: NodeJS.Timeout | undefined;
  try {
    const conversation = new SshConversation(where, connection, command);
    late = setTimeout(() => {
      conversation.giveUp(
        `gave up after ${timeouts.total} s in all, while the command was still running; it ends there by itself`,
      );
    }, deadline - Date.now());
    return await talk(conversation);
  } finally {
    clearTimeout(late);
    connection.close();
  }
}

/** A command that runs on another machine, and that is written to and heard by turns. */
export class SshConversation {
  readonly #where: string;
  readonly #channel = Promise.withResolvers<ClientChannel>();
  #stdout: Buffer[] = [];
  #size = 0;
  /** The end of what is in `#stdout`. */
  #tail = "";
  #stderr: Buffer = Buffer.alloc(0);
  #status: number | undefined;
  #ended = false;
  #failure: SshError | undefined;
  /** Looks whether who waits has its answer. */
  #look: () => void = () => undefined;

  constructor(where: string, { client }: SshConnection, command: string) {
    this.#where = where;
    // It is told to who asks.
    this.#channel.promise.catch(() => undefined);
    client.once("close", () => {
      this.#fail("the connection broke while the command was running", { transient: true, reached: true });
    });
    client.exec(command, (error, channel) => {
      if (error) this.#fail(`the server runs no command: ${error.message}`, {});
      else this.#hear(channel);
    });
  }

  /** Writes, and hears until a line `#end WORD`, or the command ends. Nothing may come after that line unasked. */
  async ask(text: string): Promise<SshAnswer> {
    const channel = await this.#channel.promise;
    if (!this.#ended) channel.write(text);
    return await this.#answer(true);
  }

  /** Writes the last of its input, and hears the rest. */
  async end(text: string): Promise<SshResult> {
    const channel = await this.#channel.promise;
    channel.end(text);
    const { stdout, ended } = await this.#answer(false);
    return ended ?? { status: undefined, stdout, stderr: "" };
  }

  giveUp(why: string): void {
    this.#fail(why, { reached: true });
  }

  #hear(channel: ClientChannel): void {
    channel.on("data", (data: Buffer) => {
      this.#size += data.length;
      if (this.#size > STDOUT_LIMIT) {
        this.#fail(`the command printed more than ${STDOUT_LIMIT} bytes`, { reached: true });
        return;
      }
      this.#stdout.push(data);
      this.#tail = (this.#tail + data.toString("latin1", Math.max(0, data.length - 64))).slice(-64);
      this.#look();
    });
    channel.stderr.on("data", (data: Buffer) => {
      this.#stderr = Buffer.concat([this.#stderr, data]).subarray(-STDERR_LIMIT);
    });
    const finish = (): void => {
      this.#ended = true;
      this.#look();
    };
    channel.on("exit", (code: number | null) => {
      this.#status = code ?? undefined;
      setTimeout(finish, DRAIN).unref();
    });
    channel.on("close", finish);
    // A command that ends without reading its input is not an error of its own.
    channel.on("error", () => undefined);
    this.#channel.resolve(channel);
  }

  #fail(why: string, options: { transient?: boolean; reached?: boolean }): void {
    this.#failure ??= new SshError(`${this.#where}: ${why}`, options);
    this.#channel.reject(this.#failure);
    this.#look();
  }

  #answer(upToEnd: boolean): Promise<SshAnswer> {
    return new Promise((resolve, reject) => {
      this.#look = () => {
        if (this.#ended || (upToEnd && END.test(this.#tail))) {
          const stdout = Buffer.concat(this.#stdout).toString();
          const ended = { status: this.#status, stdout, stderr: this.#stderr.toString().trim() };
          this.#stdout = [];
          this.#size = 0;
          this.#tail = "";
          resolve(this.#ended ? { stdout, ended } : { stdout });
        } else if (this.#failure === undefined) {
          return;
        } else {
          reject(this.#failure);
        }
        this.#look = () => undefined;
      };
      this.#look();
    });
  }
}
