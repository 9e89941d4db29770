/** The conversation with the program on one node: `node.sh`, then `node-change.sh`. */
import { Answer, decode } from "./node-answer.ts";
import type { FailureContext } from "./node-answer.ts";
import type { Plan } from "./node-plan.ts";
import { changePiece, lookPiece } from "./node-program.ts";
import type { Look } from "./node-program.ts";
import type { PoolInputs, PoolNode } from "./pool-inputs.ts";
import { endpoint } from "./ssh-connection.ts";
import type { SshConversation } from "./ssh.ts";
import type { PullingNode, Ran } from "./verify-pull.ts";

export class NodeSession implements PullingNode {
  readonly #conversation: SshConversation;
  readonly #pool: PoolInputs;
  readonly #context: FailureContext;

  constructor(conversation: SshConversation, pool: PoolInputs, node: PoolNode) {
    this.#conversation = conversation;
    this.#pool = pool;
    this.#context = { where: endpoint(node), user: node.user, sudo: pool.sudo };
  }

  /** Locks the node, where it is to be changed, until the end of the conversation. */
  async look(look: Look): Promise<Answer> {
    return await this.#ask(lookPiece(this.#pool, look), "look");
  }

  /** The node has the files now, and takes them back unless `commit` follows. */
  async change(plan: Plan, mustReload: boolean): Promise<Answer> {
    return await this.#ask(changePiece(this.#pool, plan, mustReload), "change");
  }

  async run(what: "remove" | "pull"): Promise<Ran> {
    const answer = await this.#ask(`${what}\n`, "ran");
    return { status: Number(answer.rest("ran")), words: decode(answer.lines("ran")).trim() };
  }

  async commit(): Promise<void> {
    const ended = await this.#conversation.end("commit\n");
    new Answer({ stdout: ended.stdout, ended }, "commit", this.#context);
  }

  /** Has everything put back, and throws that with the reason. */
  async undo(judgement: string): Promise<never> {
    const ended = await this.#conversation.end("undo\n");
    new Answer({ stdout: ended.stdout, ended }, "nothing", { ...this.#context, judgement });
    throw new Error("the node ended well though it was told to undo");
  }

  /** Ends a conversation in which nothing was changed, so that the lock is free. */
  async leave(): Promise<void> {
    await this.#conversation.end("");
  }

  async #ask(text: string, word: string): Promise<Answer> {
    return new Answer(await this.#conversation.ask(text), word, this.#context);
  }
}
