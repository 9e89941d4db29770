/** Files as they are wanted on a node, and digests over them. */
import { createHash } from "node:crypto";

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
  /** Hex sha256 of the content. */
  readonly sum: string;
  readonly mode: string;
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export function fileStates(files: readonly WantedFile[]): Map<string, FileState> {
  return new Map(files.map((file) => [file.path, { sum: sha256(file.content), mode: file.mode }]));
}

/** One sha256 over paths, modes and contents, whatever their order. */
export function digestOf(states: ReadonlyMap<string, FileState>): string {
  const lines = [...states].map(([path, { mode, sum }]) => `${path}\0${mode}\0${sum}\n`);
  return sha256(lines.sort().join(""));
}
