/** Going through a group of nodes: canaries, then wave after wave, many nodes at a time, until too many have failed. */
import { setTimeout as wait } from "node:timers/promises";
import { wavesOf } from "./waves.ts";
import type { RolloutPlan, Wave } from "./waves.ts";

export interface RolloutLimits {
  /** Nodes at the same time. */
  readonly parallel: number;
  /** Failed nodes that are borne in all; one more, and no further node is begun. One failed canary is too many always. */
  readonly maxFailed: number;
  /** Seconds between two waves. */
  readonly pause: number;
  /** Aborted: no further node is begun. */
  readonly signal: AbortSignal;
}

/** What is done to a node. */
export interface NodeWorker<N, T> {
  run(node: N): Promise<T>;
  /** Is the node left out for this, instead of having failed? */
  isSkipped(error: Error): boolean;
  /** Rejects where the node can't be reached. Asked before a node takes the place of a canary that was left out. */
  reach(node: N): Promise<void>;
}

export type NodeOutcome<T> =
  | { readonly result: "done"; readonly answer: T }
  | { readonly result: "failed" | "skipped"; readonly error: Error }
  | { readonly result: "not begun" };

export type NodeReport<T> = NodeOutcome<T> & {
  readonly wave: Wave<unknown>["name"];
  readonly seconds: number;
};

/** What to show while it lasts. */
export interface RolloutWatcher {
  progress(wave: WaveProgress): void;
  pausing(seconds: number, next: Wave<unknown>, waves: number): void;
}

export interface WaveProgress {
  readonly wave: Wave<unknown>["name"];
  /** Waves in all, the canaries not counted. */
  readonly waves: number;
  /** Nodes of this wave, and how they fared. */
  readonly nodes: number;
  readonly done: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Works on the nodes of a plan; what has begun is let finish. Never rejects. The result is in the order of the plan. */
export async function rollOut<N, T>(
  plan: RolloutPlan<N>,
  limits: RolloutLimits,
  worker: NodeWorker<N, T>,
  watcher: RolloutWatcher,
): Promise<Map<N, NodeReport<T>>> {
  const run = new Run(limits, worker, watcher);
  const rest = await run.canaries(plan.canary, plan.rest, plan.waveSize);
  const waves = wavesOf(rest, plan.waveSize);
  for (const wave of waves) {
    await run.pauseBefore(wave, waves.length);
    await run.wave(wave, waves.length);
  }
  // Not in the order of their ends, so that messages don't change from run to run.
  const all = [...plan.canary, ...plan.rest].map((node) => [node, run.reports.get(node)] as const);
  return new Map(all.flatMap(([node, report]) => (report === undefined ? [] : [[node, report]])));
}

class Run<N, T> {
  readonly reports = new Map<N, NodeReport<T>>();
  readonly #limits: RolloutLimits;
  readonly #worker: NodeWorker<N, T>;
  readonly #watcher: RolloutWatcher;
  #failures = 0;
  #stopped = false;

  constructor(limits: RolloutLimits, worker: NodeWorker<N, T>, watcher: RolloutWatcher) {
    this.#limits = limits;
    this.#worker = worker;
    this.#watcher = watcher;
  }

  /** The canaries, and others of `rest` for those that were left out. Returns the nodes that are left for waves. */
  async canaries(canaries: readonly N[], rest: readonly N[], waveSize: number): Promise<readonly N[]> {
    let [next, left] = [canaries, rest];
    while (next.length > 0) {
      const wave = { name: "canary", nodes: next } as const;
      await this.wave(wave, wavesOf(left, waveSize).length);
      const missing = next.filter((node) => this.reports.get(node)?.result === "skipped").length;
      [next, left] = await this.#reachable(missing, left);
    }
    return left;
  }

  async pauseBefore(wave: Wave<N>, waves: number): Promise<void> {
    const { pause, signal } = this.#limits;
    if (this.reports.size === 0 || pause === 0 || this.#mustStop()) return;
    this.#watcher.pausing(pause, wave, waves);
    // Rejects when canceled, and then no further node is begun.
    await wait(pause * 1000, undefined, { signal }).catch(() => undefined);
  }

  async wave(wave: Wave<N>, waves: number): Promise<void> {
    const waiting = wave.nodes.values();
    const count = { done: 0, failed: 0, skipped: 0, "not begun": 0 };
    const work = async (): Promise<void> => {
      for (const node of waiting) {
        const begun = performance.now();
        const outcome = await this.#outcomeOf(node);
        const seconds = (performance.now() - begun) / 1000;
        this.reports.set(node, { ...outcome, wave: wave.name, seconds });
        count[outcome.result]++;
        if (outcome.result === "not begun") continue;
        if (outcome.result === "failed") this.#failures++;
        if (outcome.result === "failed" && wave.name === "canary") this.#stopped = true;
        this.#watcher.progress({ wave: wave.name, waves, nodes: wave.nodes.length, ...count });
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.#limits.parallel, wave.nodes.length) }, work));
  }

  #mustStop(): boolean {
    return this.#stopped || this.#failures > this.#limits.maxFailed || this.#limits.signal.aborted;
  }

  async #outcomeOf(node: N): Promise<NodeOutcome<T>> {
    if (this.#mustStop()) return { result: "not begun" };
    try {
      return { result: "done", answer: await this.#worker.run(node) };
    } catch (reason) {
      const error = errorOf(reason);
      return { result: this.#worker.isSkipped(error) ? "skipped" : "failed", error };
    }
  }

  /** The first `count` nodes that can be reached, and the rest; many are asked at once, for all may be down. */
  async #reachable(count: number, nodes: readonly N[]): Promise<[N[], readonly N[]]> {
    const found: N[] = [];
    let left = nodes;
    while (found.length < count && left.length > 0 && !this.#mustStop()) {
      const asked = left.slice(0, this.#limits.parallel);
      const begun = performance.now();
      const answers = await Promise.allSettled(asked.map((node) => this.#worker.reach(node)));
      const seconds = (performance.now() - begun) / 1000;
      const well = asked.filter((node, index) => {
        const answer = answers[index];
        if (answer?.status !== "rejected") return true;
        const error = errorOf(answer.reason);
        // What else is wrong with it shows when it is worked on.
        if (!this.#worker.isSkipped(error)) return true;
        this.reports.set(node, { result: "skipped", error, wave: "canary", seconds });
        return false;
      });
      const taken = well.slice(0, count - found.length);
      found.push(...taken);
      left = [...well.slice(taken.length), ...left.slice(asked.length)];
    }
    return [found, left];
  }
}

function errorOf(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
