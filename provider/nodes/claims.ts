/**
 * What the pools of the running program want, machine by machine. A pool that goes, or gives a node up, leaves these
 * files alone: a live pool may have its own there already, under the same path. Every live pool is checked before
 * anything is deleted; at destroy no program runs, nothing is claimed, and everything goes.
 */
import type { PoolInputs, PoolNode } from "./pool-inputs.ts";
import { endpoint } from "./ssh-connection.ts";

const claims = new Map<string, Map<string, ReadonlySet<string>>>();

/** The machine behind a node, whatever the node is called. */
export function machineOf(node: PoolNode): string {
  return `${endpoint(node)} ${node.jump === undefined ? "" : endpoint(node.jump)}`;
}

/** Remembers what a pool wants, by its URN, in place of what it wanted before. */
export function claim(urn: string, pool: PoolInputs): void {
  const paths = new Set(pool.files.map(({ path }) => path));
  claims.set(urn, new Map(pool.nodes.map((node) => [machineOf(node), paths])));
}

/** Forgets a pool that is deleted itself. */
export function withdraw(urn: string): void {
  claims.delete(urn);
}

/** Is the path on that node wanted by a live pool? */
export function isClaimed(node: PoolNode, path: string): boolean {
  const machine = machineOf(node);
  return [...claims.values()].some((machines) => machines.get(machine)?.has(path));
}
