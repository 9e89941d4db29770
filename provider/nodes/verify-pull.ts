/** Proof that a node's runtime pulls through the cache: an image pulled there shows in Harbor's access log. */
import { setTimeout as pause } from "node:timers/promises";
import { indented } from "./node-answer.ts";
import { quote } from "./node-program.ts";
import type { PoolInputs } from "./pool-inputs.ts";
import { endpoint } from "./ssh-connection.ts";
import { SshError } from "./ssh-error.ts";
import { talkOverSsh } from "./ssh.ts";
import type { SshConversation } from "./ssh.ts";

/** How a command on a node ended. */
export interface Ran {
  readonly status: number;
  /** The end of what it printed. */
  readonly words: string;
}

/** A node that the image is pulled on. */
export interface PullingNode {
  run(what: "remove" | "pull"): Promise<Ran>;
}

type Settings = NonNullable<PoolInputs["verifyPull"]>;

/** Seconds to connect to Harbor's machine. */
const CONNECT = 10;
/** Milliseconds between two looks. */
const POLL = 300;

/** By what a node's pull shows as in the log: the end of the last turn. Pools roll out side by side. */
const turns = new Map<string, Promise<unknown>>();

/**
 * One per operation. Harbor's log doesn't tell nodes apart, behind a proxy least of all: nodes have their turns, those of
 * all pools that pull the same, from before they are touched, so that none waits with new files that are not proven.
 */
export class PullVerification {
  readonly #settings: Settings;
  readonly #signal: AbortSignal;
  readonly #patience: number;

  /** @param patience seconds until a request shows in the log */
  constructor(settings: Settings, signal: AbortSignal, patience = 10) {
    this.#settings = settings;
    this.#signal = signal;
    this.#patience = patience;
  }

  /** Seconds that it adds to what a node takes. */
  get seconds(): number {
    return this.#settings.timeout + 2 * CONNECT + this.#patience;
  }

  /** Runs `work` when nobody else's runs. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const shown = this.#settings.requests;
    const turn = (turns.get(shown) ?? Promise.resolve()).then(() => {
      if (this.#signal.aborted) throw new Error("canceled; nothing was changed");
      return work();
    });
    const end = turn
      .catch(() => undefined)
      .then(() => {
        if (turns.get(shown) === end) turns.delete(shown);
      });
    turns.set(shown, end);
    return turn;
  }

  /** Says what is wrong, in words for people; undefined when the image came through the cache. */
  async problemOf(node: PullingNode): Promise<string | undefined> {
    const { image, log } = this.#settings;
    const removed = await node.run("remove");
    if (/\bin use\b|being used/i.test(removed.words)) {
      return `${image} is in use on the node, so that pulling it would prove nothing: choose an image that no pod uses${quoted(removed)}`;
    }
    const proof = await this.#readingLog(async (harbor) => {
      const mark = await harbor.size();
      // The node's failure is not one of reading the log.
      const pulled = await node.run("pull").catch((error: unknown) => ({ error }));
      const seen =
        !("error" in pulled) && pulled.status === 0 && (await harbor.showsRequest(mark, this.#patience));
      return { pulled, seen };
    });
    if (proof instanceof SshError) {
      return `Harbor's access log ${log.path} could not be read, so that nothing is proven: ${proof.message}`;
    }
    const { pulled, seen } = proof;
    if ("error" in pulled) throw pulled.error;
    if (pulled.status !== 0) return `${image} could not be pulled by the node's runtime${quoted(pulled)}`;
    // What is left of it takes some space, and no more.
    await node.run("remove");
    return seen ? undefined : this.#notSeen(removed);
  }

  #notSeen(removed: Ran): string {
    const { image, log, requests } = this.#settings;
    const why = removed.status === 0 ? "" : `; it could not be removed before${quoted(removed)}`;
    return (
      `${image} was pulled, but not through the cache: ${log.path} on ${endpoint(log)} shows no request for ` +
      `${requests}… within ${this.#patience} s. Look at the runtime's log on the node for what it asked${why}`
    );
  }

  async #readingLog<T>(work: (harbor: HarborLog) => Promise<T>): Promise<T | SshError> {
    const { log, requests } = this.#settings;
    const total = this.seconds;
    const command = `${log.sudo ? "sudo -n " : ""}timeout -k 5 ${total} sh -s`;
    const limits = { timeouts: { connect: CONNECT, total }, signal: this.#signal };
    try {
      return await talkOverSsh(log, command, limits, (conversation) =>
        work(new HarborLog(conversation, endpoint(log), log.path, requests)),
      );
    } catch (error) {
      if (error instanceof SshError) return error;
      throw error;
    }
  }
}

/** Harbor's access log while it grows. */
class HarborLog {
  readonly #conversation: SshConversation;
  readonly #where: string;
  readonly #path: string;
  readonly #requests: string;

  constructor(conversation: SshConversation, where: string, path: string, requests: string) {
    this.#conversation = conversation;
    this.#where = where;
    this.#path = quote(path);
    this.#requests = requests;
  }

  /** Bytes. */
  async size(): Promise<number> {
    return Number(await this.#ask(`wc -c <${this.#path} || exit`));
  }

  /** Is there a request that was answered well, after that many bytes? Waits for it as many seconds. */
  async showsRequest(mark: number, patience: number): Promise<boolean> {
    const end = Date.now() + patience * 1000;
    for (;;) {
      // A log that was rotated begins anew.
      const from = (await this.size()) < mark ? 0 : mark;
      const filter = `grep -F ${quote(` ${this.#requests}`)} | tail -n 100`;
      const lines = await this.#ask(`tail -c +${from + 1} ${this.#path} | ${filter}`);
      if (lines.split("\n").some((line) => isAnswered(line, this.#requests))) return true;
      if (Date.now() >= end) return false;
      await pause(POLL);
    }
  }

  async #ask(command: string): Promise<string> {
    const { stdout, ended } = await this.#conversation.ask(
      `{ ${command}; } </dev/null; echo; echo '#end said'\n`,
    );
    if (ended === undefined) return stdout.slice(0, stdout.lastIndexOf("#end")).trim();
    throw new SshError(`${this.#where}: ${ended.stderr || `the command ended with status ${ended.status}`}`);
  }
}

/** nginx's line: `ADDRESS - "GET /v2/… HTTP/1.1" 200 …` */
function isAnswered(line: string, requests: string): boolean {
  const [, path, status] = /"(?:GET|HEAD) (\S+) HTTP\/[\d.]+" (\d{3}) /.exec(line) ?? [];
  return path?.startsWith(requests) === true && status === "200";
}

function quoted({ words }: Ran): string {
  return words === "" ? "" : `\n${indented(words)}`;
}
