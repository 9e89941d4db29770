/** What is done to the nodes of a pool: installing, reading and removing files, each over one SSH connection. */
import type { ResourceContext } from "../resource.ts";
import { parseAnswer } from "./node-answer.ts";
import type { NodeAnswer } from "./node-answer.ts";
import { nodeCommand, nodeProgram } from "./node-program.ts";
import type { NodeTask } from "./node-program.ts";
import { dropInDirOf } from "./pool-inputs.ts";
import type { PoolInputs, PoolNode } from "./pool-inputs.ts";
import { rollOut } from "./rollout.ts";
import type { RolloutResult } from "./rollout.ts";
import { shadowing } from "./shadowing.ts";
import { endpoint } from "./ssh-connection.ts";
import { SshError } from "./ssh-error.ts";
import { runOverSsh } from "./ssh.ts";

/** What a task is, but for what the pool's own settings say. */
export type Work = Pick<NodeTask, "action" | "files" | "gone" | "mustReload">;

/** Milliseconds between two lines of progress. */
const PROGRESS_INTERVAL = 250;

export async function workOn(
  ctx: ResourceContext,
  urn: string,
  pool: PoolInputs,
  nodes: readonly PoolNode[],
  maxFailed: number,
  verb: string,
  work: (node: PoolNode) => Work,
): Promise<RolloutResult<PoolNode, NodeAnswer>> {
  let last = 0;
  const result = await rollOut(
    nodes,
    { parallel: pool.rollout.parallel, maxFailed, signal: ctx.signal },
    (node) => run(ctx, pool, node, work(node)),
    (done, failed) => {
      if (Date.now() - last < PROGRESS_INTERVAL && done + failed < nodes.length) return;
      last = Date.now();
      void ctx.log("info", `wave 1: ${done}/${nodes.length} nodes ${verb}, ${failed} failed`, urn, true);
    },
  );
  await report(ctx, urn, pool, result.done);
  return result;
}

async function run(ctx: ResourceContext, pool: PoolInputs, node: PoolNode, work: Work): Promise<NodeAnswer> {
  const task: NodeTask = {
    ...work,
    dropInDir: dropInDirOf(pool),
    reloadCommand: pool.reloadCommand,
    checkCommand: pool.checkCommand,
    timeouts: pool.timeouts,
  };
  const result = await runOverSsh(node, {
    command: nodeCommand(task, pool.sudo),
    stdin: nodeProgram(task),
    timeouts: pool.timeouts,
    signal: ctx.signal,
  });
  try {
    return parseAnswer(result);
  } catch (error) {
    if (!(error instanceof SshError)) throw error;
    throw new SshError(`${endpoint(node)}: ${error.message}`, { reached: error.reached, cause: error });
  }
}

/** What nodes said beside having done it; one line per finding, with the nodes that have it. */
async function report(
  ctx: ResourceContext,
  urn: string,
  pool: PoolInputs,
  done: ReadonlyMap<PoolNode, NodeAnswer>,
): Promise<void> {
  const findings = new Map<string, string[]>();
  for (const [node, answer] of done) {
    const found = shadowing(pool.files, answer.others);
    if (answer.recovered) found.push("an earlier run had been interrupted; its files were put back first");
    if (answer.notReloaded) found.push("the files are removed, but the runtime could not be reloaded");
    found.push(...answer.kept.map((path) => `${path} is not as this pool wrote it and was left there`));
    for (const finding of found) findings.set(finding, [...(findings.get(finding) ?? []), node.name]);
  }
  for (const [finding, names] of findings) await ctx.log("warning", `${names.join(", ")}: ${finding}`, urn);
}
