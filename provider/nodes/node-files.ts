/** Files as they are wanted on a node, and digests over them. */
import { createHash } from "node:crypto";
import { canonical } from "./merged-file.ts";

export interface WantedFile {
  /** Absolute path on the node. */
  readonly path: string;
  readonly content: string;
  /** Octal without leading zero, `644`. */
  readonly mode: string;
  /** How `content`, JSON, is merged into what others keep in the file. Absent: the file is ours. */
  readonly merge?: MergeFormat | undefined;
  /** The runtime reads it at its start only. */
  readonly restart: boolean;
}

/** Files that are shared with others, by what in them is ours. */
export type MergeFormat = "auth-json" | "registries-yaml" | "containerd-config";

/** What lies at a path: enough to tell whether it is what was written. */
export interface FileState {
  /** Hex sha256 of the content; of a merged file, of the canonical JSON of our part. */
  readonly sum: string;
  /** Octal; empty for a merged file, whose mode isn't ours. */
  readonly mode: string;
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export function fileStates(files: readonly WantedFile[]): Map<string, FileState> {
  return new Map(files.map((file) => [file.path, stateOf(file)]));
}

function stateOf({ content, merge, mode }: WantedFile): FileState {
  if (merge === undefined) return { sum: sha256(content), mode };
  return { sum: sha256(canonical(content)), mode: "" };
}

/** One sha256 over paths, modes and contents, whatever their order. */
export function digestOf(states: ReadonlyMap<string, FileState>): string {
  const lines = [...states].map(([path, { mode, sum }]) => `${path}\0${mode}\0${sum}\n`);
  return sha256(lines.sort().join(""));
}
