/** Nodes by name in messages for people, short for big pools too. */

const MOST = 20;

/** `worker-1, worker-2, … and 80 more`: at most 20 names. */
export function namesOf(nodes: readonly { readonly name: string }[]): string {
  const names = nodes.slice(0, MOST).map(({ name }) => name);
  const more = nodes.length - names.length;
  return more === 0 ? names.join(", ") : `${names.join(", ")}, … and ${more} more`;
}

/** `1 node`, `3 nodes` */
export function countOf(count: number, what = "node"): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** What is said of nodes, each with those that it is said of. */
export function grouped<N>(nodes: Iterable<N>, said: (node: N) => readonly string[]): [string, N[]][] {
  const groups = new Map<string, N[]>();
  for (const node of nodes) {
    for (const one of said(node)) {
      const group = groups.get(one);
      if (group === undefined) groups.set(one, [node]);
      else group.push(node);
    }
  }
  return [...groups];
}
