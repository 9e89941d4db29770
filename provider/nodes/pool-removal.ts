/** Taking the files off nodes that leave a pool, or all of it. */
import { namesOf } from "./node-names.ts";
import type { PoolNode } from "./pool-inputs.ts";
import { goneFor, unclaimed } from "./pool-nodes.ts";
import { errorsOf, everywhere, notBegun } from "./pool-operations.ts";
import type { Operation } from "./pool-operations.ts";
import { warnOfEach } from "./pool-report.ts";
import type { AppliedNode } from "./pool-state.ts";
import { writtenTo } from "./pool-state.ts";
import { SshError } from "./ssh-error.ts";

/** Best effort: a node that can't be cleaned is a warning, for it may be gone for good. */
export async function removeFrom(
  operation: Operation,
  nodes: readonly PoolNode[],
  applied: ReadonlyMap<string, AppliedNode>,
): Promise<void> {
  const { ctx, pool } = operation;
  const gone = goneFor(pool.files, []);
  const fared = await everywhere(operation, nodes, "cleaned", (node) => ({
    action: "apply",
    files: [],
    gone: gone(applied.get(node.name)),
    // Another pool may be checked, and have put its own there, while this one waits for the node.
    free: (one) => unclaimed(node, one),
    written: writtenTo(applied.get(node.name)),
    mustReload: false,
  }));
  const failed = errorsOf(fared, "failed");
  const left = [...failed.map(([node]) => node), ...notBegun(fared)];
  if (ctx.signal.aborted && left.length > 0) {
    throw new Error(`canceled; the files may still be on ${namesOf(left)}`);
  }
  // The nodes may be well: giving them up for a fault on our side would leave files on all of them.
  const local = failed.find(([, error]) => error instanceof SshError && error.local);
  if (local !== undefined) throw local[1];
  await warnOfEach(operation, failed, "its files could not be removed and may still be there");
}
