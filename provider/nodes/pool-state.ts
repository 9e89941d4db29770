/** What a `MirrorPool` remembers of each node, and how a refresh and a change of inputs bear on it. */
import { z } from "zod";
import { diffProperties } from "../property-diff.ts";
import type { DiffResult } from "../resource.ts";
import { hasUnknown } from "../values.ts";
import type { Properties, Value } from "../values.ts";
import { digestOf, fileStates } from "./node-files.ts";
import type { FileState, WantedFile } from "./node-files.ts";
import { tryPoolInputs } from "./pool-inputs.ts";

const appliedNode = z.object({
  /** Over paths, modes and contents: as written, or as last seen. What isn't the wanted digest is worked on. */
  digest: z.string(),
  /** When it was written, RFC 3339. */
  at: z.string(),
  /** sha256 of each file as last written, by path. */
  files: z.record(z.string(), z.string()),
  /** Only after a refresh that found something else: what is there instead, by the paths that differ. */
  seen: z.record(z.string(), z.string()).optional(),
});

export type AppliedNode = z.infer<typeof appliedNode>;

const poolState = z.object({ applied: z.record(z.string(), appliedNode) });

export function appliedOf(state: Properties): Map<string, AppliedNode> {
  return new Map(Object.entries(poolState.safeParse(state).data?.applied ?? {}));
}

export function stateOf(applied: ReadonlyMap<string, Value | AppliedNode>): Properties {
  // Sorted, so that the state doesn't depend on which node was done first.
  const sorted = [...applied].sort(([a], [b]) => (a < b ? -1 : 1));
  return { applied: Object.fromEntries(sorted) as Record<string, Value> };
}

export function wantedDigest(files: readonly WantedFile[]): string {
  return digestOf(fileStates(files));
}

/** A node that now has all files as wanted. */
export function appliedNow(files: readonly WantedFile[]): AppliedNode {
  const states = fileStates(files);
  return { digest: digestOf(states), at: new Date().toISOString(), files: sumsOf(states) };
}

/** A node on which a run did not end well: it counts as not done, and keeps every path that is or may be ours. */
export function uncertain(record: AppliedNode, tried: readonly WantedFile[]): AppliedNode {
  return { ...record, digest: "uncertain", files: { ...sumsOf(fileStates(tried)), ...record.files } };
}

/** The record of a node after its files were read. Undefined: it has none, and isn't as wanted either. */
export function afterRead(
  record: AppliedNode | undefined,
  files: readonly WantedFile[],
  states: ReadonlyMap<string, FileState>,
  unfinished: boolean,
): AppliedNode | undefined {
  const wanted = appliedNow(files);
  const digest = unfinished ? "unfinished" : digestOf(states);
  if (digest === wanted.digest) return { ...wanted, at: record?.at ?? wanted.at };
  if (record === undefined || digest === record.digest) return record;
  const modes = fileStates(files);
  const seen: Record<string, string> = {};
  for (const path of new Set([...Object.keys(record.files), ...states.keys()])) {
    const state = states.get(path);
    const mode = modes.get(path)?.mode ?? state?.mode;
    if (state?.sum === record.files[path] && state?.mode === mode) continue;
    seen[path] = state === undefined ? "absent" : `${state.sum} mode ${state.mode}`;
  }
  return { digest, at: record.at, files: record.files, seen };
}

function sumsOf(states: ReadonlyMap<string, FileState>): Record<string, string> {
  return Object.fromEntries([...states].map(([path, state]) => [path, state.sum]));
}

/**
 * Inputs that changed, and `nodes[i].name` for each node that isn't as wanted though the inputs are the same: one that
 * drifted, failed or was not begun. (A path below `applied` would show as the removal of all of it, since the engine
 * compares with the inputs, which have none.)
 */
export function diffPool(oldInputs: Properties, oldState: Properties, newInputs: Properties): DiffResult {
  const detailed = diffProperties(oldInputs, newInputs);
  const pool = hasUnknown(newInputs) ? undefined : tryPoolInputs(newInputs);
  if (pool === undefined || Object.keys(detailed).some((path) => path.startsWith("files")))
    return { detailed };
  const applied = appliedOf(oldState);
  const wanted = wantedDigest(pool.files);
  pool.nodes.forEach(({ name }, index) => {
    if (applied.get(name)?.digest !== wanted) detailed[`nodes[${index}].name`] ??= { kind: "update" };
  });
  return { detailed };
}
