import fc from "fast-check";
import { expect, test } from "vitest";

import { rollOut } from "../../../provider/nodes/rollout.ts";
import type { NodeReport, RolloutLimits, WaveProgress } from "../../../provider/nodes/rollout.ts";
import { planRollout } from "../../../provider/nodes/waves.ts";

type Fate = "good" | "bad" | "dead";

interface Options {
  canary?: number | string[];
  wave?: number;
  skip?: boolean;
  limits?: Partial<RolloutLimits>;
  /** Called when a node is begun. */
  onBegin?: (node: string) => unknown;
}

/** A rollout over nodes that do as they are told; each takes a turn of the event loop. */
async function roll(fates: Readonly<Record<string, Fate>>, options: Options = {}) {
  const nodes = Object.keys(fates).map((name) => ({ name }));
  const begun: string[] = [];
  const asked: string[] = [];
  const progress: WaveProgress[] = [];
  const pauses: string[] = [];
  let [running, peak] = [0, 0];
  const reports = await rollOut(
    planRollout(nodes, nodes, { canary: options.canary ?? 0, wave: options.wave ?? 100 }),
    { parallel: 2, maxFailed: 0, pause: 0, signal: new AbortController().signal, ...options.limits },
    {
      async run({ name }) {
        begun.push(name);
        peak = Math.max(peak, ++running);
        options.onBegin?.(name);
        await new Promise(setImmediate);
        running--;
        if (fates[name] !== "good") throw new Error(`${name} is ${fates[name]}`);
        return `${name} is good`;
      },
      isSkipped: (error) => options.skip === true && error.message.endsWith("dead"),
      async reach({ name }) {
        asked.push(name);
        await new Promise(setImmediate);
        if (fates[name] === "dead") throw new Error(`${name} is dead`);
      },
    },
    {
      progress: (wave) => progress.push(wave),
      pausing: (seconds, next, waves) => pauses.push(`${seconds} before ${next.name} of ${waves}`),
    },
  );
  const results = Object.fromEntries([...reports].map(([{ name }, report]) => [name, told(report)]));
  return { results, begun, asked, progress, pauses, peak };
}

const told = ({ wave, result }: NodeReport<string>) => `${wave} ${result}`;
const all = (count: number, fate: Fate): Record<string, Fate> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index + 1}`, fate]));

test("canaries come first, a wave only after the one before it, and never too many at once", async () => {
  const ends: string[] = [];
  const { results, begun, peak, pauses } = await roll(all(8, "good"), {
    canary: 1,
    wave: 3,
    limits: { pause: 0.001, parallel: 2 },
    onBegin: (name) => ends.push(name),
  });
  expect(begun).toEqual(["n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8"]);
  expect(Object.values(results)).toEqual([
    "canary done",
    ...Array.from({ length: 3 }, () => "1 done"),
    ...Array.from({ length: 3 }, () => "2 done"),
    "3 done",
  ]);
  expect(peak).toBe(2);
  expect(pauses).toEqual(["0.001 before 1 of 3", "0.001 before 2 of 3", "0.001 before 3 of 3"]);
});

test("a failed canary stops the rollout, whatever maxFailed", async () => {
  const { results, begun, pauses } = await roll(
    { ...all(4, "good"), n1: "bad" },
    { canary: 1, limits: { maxFailed: 3, pause: 1000 } },
  );
  expect(results).toEqual({
    n1: "canary failed",
    n2: "1 not begun",
    n3: "1 not begun",
    n4: "1 not begun",
  });
  expect([begun, pauses]).toEqual([["n1"], []]);
});

test("failures count over all waves", async () => {
  const { results, begun } = await roll(
    { ...all(9, "good"), n1: "bad", n5: "bad" },
    { wave: 3, limits: { maxFailed: 1, parallel: 1 } },
  );
  expect(begun).toEqual(["n1", "n2", "n3", "n4", "n5"]);
  expect(results).toMatchObject({ n5: "2 failed", n6: "2 not begun", n7: "3 not begun" });
  const borne = await roll(
    { ...all(9, "good"), n1: "bad", n5: "bad" },
    { wave: 3, limits: { maxFailed: 2 } },
  );
  expect(borne.begun).toHaveLength(9);
});

test("a canary that can't be reached is replaced by the next node that can", async () => {
  const { results, begun } = await roll(
    { n1: "dead", n2: "dead", n3: "good", n4: "good", n5: "dead" },
    { canary: ["n1"], wave: 1, skip: true },
  );
  expect(results).toEqual({
    n1: "canary skipped",
    n2: "canary skipped",
    n3: "canary done",
    n4: "1 done",
    n5: "2 skipped",
  });
  expect(begun).toEqual(["n1", "n3", "n4", "n5"]);
  // It proves as much as the first one would have.
  const failing = await roll({ n1: "dead", n2: "bad", n3: "good" }, { canary: 1, skip: true });
  expect(failing.results).toEqual({ n1: "canary skipped", n2: "canary failed", n3: "1 not begun" });
});

test("with all of them dead, many are asked at once", async () => {
  const { results, begun, asked } = await roll(all(50, "dead"), {
    canary: 1,
    wave: 5,
    skip: true,
    limits: { parallel: 10 },
  });
  expect(new Set(Object.values(results))).toEqual(new Set(["canary skipped"]));
  expect([begun, asked.length]).toEqual([["n1"], 49]);
});

test("canceled in a pause, it ends at once", async () => {
  const abort = new AbortController();
  const rollout = roll(all(2, "good"), {
    wave: 1,
    limits: { pause: 3600, signal: abort.signal },
    onBegin: () =>
      setTimeout(() => {
        abort.abort();
      }, 20),
  });
  expect((await rollout).results).toEqual({ n1: "1 done", n2: "2 not begun" });
});

test("progress counts the nodes of the wave", async () => {
  const { progress } = await roll(
    { n1: "good", n2: "good", n3: "bad", n4: "dead" },
    { wave: 3, skip: true, limits: { maxFailed: 1, parallel: 1 } },
  );
  expect(progress.slice(-2)).toMatchObject([
    { wave: 1, waves: 2, nodes: 3, done: 2, failed: 1, skipped: 0 },
    { wave: 2, waves: 2, nodes: 1, done: 0, failed: 0, skipped: 1 },
  ]);
});

test("whatever happens, each node has one report, in order, and no more fail than may", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom<Fate>("good", "good", "good", "bad", "dead"), { maxLength: 40 }),
      fc.integer({ min: 0, max: 5 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 0, max: 4 }),
      fc.boolean(),
      async (list, canary, wave, parallel, maxFailed, skip) => {
        const fates = Object.fromEntries(list.map((fate, index) => [`n${index + 1}`, fate]));
        const run = await roll(fates, { canary, wave, skip, limits: { parallel, maxFailed } });
        const results = Object.entries(run.results);
        expect(results.map(([name]) => name)).toEqual(Object.keys(fates));
        expect(new Set(run.begun).size).toBe(run.begun.length);
        expect(run.peak).toBeLessThanOrEqual(parallel);
        const failed = results.filter(([, told]) => told.endsWith("failed"));
        expect(failed.length).toBeLessThanOrEqual(maxFailed + parallel);
        for (const [name, result] of results) {
          const fate = fates[name];
          const expected = fate === "good" ? "done" : fate === "dead" && skip ? "skipped" : "failed";
          expect(result).toMatch(new RegExp(`(${expected}|not begun)$`));
        }
        const stopped = results.some(([, told]) => told.endsWith("not begun"));
        const canaryFailed = failed.some(([, told]) => told.startsWith("canary"));
        if (stopped) expect(canaryFailed || failed.length > maxFailed).toBe(true);
        if (canaryFailed) expect(results.filter(([, told]) => /^\d+ (done|failed)/.test(told))).toEqual([]);
      },
    ),
  );
});
