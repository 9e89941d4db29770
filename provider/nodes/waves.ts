/** How a rollout goes through a pool: canaries first, then waves. Pure. */
import type { PoolInputs } from "./pool-inputs.ts";

type Rollout = PoolInputs["rollout"];

/** Nodes in the order in which they are begun. */
export interface RolloutPlan<N> {
  /** Done first, and replaced by the next ones where they can't be reached. */
  readonly canary: readonly N[];
  readonly rest: readonly N[];
  /** Most nodes of a wave of the rest. */
  readonly waveSize: number;
}

export interface Wave<N> {
  readonly name: "canary" | number;
  readonly nodes: readonly N[];
}

/**
 * `pending` are those of the pool's nodes that aren't as wanted, in the pool's order. The canaries are named, or the pool's
 * first ones; one that is good already needs no second proof, one that failed is a canary again.
 */
export function planRollout<N extends { readonly name: string }>(
  nodes: readonly N[],
  pending: readonly N[],
  { canary, wave }: Pick<Rollout, "canary" | "wave">,
): RolloutPlan<N> {
  const names = new Set(typeof canary === "number" ? nodes.slice(0, canary).map(({ name }) => name) : canary);
  return {
    canary: pending.filter(({ name }) => names.has(name)),
    rest: pending.filter(({ name }) => !names.has(name)),
    waveSize: Math.max(1, amountOf(wave, nodes.length)),
  };
}

/** All nodes at once, for what may be done everywhere. */
export function allAtOnce<N>(nodes: readonly N[]): RolloutPlan<N> {
  return { canary: [], rest: nodes, waveSize: Math.max(1, nodes.length) };
}

/** A number of nodes, or a part of all of them, rounded down. */
export function amountOf(amount: number | string, all: number): number {
  return typeof amount === "number" ? amount : Math.floor((all * Number.parseInt(amount, 10)) / 100);
}

/** The waves after the canaries. */
export function wavesOf<N>(rest: readonly N[], waveSize: number): Wave<N>[] {
  return Array.from({ length: Math.ceil(rest.length / waveSize) }, (_, index) => {
    return { name: index + 1, nodes: rest.slice(index * waveSize, (index + 1) * waveSize) };
  });
}
