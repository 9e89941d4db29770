/**
 * What a create of this run made in Harbor, or found there and made its own. By `pulumi up --replace`, with a resource that got
 * another name in the program, or where a replacement that failed halfway is taken back, the new one is made before the old
 * one is deleted, and both may be one object, which has to stay: it was found there, or a Harbor that was set up again
 * gave the old one's number to the new one.
 */
import type { ResourceContext } from "./resource.ts";

/** By the run's signal: each operation of the engine has a provider, and thereby a signal, of its own. */
const taken = new WeakMap<AbortSignal, Set<string>>();

export function rememberTaken({ signal }: ResourceContext, type: string, id: string): void {
  taken.set(signal, (taken.get(signal) ?? new Set()).add(`${type} ${id}`));
}

export function wasTaken({ signal }: ResourceContext, type: string, id: string): boolean {
  return taken.get(signal)?.has(`${type} ${id}`) === true;
}
