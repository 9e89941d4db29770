/**
 * `harborcache:nodes:MirrorPool`: files on a group of nodes, rolled out together. Its id is its name.
 * The state holds per node what was applied; create and update work on the nodes that aren't as wanted, and only them.
 */
import { PartialFailure } from "../resource.ts";
import type { Created, ReadResult, ResourceContext, ResourceModule } from "../resource.ts";
import { UNKNOWN } from "../values.ts";
import type { Properties } from "../values.ts";
import { claim, withdraw } from "./claims.ts";
import { grouped, namesOf } from "./node-names.ts";
import { announcement } from "./pool-announce.ts";
import { diffPool } from "./pool-diff.ts";
import { checkPoolInputs, foreseenPool, parsePoolInputs, shape, tryPoolInputs } from "./pool-inputs.ts";
import type { PoolInputs } from "./pool-inputs.ts";
import { carriedOver, goneFor, nodesLeaving, nodesPending } from "./pool-nodes.ts";
import { answersOf, errorsOf, everywhere, inWaves } from "./pool-operations.ts";
import type { Operation } from "./pool-operations.ts";
import { removeFrom } from "./pool-removal.ts";
import { reasonsOf, showTable, warnOfEach, warnOfSkipped } from "./pool-report.ts";
import {
  afterRead,
  appliedNow,
  appliedOf,
  stateOf,
  stateOfFiles,
  uncertain,
  undone,
  writtenTo,
} from "./pool-state.ts";
import type { AppliedNode } from "./pool-state.ts";
import { SshError } from "./ssh-error.ts";
import { PullVerification } from "./verify-pull.ts";
import { rememberTaken, wasTaken } from "../taken-over.ts";
import { describeShape } from "../schema-of-shape.ts";
import type { Shape } from "../inputs.ts";

const TYPE = "harborcache:nodes:MirrorPool";

export const mirrorPool: ResourceModule = {
  type: TYPE,
  secretOutputs: [],
  schema: describeShape(shape as Shape, ["applied", "written"], []),

  check(_olds, news, urn) {
    const result = checkPoolInputs(news);
    const pool = tryPoolInputs(result.inputs);
    if (pool !== undefined && urn !== undefined) claim(urn, pool);
    return result;
  },

  diff: (_id, oldInputs, oldState, newInputs) => diffPool(oldInputs, oldState, newInputs),

  async create(ctx, urn, inputs, preview): Promise<Created> {
    const id = urn.slice(urn.lastIndexOf("::") + 2);
    if (preview) return { id, state: await foresee(ctx, urn, {}, {}, inputs) };
    rememberTaken(ctx, TYPE, urn);
    return { id, state: await converge(ctx, urn, id, {}, {}, inputs) };
  },

  update(ctx, urn, id, oldInputs, oldState, newInputs, preview): Promise<Properties> {
    if (preview) return foresee(ctx, urn, oldInputs, oldState, newInputs);
    return converge(ctx, urn, id, oldInputs, oldState, newInputs);
  },

  async read(ctx, urn, id, oldInputs, oldState): Promise<ReadResult> {
    const pool = tryPoolInputs(oldInputs);
    if (pool === undefined) {
      throw new Error(
        "a MirrorPool can't be imported: create it, and nodes that have the files already are left as they are",
      );
    }
    return { id, inputs: oldInputs, state: await look({ ctx, urn, pool }, oldState) };
  },

  async delete(ctx, urn, _id, oldInputs, oldState): Promise<void> {
    const pool = tryPoolInputs(oldInputs);
    if (pool === undefined) {
      await ctx.log("warning", "this version can't read its settings, so its files stay on the nodes", urn);
      return;
    }
    // By `pulumi up --replace` the new one of this URN stands already, and its files have to stay.
    if (!wasTaken(ctx, TYPE, urn)) withdraw(urn);
    await removeFrom({ ctx, urn, pool }, pool.nodes, appliedOf(oldState));
  },
};

/** Reads every node; one that can't be read keeps its record. */
async function look(operation: Operation, oldState: Properties): Promise<Properties> {
  const { ctx, urn, pool } = operation;
  const applied = appliedOf(oldState);
  const gone = goneFor([], pool.files);
  const fared = await everywhere(operation, pool.nodes, "read", (node) => ({
    action: "read",
    files: pool.files,
    gone: gone(applied.get(node.name)),
    written: writtenTo(applied.get(node.name)),
    mustReload: false,
  }));
  await warnOfEach(operation, errorsOf(fared, "failed"), "could not be read, its last known state is kept");
  const wanted = stateOfFiles(pool.files);
  const differing: { name: string; what: string }[] = [];
  for (const [{ name }, answer] of answersOf(fared)) {
    const record = afterRead(applied.get(name), wanted, answer.states, answer.unfinished);
    if (record === undefined) continue;
    applied.set(name, record);
    if (record.seen === undefined) continue;
    const what = Object.keys(record.seen).join(", ") || "an interrupted run is to be finished";
    differing.push({ name, what });
  }
  for (const [what, nodes] of grouped(differing, (node) => [node.what])) {
    const them = nodes.length === 1 ? "is not as it was" : "are not as they were";
    await ctx.log("warning", `${namesOf(nodes)} ${them} written: ${what}; the next up puts it right`, urn);
  }
  return stateOf(applied);
}

/** What `converge` will do, without touching a node. */
async function foresee(
  ctx: ResourceContext,
  urn: string,
  oldInputs: Properties,
  oldState: Properties,
  newInputs: Properties,
): Promise<Properties> {
  const foreseen = foreseenPool(newInputs);
  if (foreseen === undefined) return { applied: UNKNOWN, written: UNKNOWN };
  const old = tryPoolInputs(oldInputs);
  const { pool, unknown } = foreseen;
  const applied = carriedOver(old, pool, appliedOf(oldState));
  const pending = unknown.size > 0 ? pool.nodes : nodesPending(old, pool, applied);
  if (pending.length > 0) await ctx.log("info", announcement(old, foreseen, pending, applied), urn);
  const leaving = nodesLeaving(old, pool);
  if (leaving.length > 0) await ctx.log("info", `files are removed from ${namesOf(leaving)}`, urn);
  if (unknown.size > 0) return { applied: UNKNOWN, written: UNKNOWN };
  const outcome = new Map<string, AppliedNode | typeof UNKNOWN>(applied);
  for (const node of pending) outcome.set(node.name, UNKNOWN);
  return stateOf(outcome);
}

/** Works on the nodes that aren't as wanted. */
async function converge(
  ctx: ResourceContext,
  urn: string,
  id: string,
  oldInputs: Properties,
  oldState: Properties,
  newInputs: Properties,
): Promise<Properties> {
  const recorded = appliedOf(oldState);
  const old = tryPoolInputs(oldInputs);
  const pool = parsePoolInputs(newInputs);
  const operation = { ctx, urn, pool };
  const leaving = nodesLeaving(old, pool);
  if (old !== undefined && leaving.length > 0) await removeFrom({ ctx, urn, pool: old }, leaving, recorded);

  const applied = carriedOver(old, pool, recorded);
  const pending = nodesPending(old, pool, applied);
  if (pending.length === 0) return stateOf(applied);
  const gone = goneFor(old?.files ?? [], pool.files);
  const verify = verificationOf(pool, ctx.signal);
  const fared = await inWaves(operation, pending, (node) => ({
    action: "apply",
    files: pool.files,
    gone: gone(applied.get(node.name)),
    written: writtenTo(applied.get(node.name)),
    mustReload: true,
    verify,
  }));

  const wanted = stateOfFiles(pool.files);
  for (const [node, report] of fared) {
    const record = applied.get(node.name);
    if (report.result === "done") applied.set(node.name, appliedNow(wanted));
    else if (record === undefined) continue;
    // It may have the new files, the old ones or a run to be finished: whatever comes next has to look.
    else if ("error" in report && report.error instanceof SshError && report.error.reached)
      applied.set(node.name, uncertain(record, wanted));
    else applied.set(node.name, undone(record, wanted));
  }
  await showTable(operation, fared);
  await warnOfSkipped(operation, errorsOf(fared, "skipped"));
  const reasons = reasonsOf(fared, ctx.signal.aborted, pool.nodes.length - pending.length);
  if (reasons.length > 0) throw new PartialFailure(id, stateOf(applied), reasons);
  return stateOf(applied);
}

function verificationOf(pool: PoolInputs, signal: AbortSignal): PullVerification | undefined {
  return pool.verifyPull && new PullVerification(pool.verifyPull, signal);
}
