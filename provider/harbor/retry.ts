/** Waiting and trying again. */
import { setTimeout as sleep } from "node:timers/promises";
import { ConnectionError, isStatus } from "./harbor-error.ts";

export interface RetryPolicy {
  /** Tries in all. */
  readonly attempts: number;
  /** Longest wait before the second try, milliseconds; doubles with each further one. */
  readonly baseDelay: number;
  /** Longest wait before any try, milliseconds. */
  readonly maxDelay: number;
}

export const DEFAULT_RETRY: RetryPolicy = { attempts: 5, baseDelay: 500, maxDelay: 8000 };

/** Busy, or not up yet, or the connection broke: the same request may do better later. */
export function isTransient(error: unknown): boolean {
  return (error instanceof ConnectionError && error.transient) || isStatus(error, 429, 502, 503, 504);
}

/**
 * Repeats `work` while it fails in a transient way, with growing, jittered waits; ends early once `budget`
 * milliseconds have passed or `signal` is aborted. Throws the last error.
 */
export async function retry<T>(
  work: () => Promise<T>,
  policy: RetryPolicy,
  budget: number,
  signal: AbortSignal,
): Promise<T> {
  const start = performance.now();
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      const spent = performance.now() - start;
      if (!isTransient(error) || attempt >= policy.attempts || spent > budget) throw error;
    }
    const longest = Math.min(policy.maxDelay, policy.baseDelay * 2 ** (attempt - 1));
    // Half of it is random, so that many clients don't come back at once.
    await pause((longest * (1 + Math.random())) / 2, signal);
  }
}

/** Waits; throws the signal's reason when it is aborted meanwhile. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {
    signal.throwIfAborted();
  });
}
