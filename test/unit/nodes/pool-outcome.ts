/** What comes out of an operation on a pool. */
import { mirrorPool } from "../../../provider/nodes/mirror-pool.ts";
import { PartialFailure } from "../../../provider/resource.ts";
import type { DiffResult } from "../../../provider/resource.ts";
import type { Properties } from "../../../provider/values.ts";

export const URN = "urn:pulumi:test::p::harborcache:nodes:MirrorPool::workers";

export async function failureOf(operation: Promise<unknown>): Promise<PartialFailure> {
  const error = await operation.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PartialFailure)) throw new Error(`no partial failure but ${String(error)}`);
  return error;
}

export function details(old: Properties, state: Properties, wanted: Properties): DiffResult["detailed"] {
  return mirrorPool.diff("workers", old, state, wanted).detailed;
}
