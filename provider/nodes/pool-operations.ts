/** What is done to the nodes of a pool: installing, reading and removing files, each over one SSH connection. */
import type { ResourceContext } from "../resource.ts";
import { grouped, namesOf } from "./node-names.ts";
import { workOnNode } from "./node-work.ts";
import type { NodeAnswer, NodeWork } from "./node-work.ts";
import type { PoolInputs, PoolNode } from "./pool-inputs.ts";
import { rollOut } from "./rollout.ts";
import type { NodeReport, RolloutLimits, WaveProgress } from "./rollout.ts";
import { progressLines, waveLine } from "./rollout-progress.ts";
import { connect } from "./ssh-connection.ts";
import { SshError } from "./ssh-error.ts";
import { allAtOnce, amountOf, planRollout } from "./waves.ts";
import type { RolloutPlan } from "./waves.ts";

/** A pool and the operation that is under way on it. */
export interface Operation {
  readonly ctx: ResourceContext;
  readonly urn: string;
  readonly pool: PoolInputs;
}

/** How each node fared, in the order in which they were to be done. */
export type Fared = ReadonlyMap<PoolNode, NodeReport<NodeAnswer>>;

type WorkFor = (node: PoolNode) => NodeWork;

/** Canaries, then wave after wave, as the pool's settings want it. */
export async function inWaves(
  operation: Operation,
  nodes: readonly PoolNode[],
  work: WorkFor,
): Promise<Fared> {
  const { pool, ctx } = operation;
  const { pause, maxFailed } = pool.rollout;
  // A pull is told from another one in Harbor's log by its turn, and a node that waited for it would count as begun.
  const parallel = pool.verifyPull === undefined ? pool.rollout.parallel : 1;
  const skip = (error: Error): boolean =>
    pool.onUnreachable === "skip" && isUnreachable(error) && !ctx.signal.aborted;
  return goThrough(operation, work, waveLine, {
    plan: planRollout(pool.nodes, nodes, pool.rollout),
    limits: { pause, parallel, maxFailed: amountOf(maxFailed, pool.nodes.length) },
    isSkipped: skip,
  });
}

/** Every node, whatever becomes of the others; `verb` is what is said of one that is done. */
export async function everywhere(
  operation: Operation,
  nodes: readonly PoolNode[],
  verb: string,
  work: WorkFor,
): Promise<Fared> {
  const line = (wave: WaveProgress): string =>
    `${wave.done}/${wave.nodes} nodes ${verb}, ${wave.failed} failed`;
  return goThrough(operation, work, line, {
    plan: allAtOnce(nodes),
    limits: { pause: 0, maxFailed: Infinity, parallel: operation.pool.rollout.parallel },
    isSkipped: () => false,
  });
}

interface Way {
  readonly plan: RolloutPlan<PoolNode>;
  readonly limits: Omit<RolloutLimits, "signal">;
  readonly isSkipped: (error: Error) => boolean;
}

async function goThrough(
  operation: Operation,
  work: WorkFor,
  line: (wave: WaveProgress) => string,
  { plan, limits, isSkipped }: Way,
): Promise<Fared> {
  const { ctx, urn, pool } = operation;
  const progress = progressLines((text) => void ctx.log("info", text, urn, true), line);
  const fared = await rollOut(
    plan,
    { ...limits, signal: ctx.signal },
    {
      run: (node) => workOnNode(pool, node, work(node), ctx.signal),
      isSkipped,
      reach: async (node) => {
        const connection = await connect(node, pool.timeouts.connect, ctx.signal);
        connection.close();
      },
    },
    progress,
  );
  progress.end();
  await reportFindings(operation, fared);
  return fared;
}

export function answersOf(fared: Fared): [PoolNode, NodeAnswer][] {
  return [...fared].flatMap(([node, report]) => (report.result === "done" ? [[node, report.answer]] : []));
}

export function errorsOf(fared: Fared, result: "failed" | "skipped"): [PoolNode, Error][] {
  return [...fared].flatMap(([node, report]) =>
    report.result === result && "error" in report ? [[node, report.error]] : [],
  );
}

export function notBegun(fared: Fared): PoolNode[] {
  return [...fared].flatMap(([node, { result }]) => (result === "not begun" ? [node] : []));
}

/** Nothing is known to be wrong with the node but that it doesn't answer. */
function isUnreachable(error: Error): boolean {
  return error instanceof SshError && error.unreachable;
}

/** What nodes said beside having done it; one line per finding, with the nodes that have it. */
async function reportFindings({ ctx, urn }: Operation, fared: Fared): Promise<void> {
  for (const [finding, answers] of grouped(answersOf(fared), ([, answer]) => findingsOf(answer))) {
    const nodes = answers.map(([node]) => node);
    await ctx.log("warning", `${namesOf(nodes)}: ${finding}`, urn);
  }
}

function findingsOf(answer: NodeAnswer): string[] {
  return [
    ...answer.findings.map(({ text }) => text),
    ...(answer.recovered ? ["an earlier run had been interrupted; its files were put back first"] : []),
    ...(answer.notReloaded ? ["the files are removed, but the runtime could not be reloaded"] : []),
    ...answer.kept.map((path) => `${path} is not as this pool wrote it and was left there`),
  ];
}
