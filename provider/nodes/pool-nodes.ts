/** Which nodes of a pool an operation concerns, and what each may have from us. */
import { claimOf, machineOf } from "./claims.ts";
import type { WantedFile } from "./node-files.ts";
import type { Gone } from "./node-work.ts";
import type { PoolInputs, PoolNode } from "./pool-inputs.ts";
import { joined, stateOfFiles } from "./pool-state.ts";
import type { AppliedNode } from "./pool-state.ts";

/** Nodes that aren't as wanted, and those that are reached otherwise than before: they may be other machines now. */
export function nodesPending(
  old: PoolInputs | undefined,
  pool: PoolInputs,
  applied: ReadonlyMap<string, AppliedNode>,
): PoolNode[] {
  const wanted = stateOfFiles(pool.files).digest;
  const before = new Map(old?.nodes.map((node) => [node.name, JSON.stringify(node)]));
  return pool.nodes.filter(
    (node) => applied.get(node.name)?.digest !== wanted || before.get(node.name) !== JSON.stringify(node),
  );
}

/**
 * What tells that two nodes are one machine: its name and host key, whatever way leads there, or else the way. Another jump
 * host or address for all of them must not take the files off all of them.
 */
function marksOf(node: PoolNode): string[] {
  return [`${node.name} ${node.hostKey}`, machineOf(node)];
}

/** Machines whose files are to go. One that only got another name, or is reached in another way, stays. */
export function nodesLeaving(old: PoolInputs | undefined, pool: PoolInputs): PoolNode[] {
  const machines = new Set(pool.nodes.flatMap(marksOf));
  return (old?.nodes ?? []).filter((node) => !marksOf(node).some((mark) => machines.has(mark)));
}

/** What is known of each node of the pool: it belongs to the machine, which may have got another name or address. */
export function carriedOver(
  old: PoolInputs | undefined,
  pool: PoolInputs,
  applied: ReadonlyMap<string, AppliedNode>,
): Map<string, AppliedNode> {
  if (old === undefined) return new Map(applied);
  const names = new Map(old.nodes.flatMap((node) => marksOf(node).map((mark) => [mark, node.name])));
  return new Map(
    pool.nodes.flatMap((node) => {
      const name = marksOf(node).flatMap((mark) => names.get(mark) ?? [])[0];
      const record = name === undefined ? undefined : applied.get(name);
      return record === undefined ? [] : [[node.name, record]];
    }),
  );
}

/**
 * What a node may have from us and isn't wanted, by path: as last written there, and as the pool wanted it, for the answer
 * of a run may have been lost. A file shared with others stays, and what is ours in it goes.
 */
export function goneFor(
  old: readonly WantedFile[],
  wanted: readonly WantedFile[],
): (record: AppliedNode | undefined) => Map<string, Gone> {
  const [before, now] = [stateOfFiles(old), stateOfFiles(wanted)];
  return (record) => {
    const merged = joined(record?.merged ?? {}, before.merged);
    const gone = new Map<string, Gone>();
    const add = (path: string, sum: string | undefined, restart?: true): void => {
      const { format: merge, keys } = merged[path] ?? {};
      const sums = [...(gone.get(path)?.sums ?? []), ...(sum === undefined ? [] : [sum])];
      gone.set(path, { sums, merge, keys, restart });
    };
    for (const [path, sum] of Object.entries(record?.files ?? {})) add(path, sum);
    for (const { path, restart } of old) add(path, before.sums[path], restart || undefined);
    for (const { path, merge } of wanted) {
      const one = gone.get(path);
      const keys = without(one?.keys ?? [], new Set(now.merged[path]?.keys));
      if (one?.merge !== undefined && one.merge === merge && keys.length > 0)
        gone.set(path, { ...one, keys });
      else gone.delete(path);
    }
    return gone;
  };
}

/** Without what a live pool has put on that node, or is about to. */
export function unclaimed(node: PoolNode, gone: ReadonlyMap<string, Gone>): Map<string, Gone> {
  return new Map(
    [...gone].flatMap(([path, one]) => {
      const claimed = claimOf(node, path);
      if (claimed === undefined) return [[path, one]];
      // A file that is another pool's whole has no keys.
      const keys = claimed.size === 0 ? [] : without(one.keys ?? [], claimed);
      return keys.length === 0 ? [] : [[path, { ...one, keys }]];
    }),
  );
}

function without(keys: readonly string[], others: ReadonlySet<string>): string[] {
  return keys.filter((key) => !others.has(key));
}
