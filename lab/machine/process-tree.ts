import { readFileSync } from "node:fs";

/** Ends a process and all below it, however they moved between sessions and groups. */
export function killTree(pid: number): void {
  const below = childrenOf(pid);
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
  for (const child of below) killTree(child);
}

/** Ends all below a process. */
export function killChildren(pid: number): void {
  for (const child of childrenOf(pid)) killTree(child);
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
