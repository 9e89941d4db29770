/**
 * What the pools of the running program want, machine by machine. A pool that goes, or gives a node up, leaves these
 * files alone: a live pool may have its own there already, under the same path. Every live pool is checked before
 * anything is deleted; at destroy no program runs, nothing is claimed, and everything goes.
 */
import type { PoolInputs, PoolNode } from "./pool-inputs.ts";
import { stateOfFiles } from "./pool-state.ts";
import { endpoint } from "./ssh-connection.ts";

/** By path; of a file that is shared with others, the keys. */
type Claims = ReadonlyMap<string, ReadonlySet<string>>;

const claims = new Map<string, ReadonlyMap<string, Claims>>();

/** The machine behind a node, whatever the node is called. */
export function machineOf(node: PoolNode): string {
  return `${endpoint(node)} ${node.jump === undefined ? "" : endpoint(node.jump)}`;
}

/** Remembers what a pool wants, by its URN, in place of what it wanted before. */
export function claim(urn: string, pool: PoolInputs): void {
  const { merged } = stateOfFiles(pool.files);
  const paths = new Map(pool.files.map(({ path }) => [path, new Set(merged[path]?.keys)]));
  claims.set(urn, new Map(pool.nodes.map((node) => [machineOf(node), paths])));
}

/** Forgets a pool that is deleted itself. */
export function withdraw(urn: string): void {
  claims.delete(urn);
}

/** What live pools want of the file on that node: its keys, none of a file that is theirs whole. Undefined: nothing. */
export function claimOf(node: PoolNode, path: string): ReadonlySet<string> | undefined {
  const machine = machineOf(node);
  const found = [...claims.values()].flatMap((machines) => machines.get(machine)?.get(path) ?? []);
  return found.length === 0 ? undefined : new Set(found.flatMap((keys) => [...keys]));
}
