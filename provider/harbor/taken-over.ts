/**
 * What a create of this run found in Harbor and made its own. By `pulumi up --replace`, with a resource that got another name
 * in the program, or where a replacement that failed halfway is taken back, the new one is made before the old one is
 * deleted, and both are one object: it has to stay.
 */
import type { ResourceContext } from "../resource.ts";

/** By the run's signal: each operation of the engine has a provider, and thereby a signal, of its own. */
const taken = new WeakMap<AbortSignal, Set<string>>();

export function rememberTaken({ signal }: ResourceContext, type: string, id: string): void {
  taken.set(signal, (taken.get(signal) ?? new Set()).add(`${type} ${id}`));
}

export function wasTaken({ signal }: ResourceContext, type: string, id: string): boolean {
  return taken.get(signal)?.has(`${type} ${id}`) === true;
}
