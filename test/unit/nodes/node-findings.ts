/** A node as `findConflicts` is told of it, and what is found there. */
import { findConflicts } from "../../../provider/nodes/conflicts.ts";
import type { OnNode } from "../../../provider/nodes/conflicts.ts";
import { canonical, keysOf, oursIn } from "../../../provider/nodes/merged-file.ts";
import { sha256 } from "../../../provider/nodes/node-files.ts";
import type { FileState, WantedFile } from "../../../provider/nodes/node-files.ts";

export interface Scene {
  readonly runtime: OnNode["runtime"];
  readonly files: readonly Pick<WantedFile, "path" | "content" | "merge">[];
  /** Everything that lies on the node. */
  readonly there?: Readonly<Record<string, string>>;
  /** What was last written, by path. */
  readonly written?: Readonly<Record<string, string>>;
}

/** Texts of what is found; those that break the runtime begin with `breaks: `. */
export function found({ runtime, files, there = {}, written = {} }: Scene): string[] {
  const wanted = files.map((file): WantedFile => ({ mode: "644", restart: false, ...file }));
  const mergeOf = new Map(wanted.map((file) => [file.path, file]));
  const current = wanted.flatMap(({ path, merge, content }): [string, FileState][] => {
    const text = there[path];
    if (text === undefined) return [];
    if (merge === undefined) return [[path, { sum: sha256(text), mode: "644" }]];
    return [[path, { sum: sha256(oursIn(merge, text, keysOf(merge, content))), mode: "" }]];
  });
  const sums = Object.entries(written).map(([path, content]): [string, string] => [
    path,
    sha256(mergeOf.get(path)?.merge === undefined ? content : canonical(content)),
  ]);
  return findConflicts({
    runtime,
    files: wanted,
    others: new Map(Object.entries(there)),
    current: new Map(current),
    written: new Map(sums),
  }).map(({ text, breaks }) => `${breaks ? "breaks: " : ""}${text}`);
}
