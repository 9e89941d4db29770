/**
 * What on a node keeps images from going through the mirrors, or the runtime from running, found before anything is
 * written. Texts say the same on all nodes where the same is wrong: they are grouped by them.
 */
import { containerdConflicts } from "./conflicts-containerd.ts";
import { crioConflicts } from "./conflicts-crio.ts";
import { mergeConflicts } from "./conflicts-merged.ts";
import { rancherConflicts } from "./conflicts-rancher.ts";
import { registriesConfConflicts } from "./conflicts-registries-conf.ts";
import { sha256 } from "./node-files.ts";
import type { FileState, WantedFile } from "./node-files.ts";
import type { PoolInputs } from "./pool-inputs.ts";

export interface Finding {
  /** `PATH:LINE: what is wrong; what to do` */
  readonly text: string;
  /** The runtime would refuse to run, to reload or to pull: an error whatever the setting. */
  readonly breaks: boolean;
}

export interface OnNode {
  readonly runtime: PoolInputs["runtime"];
  readonly files: readonly WantedFile[];
  /** Others' files by path, and the shared ones, whole. */
  readonly others: ReadonlyMap<string, string>;
  /** What lies at the paths of `files`; of a shared one, the part that is ours. */
  readonly current: ReadonlyMap<string, FileState>;
  /** Hex sha256 of what was last written, by path; of a shared file's part that is ours. */
  readonly written: ReadonlyMap<string, string>;
}

const OF_RUNTIME: Readonly<Record<PoolInputs["runtime"], readonly ((on: OnNode) => Finding[])[]>> = {
  "cri-o": [registriesConfConflicts, crioConflicts],
  podman: [registriesConfConflicts],
  containerd: [containerdConflicts],
  k3s: [rancherConflicts],
  rke2: [rancherConflicts],
};

/** Those that break something first. */
export function findConflicts(on: OnNode): Finding[] {
  const shared = new Set(on.files.filter((file) => file.merge !== undefined).map((file) => file.path));
  const ours = new Set([...on.files.map((file) => file.path), ...on.written.keys()]);
  const others = new Map([...on.others].filter(([path]) => shared.has(path) || !ours.has(path)));
  const checks = [replacedFiles, mergeConflicts, ...OF_RUNTIME[on.runtime]];
  const found = checks.flatMap((check) => check({ ...on, others }));
  return found.sort((a, b) => Number(b.breaks) - Number(a.breaks));
}

/** What isn't there as it was written, or was never written. */
function replacedFiles({ files, current, written }: OnNode): Finding[] {
  return files.flatMap((file): Finding[] => {
    const there = current.get(file.path)?.sum;
    const before = written.get(file.path);
    if (file.merge !== undefined || there === undefined || there === sha256(file.content)) return [];
    if (there === before || there === "unreadable") return [];
    const text =
      before === undefined
        ? `${file.path}:1: is there already, but not from this stack; it is replaced: see whether another stack or ` +
          "tool still writes it"
        : `${file.path}:1: was edited by hand since harbor-cache wrote it; it is replaced: put what it should say ` +
          "into the stack's settings";
    return [{ text, breaks: false }];
  });
}
