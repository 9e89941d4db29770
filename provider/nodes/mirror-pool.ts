/**
 * `harborcache:nodes:MirrorPool`: files on a group of nodes, rolled out together. Its id is its name.
 * The state holds per node what was applied; create and update work on the nodes that aren't as wanted, and only them.
 */
import { PartialFailure } from "../resource.ts";
import type { Created, ReadResult, ResourceContext, ResourceModule } from "../resource.ts";
import { UNKNOWN } from "../values.ts";
import type { Properties } from "../values.ts";
import type { NodeAnswer } from "./node-answer.ts";
import { claim, isClaimed, machineOf, withdraw } from "./claims.ts";
import { fileStates } from "./node-files.ts";
import type { WantedFile } from "./node-files.ts";
import { workOn } from "./pool-operations.ts";
import { checkPoolInputs, inputs, parsePoolInputs, tryPoolInputs } from "./pool-inputs.ts";
import type { PoolInputs, PoolNode } from "./pool-inputs.ts";
import {
  afterRead,
  appliedNow,
  appliedOf,
  diffPool,
  stateOf,
  uncertain,
  wantedDigest,
} from "./pool-state.ts";
import type { AppliedNode } from "./pool-state.ts";
import type { RolloutResult } from "./rollout.ts";
import { SshError } from "./ssh-error.ts";
import { rememberTaken, wasTaken } from "../taken-over.ts";
import { describeShape } from "../schema-of-shape.ts";
import type { Shape } from "../inputs.ts";

const TYPE = "harborcache:nodes:MirrorPool";

export const mirrorPool: ResourceModule = {
  type: TYPE,
  secretOutputs: [],
  schema: describeShape(inputs.shape as Shape, ["applied"], []),

  check(_olds, news, urn) {
    const result = checkPoolInputs(news);
    const pool = tryPoolInputs(result.inputs);
    if (pool !== undefined && urn !== undefined) claim(urn, pool);
    return result;
  },

  diff: (_id, oldInputs, oldState, newInputs) => diffPool(oldInputs, oldState, newInputs),

  async create(ctx, urn, inputs, preview): Promise<Created> {
    const id = urn.slice(urn.lastIndexOf("::") + 2);
    if (!preview) rememberTaken(ctx, TYPE, urn);
    return { id, state: await converge(ctx, urn, id, {}, {}, inputs, preview) };
  },

  update(ctx, urn, id, oldInputs, oldState, newInputs, preview): Promise<Properties> {
    return converge(ctx, urn, id, oldInputs, oldState, newInputs, preview);
  },

  async read(ctx, urn, id, oldInputs, oldState): Promise<ReadResult> {
    const pool = tryPoolInputs(oldInputs);
    if (pool === undefined) {
      throw new Error(
        "a MirrorPool can't be imported: create it, and nodes that have the files already are left as they are",
      );
    }
    const applied = appliedOf(oldState);
    const { done, failed } = await workOn(ctx, urn, pool, pool.nodes, Infinity, "read", (node) => ({
      action: "read",
      files: [],
      gone: removals(node.name, applied, pool, []),
      mustReload: false,
    }));
    await warnOf(ctx, urn, failed, "could not be read, its last known state is kept");
    for (const [node, answer] of done) {
      const record = afterRead(applied.get(node.name), pool.files, answer.states, answer.unfinished);
      if (record === undefined) continue;
      applied.set(node.name, record);
      if (record.seen === undefined) continue;
      const what = Object.keys(record.seen).join(", ") || "an interrupted run is to be finished";
      await ctx.log(
        "warning",
        `${node.name} is not as it was written: ${what}; the next up puts it right`,
        urn,
      );
    }
    return { id, inputs: oldInputs, state: stateOf(applied) };
  },

  async delete(ctx, urn, _id, oldInputs, oldState): Promise<void> {
    const pool = tryPoolInputs(oldInputs);
    if (pool === undefined) return;
    // By `pulumi up --replace` the new one of this URN stands already, and its files have to stay.
    if (!wasTaken(ctx, TYPE, urn)) withdraw(urn);
    await removeFrom(ctx, urn, pool, pool.nodes, appliedOf(oldState));
  },
};

async function converge(
  ctx: ResourceContext,
  urn: string,
  id: string,
  oldInputs: Properties,
  oldState: Properties,
  newInputs: Properties,
  preview: boolean,
): Promise<Properties> {
  const recorded = appliedOf(oldState);
  const old = tryPoolInputs(oldInputs);
  const pool = preview ? tryPoolInputs(newInputs) : parsePoolInputs(newInputs);
  if (pool === undefined) return { applied: UNKNOWN };

  const leaving = nodesLeaving(old, pool);
  const applied = carriedOver(old, pool, recorded);
  const pending = nodesPending(old, pool, applied);
  if (preview) {
    await announce(ctx, urn, pool, pending, leaving);
    const outcome = new Map<string, AppliedNode | typeof UNKNOWN>(applied);
    for (const node of pending) outcome.set(node.name, UNKNOWN);
    return stateOf(outcome);
  }

  if (old !== undefined && leaving.length > 0) await removeFrom(ctx, urn, old, leaving, recorded);

  const before = new Map(applied);
  const result = await workOn(ctx, urn, pool, pending, Number(pool.rollout.maxFailed), "done", (node) => ({
    action: "apply",
    files: pool.files,
    gone: removals(node.name, before, old, pool.files),
    mustReload: true,
  }));
  for (const node of result.done.keys()) applied.set(node.name, appliedNow(pool.files));
  for (const [node, error] of result.failed) {
    const record = applied.get(node.name);
    // It may have the new files, the old ones or a run to be finished: whatever comes next has to look.
    if (record !== undefined && error instanceof SshError && error.reached)
      applied.set(node.name, uncertain(record, pool.files));
  }
  const reasons = reasonsOf(result, ctx.signal.aborted);
  if (reasons.length > 0) throw new PartialFailure(id, stateOf(applied), reasons);
  return stateOf(applied);
}

/** Nodes that aren't as wanted, and those that are reached otherwise than before: they may be other machines now. */
function nodesPending(
  old: PoolInputs | undefined,
  pool: PoolInputs,
  applied: ReadonlyMap<string, AppliedNode>,
): PoolNode[] {
  const wanted = wantedDigest(pool.files);
  const before = new Map(old?.nodes.map((node) => [node.name, JSON.stringify(node)]));
  return pool.nodes.filter(
    (node) => applied.get(node.name)?.digest !== wanted || before.get(node.name) !== JSON.stringify(node),
  );
}

/** Machines whose files are to go. One that only got another name stays. */
function nodesLeaving(old: PoolInputs | undefined, pool: PoolInputs): PoolNode[] {
  const machines = new Set(pool.nodes.map(machineOf));
  return (old?.nodes ?? []).filter((node) => !machines.has(machineOf(node)));
}

/** What is known of each node of the pool: it belongs to the machine, which may have got another name. */
function carriedOver(
  old: PoolInputs | undefined,
  pool: PoolInputs,
  applied: ReadonlyMap<string, AppliedNode>,
): Map<string, AppliedNode> {
  if (old === undefined) return new Map(applied);
  const names = new Map(old.nodes.map((node) => [machineOf(node), node.name]));
  return new Map(
    pool.nodes.flatMap((node) => {
      const record = applied.get(names.get(machineOf(node)) ?? "");
      return record === undefined ? [] : [[node.name, record]];
    }),
  );
}

/**
 * Paths that a node may have from us and that aren't wanted, each with the contents that are ours: as last written there,
 * and as the pool wanted it, for the answer of a run may have been lost.
 */
function removals(
  name: string,
  applied: ReadonlyMap<string, AppliedNode>,
  old: PoolInputs | undefined,
  wanted: readonly WantedFile[],
): Map<string, string[]> {
  const gone = new Map<string, string[]>();
  for (const [path, sum] of Object.entries(applied.get(name)?.files ?? {})) gone.set(path, [sum]);
  for (const [path, state] of fileStates(old?.files ?? []))
    gone.set(path, [...(gone.get(path) ?? []), state.sum]);
  for (const file of wanted) gone.delete(file.path);
  return gone;
}

/** Without what a live pool has put there, or is about to. */
function unclaimed(node: PoolNode, gone: ReadonlyMap<string, string[]>): Map<string, string[]> {
  return new Map([...gone].filter(([path]) => !isClaimed(node, path)));
}

/** Best effort: a node that can't be cleaned is a warning, for it may be gone for good. */
async function removeFrom(
  ctx: ResourceContext,
  urn: string,
  pool: PoolInputs,
  nodes: readonly PoolNode[],
  applied: ReadonlyMap<string, AppliedNode>,
): Promise<void> {
  const { failed, notBegun } = await workOn(ctx, urn, pool, nodes, Infinity, "cleaned", (node) => ({
    action: "apply",
    files: [],
    gone: unclaimed(node, removals(node.name, applied, pool, [])),
    mustReload: false,
  }));
  if (ctx.signal.aborted && failed.size + notBegun.length > 0) {
    throw new Error(`canceled; the files may still be on ${namesOf([...failed.keys(), ...notBegun])}`);
  }
  // The nodes may be well: giving them up for a fault on our side would leave files on all of them.
  const local = [...failed.values()].find((error) => error instanceof SshError && error.local);
  if (local !== undefined) throw local;
  await warnOf(ctx, urn, failed, "its files could not be removed and may still be there");
}

async function warnOf(
  ctx: ResourceContext,
  urn: string,
  failed: ReadonlyMap<PoolNode, Error>,
  what: string,
): Promise<void> {
  for (const [node, error] of failed)
    await ctx.log("warning", `${node.name}: ${what}: ${error.message}`, urn);
}

function reasonsOf({ failed, notBegun }: RolloutResult<PoolNode, NodeAnswer>, canceled: boolean): string[] {
  const reasons = [...failed].map(([node, error]) => `${node.name}: ${error.message}`);
  if (notBegun.length > 0) {
    const why = canceled ? "canceled" : "too many nodes failed";
    reasons.push(
      `${why}; not begun: ${namesOf(notBegun)}. The next up goes on with the nodes that are not done`,
    );
  }
  return reasons;
}

async function announce(
  ctx: ResourceContext,
  urn: string,
  pool: PoolInputs,
  pending: readonly PoolNode[],
  leaving: readonly PoolNode[],
): Promise<void> {
  if (pending.length > 0) {
    const count = `${pending.length} of ${pool.nodes.length} nodes`;
    const files = pool.files.length === 1 ? "1 file goes" : `${pool.files.length} files go`;
    await ctx.log("info", `${files} to ${count}: ${namesOf(pending)}`, urn);
  }
  if (leaving.length > 0) await ctx.log("info", `files are removed from ${namesOf(leaving)}`, urn);
}

function namesOf(nodes: readonly PoolNode[]): string {
  return nodes.map((node) => node.name).join(", ");
}
