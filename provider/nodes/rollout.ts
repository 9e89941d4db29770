/** Going through a group of nodes: many at a time, no further one begun once too many have failed. */

export interface RolloutLimits {
  /** Nodes at the same time. */
  readonly parallel: number;
  /** Failed nodes that are borne; one more, and no further node is begun. */
  readonly maxFailed: number;
  /** Aborted: no further node is begun. */
  readonly signal: AbortSignal;
}

export interface RolloutResult<N, T> {
  readonly done: ReadonlyMap<N, T>;
  readonly failed: ReadonlyMap<N, Error>;
  readonly notBegun: readonly N[];
}

/** Runs `work` for each node; what has begun is let finish. Never rejects. */
export async function rollOut<N, T>(
  nodes: readonly N[],
  limits: RolloutLimits,
  work: (node: N) => Promise<T>,
  progress: (done: number, failed: number) => void,
): Promise<RolloutResult<N, T>> {
  const done = new Map<N, T>();
  const failed = new Map<N, Error>();
  const waiting = nodes.values();
  const notBegun: N[] = [];

  const worker = async (): Promise<void> => {
    for (const node of waiting) {
      if (failed.size > limits.maxFailed || limits.signal.aborted) {
        notBegun.push(node);
        continue;
      }
      try {
        done.set(node, await work(node));
      } catch (error) {
        failed.set(node, error instanceof Error ? error : new Error(String(error)));
      }
      progress(done.size, failed.size);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limits.parallel, nodes.length) }, worker));
  return { done: inOrder(nodes, done), failed: inOrder(nodes, failed), notBegun };
}

/** In the order of the nodes, not of their ends, so that messages don't change from run to run. */
function inOrder<N, T>(nodes: readonly N[], results: ReadonlyMap<N, T>): Map<N, T> {
  const ordered = new Map<N, T>();
  for (const node of nodes) {
    const result = results.get(node);
    if (result !== undefined) ordered.set(node, result);
  }
  return ordered;
}
