/** What is said of a pool's nodes at the end of an operation. */
import type { NodeAnswer } from "./node-work.ts";
import { countOf, namesOf } from "./node-names.ts";
import { nodeTable } from "./node-table.ts";
import type { NodeRow } from "./node-table.ts";
import type { PoolNode } from "./pool-inputs.ts";
import { errorsOf, notBegun } from "./pool-operations.ts";
import type { Fared, Operation } from "./pool-operations.ts";
import type { NodeReport } from "./rollout.ts";

type Failures = readonly (readonly [PoolNode, Error])[];

/** Nodes that get a line of their own; of the others, the names. */
const MOST = 20;

/** A warning per node; of many, one for all the rest. */
export async function warnOfEach({ ctx, urn }: Operation, failures: Failures, what: string): Promise<void> {
  for (const [node, error] of failures.slice(0, MOST))
    await ctx.log("warning", `${node.name}: ${what}: ${error.message}`, urn);
  const rest = failures.slice(MOST).map(([node]) => node);
  if (rest.length > 0) await ctx.log("warning", `${namesOf(rest)}: ${what}`, urn);
}

/** One warning, by name: they are left as they are, and nothing else would tell. */
export async function warnOfSkipped({ ctx, urn }: Operation, skipped: Failures): Promise<void> {
  if (skipped.length === 0) return;
  const lines = skipped.slice(0, MOST).map(([node, error]) => `\n  ${node.name}: ${error.message}`);
  const rest = skipped.slice(MOST).map(([node]) => node);
  if (rest.length > 0) lines.push(`\n  ${namesOf(rest)}`);
  const what = `${countOf(skipped.length)} could not be reached and ${skipped.length === 1 ? "was" : "were"} skipped`;
  await ctx.log("warning", `${what}; a later up does what is left:${lines.join("")}`, urn);
}

export async function showTable({ ctx, urn }: Operation, fared: Fared): Promise<void> {
  await ctx.log("info", nodeTable([...fared].map(([node, report]) => rowOf(node, report))), urn);
}

/** Why the pool isn't as wanted; none where it is, but for nodes that were skipped. `good` nodes were so before. */
export function reasonsOf(fared: Fared, canceled: boolean, good: number): string[] {
  const [failed, skipped, left] = [errorsOf(fared, "failed"), errorsOf(fared, "skipped"), notBegun(fared)];
  const reasons = failed.map(([node, error]) => `${node.name}: ${error.message}`);
  if (good === 0 && skipped.length === fared.size) {
    // Then the fault is rather here than with all of them.
    const [first] = skipped;
    reasons.push(`none of the ${countOf(fared.size)} could be reached: ${first?.[1].message ?? ""}`);
  }
  if (left.length > 0) {
    const canary = failed.some(([node]) => fared.get(node)?.wave === "canary");
    const why = canceled ? "canceled" : canary ? "a canary failed" : "too many nodes failed";
    reasons.push(`${why}; not begun: ${namesOf(left)}. The next up goes on with the nodes that are not done`);
  }
  return reasons;
}

function rowOf(node: PoolNode, report: NodeReport<NodeAnswer>): NodeRow {
  const { wave, seconds } = report;
  const row = { node: node.name, wave, seconds };
  if (report.result === "not begun") return { ...row, result: "not begun", what: "" };
  if (report.result === "done") {
    const unchanged = report.answer.did === "unchanged";
    return { ...row, result: unchanged ? "unchanged" : "done", what: "" };
  }
  const { message } = report.error;
  const putBack = report.result === "failed" && message.includes("the old files are back");
  return { ...row, result: putBack ? "put back" : report.result, what: message.split("\n")[0] ?? "" };
}
