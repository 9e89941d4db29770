/** What a `MirrorPool` remembers of each node, and how a refresh bears on it. */
import { z } from "zod";
import { isUnknown } from "../values.ts";
import type { Properties, UNKNOWN, Value } from "../values.ts";
import { keysOf } from "./merged-file.ts";
import { digestOf, fileStates, sha256 } from "./node-files.ts";
import type { FileState, WantedFile } from "./node-files.ts";
import { mergeFormat } from "./pool-inputs.ts";

const mergedFile = z.object({ format: mergeFormat, keys: z.array(z.string()) });

const written = z.object({
  /** sha256 of each file as last written, by path; of a merged one, of our part. */
  files: z.record(z.string(), z.string()),
  /** What in files that are shared with others is or may be ours, by path. */
  merged: z.record(z.string(), mergedFile).optional(),
});

const seenNode = z.object({
  /** Over paths, modes and contents: as written, or as last seen. What isn't the wanted digest is worked on. */
  digest: z.string(),
  /** When it was written, RFC 3339. */
  at: z.string(),
  /** Only after a refresh that found something else: what is there instead, by the paths that differ. */
  seen: z.record(z.string(), z.string()).optional(),
});

export type MergedFile = z.infer<typeof mergedFile>;

export type AppliedNode = z.infer<typeof seenNode> & z.infer<typeof written>;

/**
 * Most nodes have been written the same, which is in the state once: its name is in `written` of each node. Former versions
 * had it at the node itself.
 */
const poolState = z.object({
  applied: z.record(
    z.string(),
    z.union([seenNode.extend({ written: z.string() }), seenNode.extend(written.shape)]),
  ),
  written: z.record(z.string(), written).default({}),
});

export function appliedOf(state: Properties): Map<string, AppliedNode> {
  const known = poolState.safeParse(state).data;
  return new Map(
    Object.entries(known?.applied ?? {}).map(([name, node]) => {
      if (!("written" in node)) return [name, node];
      const { written, ...rest } = node;
      return [name, { ...rest, ...(known?.written[written] ?? { files: {} }) }];
    }),
  );
}

export function stateOf(applied: ReadonlyMap<string, typeof UNKNOWN | AppliedNode>): Properties {
  const written = new Map<string, Value>();
  // Sorted, so that the state doesn't depend on which node was done first.
  const sorted = [...applied].sort(([a], [b]) => (a < b ? -1 : 1));
  const nodes = sorted.map(([name, record]): [string, Value] => {
    if (isUnknown(record)) return [name, record];
    const { digest, at, seen, files, merged } = record;
    const was = { files, ...(merged && { merged }) };
    const key = sha256(JSON.stringify(was)).slice(0, 12);
    written.set(key, was);
    return [name, { digest, at, written: key, ...(seen && { seen }) }];
  });
  return { applied: Object.fromEntries(nodes), written: Object.fromEntries(written) };
}

/** Files as the state speaks of them. */
export interface FilesState {
  readonly digest: string;
  readonly states: ReadonlyMap<string, FileState>;
  /** sha256 by path. */
  readonly sums: Readonly<Record<string, string>>;
  /** Of the files that are shared with others, what is ours in them. */
  readonly merged: Readonly<Record<string, MergedFile>>;
}

export function stateOfFiles(files: readonly WantedFile[]): FilesState {
  const states = fileStates(files);
  const merged = files.flatMap(({ path, merge, content }) =>
    merge === undefined ? [] : [[path, { format: merge, keys: keysOf(merge, content) }] as const],
  );
  const sums = Object.fromEntries([...states].map(([path, state]) => [path, state.sum]));
  return { digest: digestOf(states), states, sums, merged: Object.fromEntries(merged) };
}

/** A node that now has all files as wanted. */
export function appliedNow({ digest, sums, merged }: FilesState): AppliedNode {
  return withMerged({ digest, at: new Date().toISOString(), files: sums }, merged);
}

const UNCERTAIN = "uncertain";

/** A node on which a run did not end well: it counts as not done, and keeps everything that is or may be ours. */
export function uncertain(record: AppliedNode, tried: FilesState): AppliedNode {
  const known = { ...record, digest: UNCERTAIN, files: { ...tried.sums, ...record.files } };
  return withMerged(known, joined(record.merged ?? {}, tried.merged));
}

/** A node that should have been worked on and was not: the next up does it, whatever it is known to have. */
export function undone(record: AppliedNode, wanted: FilesState): AppliedNode {
  return record.digest === wanted.digest ? { ...record, digest: "undone" } : record;
}

/** What was last written to a node, by path. */
export function writtenTo(record: AppliedNode | undefined): Map<string, string> {
  return new Map(Object.entries(record?.files ?? {}));
}

/** The record of a node after its files were read. Undefined: it has none, and isn't as wanted either. */
export function afterRead(
  record: AppliedNode | undefined,
  wanted: FilesState,
  states: ReadonlyMap<string, FileState>,
  unfinished: boolean,
): AppliedNode | undefined {
  const digest = unfinished ? "unfinished" : digestOf(states);
  if (digest === wanted.digest) {
    const now = appliedNow(wanted);
    return { ...now, at: record?.at ?? now.at };
  }
  if (record === undefined || digest === record.digest) return record;
  const files = record.digest === UNCERTAIN && !unfinished ? settled(record, wanted, states) : record.files;
  const seen: Record<string, string> = {};
  for (const path of new Set([...Object.keys(files), ...states.keys()])) {
    // Its sum is over the keys that are wanted by now, and says nothing about others that were written.
    if (!sameKeys(record.merged?.[path], wanted.merged[path])) continue;
    const state = states.get(path);
    const mode = wanted.states.get(path)?.mode ?? state?.mode;
    if (state?.sum === files[path] && state?.mode === mode) continue;
    if (state === undefined) seen[path] = "absent";
    else seen[path] = state.mode === "" ? state.sum : `${state.sum} mode ${state.mode}`;
  }
  const differs = unfinished || Object.keys(seen).length > 0;
  return withMerged({ digest, at: record.at, files, ...(differs && { seen }) }, record.merged ?? {});
}

/** What a run that did not end well has left there, now that it was looked at: nobody else made or removed it. */
function settled(
  record: AppliedNode,
  wanted: FilesState,
  states: ReadonlyMap<string, FileState>,
): Record<string, string> {
  const there = Object.entries(record.files).flatMap(([path, sum]) => {
    const is = states.get(path)?.sum;
    if (is === undefined) return [];
    return [[path, is === wanted.sums[path] ? is : sum] as const];
  });
  return Object.fromEntries(there);
}

/** Both, path by path and key by key. */
export function joined(a: FilesState["merged"], b: FilesState["merged"]): Record<string, MergedFile> {
  const both = { ...a };
  for (const [path, { format, keys }] of Object.entries(b)) {
    both[path] = { format, keys: [...new Set([...(a[path]?.keys ?? []), ...keys])] };
  }
  return both;
}

function withMerged(record: AppliedNode, merged: FilesState["merged"]): AppliedNode {
  return Object.keys(merged).length === 0 ? record : { ...record, merged };
}

function sameKeys(a: MergedFile | undefined, b: MergedFile | undefined): boolean {
  const [one, other] = [new Set(a?.keys), new Set(b?.keys)];
  return one.size === other.size && [...one].every((key) => other.has(key));
}
