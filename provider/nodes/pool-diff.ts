/** What of a `MirrorPool` needs an update: inputs that changed, and nodes that aren't as wanted. */
import { diffProperties } from "../property-diff.ts";
import type { DiffResult } from "../resource.ts";
import { isUnknown } from "../values.ts";
import type { Properties } from "../values.ts";
import { foreseenPool } from "./pool-inputs.ts";
import { appliedOf, stateOfFiles } from "./pool-state.ts";

/**
 * Inputs that changed, and `nodes[i].name` for each node that isn't as wanted though the inputs are the same: one that
 * drifted, failed, was skipped or not begun. (A path below `applied` would show as the removal of all of it, since the
 * engine compares with the inputs, which have none.)
 */
export function diffPool(oldInputs: Properties, oldState: Properties, newInputs: Properties): DiffResult {
  const changes = Object.entries(diffProperties(oldInputs, newInputs));
  const detailed = Object.fromEntries(
    changes.filter(([path]) => !isOnlyWhereToLook(path, oldInputs, newInputs)),
  );
  const foreseen = foreseenPool(newInputs);
  if (foreseen === undefined || Object.keys(detailed).some((path) => path.startsWith("files")))
    return { detailed };
  const applied = appliedOf(oldState);
  const wanted = stateOfFiles(foreseen.pool.files).digest;
  foreseen.pool.nodes.forEach(({ name }, index) => {
    if (applied.get(name)?.digest !== wanted) detailed[`nodes[${index}].name`] ??= { kind: "update" };
  });
  return { detailed };
}

/** The way to Harbor's log is used when a node is worked on, and no reason to do anything. */
function isOnlyWhereToLook(path: string, olds: Properties, news: Properties): boolean {
  if (path === "verifyPull") return olds["verifyPull"] !== undefined && isUnknown(news["verifyPull"]);
  return path === "verifyPull.log" || path.startsWith("verifyPull.log.");
}
