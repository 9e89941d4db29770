import { setTimeout as pause } from "node:timers/promises";

import { EngineError } from "./engine.ts";
import type { At } from "./kind.ts";

const POLL_MS = 250;

/** Deletes; where the engine says `inUse`, again until the time is over. What isn't there is deleted. */
export async function removeUnused(at: At, remove: () => Promise<unknown>, inUse: RegExp): Promise<void> {
  const end = Date.now() + at.inUseMs;
  for (;;) {
    try {
      await remove();
      return;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (error.status === 404) return;
      if (!inUse.test(error.message)) throw error;
      if (Date.now() > end) {
        throw new Error(`timeout while waiting for it to be unused (${at.inUseMs} ms): ${error.message}`, {
          cause: error,
        });
      }
    }
    await pause(POLL_MS, undefined, { signal: at.signal });
  }
}
