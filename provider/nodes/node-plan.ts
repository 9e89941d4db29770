/** What is to be written on a node and what to go, from what is there and what is wanted. */
import { keysOf, mergeInto, oursIn, takeOut } from "./merged-file.ts";
import { sha256 } from "./node-files.ts";
import type { FileState, MergeFormat, WantedFile } from "./node-files.ts";
import type { Gone, NodeWork } from "./node-work.ts";

/** What a node told of its files. */
export interface Seen {
  /** By path: what lies there, sums of whole files. One that can't be read has the sum "unreadable". */
  readonly whole: ReadonlyMap<string, FileState>;
  /** Contents of shared files. */
  readonly merged: ReadonlyMap<string, string>;
  /** Shared files that are symbolic links. */
  readonly links: ReadonlySet<string>;
}

export interface Plan {
  readonly puts: readonly Put[];
  readonly drops: readonly { readonly path: string; readonly was: string }[];
  /** Left alone because they aren't what was written. */
  readonly kept: readonly string[];
  /** The runtime has to be restarted for it. */
  readonly restart: boolean;
}

export interface Put {
  readonly path: string;
  /** Octal; with `=` before it the owner is that of the file that is there. */
  readonly mode: string;
  readonly content: Packed;
  /** sha256 of what is there, `-` for nothing, `?` for what can't be read. */
  readonly was: string;
}

/** A content as it travels. */
export interface Packed {
  readonly sum: string;
  readonly base64: string;
}

/** Bytes of a shared file, at most. */
const MERGED_LIMIT = 1024 * 1024;

/** Throws an error for people, without a word of the files' contents, where a shared file can't be merged into. */
export function planOf(work: NodeWork, seen: Seen): Plan {
  const puts: Put[] = [];
  const drops: { path: string; was: string }[] = [];
  const kept: string[] = [];
  let restart = false;
  const was = (path: string): string => {
    const sum = seen.whole.get(path)?.sum ?? "-";
    return sum === "unreadable" ? "?" : sum;
  };
  const put = (path: string, mode: string, content: Packed): void => {
    puts.push({ path, mode, content, was: was(path) });
  };

  for (const file of work.files) {
    const begun = puts.length;
    if (file.merge === undefined) {
      const state = seen.whole.get(file.path);
      const content = packedOf(file);
      if (state?.sum !== content.sum || state.mode !== file.mode) put(file.path, file.mode, content);
    } else {
      const current = sharedContent(seen, file.path);
      const gone = work.gone.get(file.path)?.keys ?? [];
      const next = told(file.path, mergeInto, file.merge, current, file.content, gone);
      if (next !== (current ?? "")) put(file.path, sharedMode(seen.whole.get(file.path), file.mode), packed(next));
    }
    restart ||= file.restart && puts.length > begun;
  }

  const wanted = new Set(work.files.map(({ path }) => path));
  for (const [path, gone] of work.gone) {
    const state = seen.whole.get(path);
    if (wanted.has(path) || state === undefined) continue;
    const rest = leftOf(seen, path, state, gone);
    if (rest === "kept") kept.push(path);
    if (rest === "kept" || rest === "nothing of ours") continue;
    if (rest === undefined) drops.push({ path, was: was(path) });
    else put(path, `=${state.mode}`, packed(rest.text));
    restart ||= gone.restart ?? READ_AT_START.has(gone.merge);
  }
  return { puts, drops, kept, restart };
}

/** Files that runtimes read at their start only. */
const READ_AT_START = new Set<MergeFormat | undefined>(["registries-yaml", "containerd-config"]);

/** What stays of a file when what is ours goes: undefined for nothing. */
function leftOf(
  seen: Seen,
  path: string,
  state: FileState,
  gone: Gone,
): { text: string } | "kept" | "nothing of ours" | undefined {
  if (gone.merge === undefined) return gone.sums.includes(state.sum) ? undefined : "kept";
  const current = seen.merged.get(path);
  if (current === undefined || current.length > MERGED_LIMIT) return "kept";
  const ours = oursIn(gone.merge, current, gone.keys ?? []);
  if (ours === "{}") return "nothing of ours";
  if (!gone.sums.includes(sha256(ours))) return "kept";
  const text = told(path, takeOut, gone.merge, current, gone.keys ?? []);
  if (text === current) return "nothing of ours";
  return text === undefined ? undefined : { text };
}

/** A shared file keeps its owner and mode; but what isn't for everybody to read, our login, closes it to others. */
function sharedMode(there: FileState | undefined, wanted: string): string {
  if (there === undefined) return wanted;
  return `=${wanted.endsWith("0") ? there.mode.replace(/.$/, "0") : there.mode}`;
}

/** Of shared files, the sum of our part; a mode of theirs is not ours to judge. */
export function statesOf(work: NodeWork, seen: Seen): Map<string, FileState> {
  const shared = new Map<string, { merge: MergeFormat; keys: readonly string[] }>();
  for (const [path, { merge, keys = [] }] of work.gone)
    if (merge !== undefined) shared.set(path, { merge, keys });
  for (const { path, merge, content } of work.files) {
    if (merge !== undefined)
      shared.set(path, { merge, keys: [...keysOf(merge, content), ...(shared.get(path)?.keys ?? [])] });
  }
  const wanted = new Set(work.files.map(({ path }) => path));
  return new Map(
    [...seen.whole].flatMap(([path, state]) => {
      const part = shared.get(path);
      if (part === undefined) return [[path, state]];
      const current = seen.merged.get(path);
      const ours = current === undefined ? undefined : oursIn(part.merge, current, part.keys);
      // Others' file, which is none of ours any more.
      if (ours === "{}" && !wanted.has(path)) return [];
      return [[path, { sum: ours === undefined ? "unreadable" : sha256(ours), mode: "" }]];
    }),
  );
}

/** Undefined: there is no such file. */
function sharedContent(seen: Seen, path: string): string | undefined {
  if (!seen.whole.has(path)) return undefined;
  if (seen.links.has(path)) {
    throw new Error(`${path} is a symbolic link; name the file that it points to in the settings`);
  }
  const content = seen.merged.get(path);
  if (content === undefined) throw new Error(`${path} can't be read, so nothing can be merged into it`);
  if (content.length > MERGED_LIMIT) throw new Error(`${path} is longer than ${MERGED_LIMIT} bytes`);
  return content;
}

/** The result, or the error with the path in front. */
function told<A extends unknown[], R>(path: string, work: (...values: A) => R, ...values: A): R {
  try {
    return work(...values);
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : "can't be read"}`, { cause: error });
  }
}

const packedFiles = new WeakMap<WantedFile, Packed>();

/** Reckoned once, for the same file goes to every node. */
function packedOf(file: WantedFile): Packed {
  const known = packedFiles.get(file) ?? packed(file.content);
  packedFiles.set(file, known);
  return known;
}

export function packed(content: string): Packed {
  const base64 = Buffer.from(content).toString("base64");
  return { sum: sha256(content), base64: base64.replace(/.{1,76}/g, "$&\n") };
}
