import fc from "fast-check";
import { expect, test } from "vitest";

import { amountOf, planRollout, wavesOf } from "../../../provider/nodes/waves.ts";

const named = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `n${index + 1}` }));
const names = (nodes: readonly { readonly name: string }[]) => nodes.map(({ name }) => name);

const amounts = fc.oneof(
  fc.integer({ min: 1, max: 60 }),
  fc.integer({ min: 1, max: 100 }).map((percent) => `${percent}%` as const),
);

test("every pending node is done exactly once, in order, in no wave that is too big", () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { maxLength: 120 }),
      fc.oneof(fc.integer({ min: 0, max: 130 }), fc.uniqueArray(fc.integer({ min: 1, max: 120 }))),
      amounts,
      (isPending, canary, wave) => {
        const nodes = named(isPending.length);
        const pending = nodes.filter((_, index) => isPending[index]);
        const plan = planRollout(nodes, pending, {
          canary: typeof canary === "number" ? canary : canary.map((number) => `n${number}`),
          wave,
        });
        const waves = wavesOf(plan.rest, plan.waveSize);
        const all = [...plan.canary, ...waves.flatMap((one) => one.nodes)];
        expect(new Set(all)).toEqual(new Set(pending));
        expect(all).toHaveLength(pending.length);
        expect(plan.rest).toEqual(pending.filter((node) => plan.rest.includes(node)));
        expect(waves.map((one) => one.name)).toEqual(waves.map((_, index) => index + 1));
        const most = Math.max(1, amountOf(wave, nodes.length));
        expect(waves.every((one) => one.nodes.length >= 1 && one.nodes.length <= most)).toBe(true);
        // As few waves as that allows.
        expect(waves).toHaveLength(Math.ceil(plan.rest.length / most));
        expect(plan.canary.length).toBeLessThanOrEqual(typeof canary === "number" ? canary : canary.length);
      },
    ),
  );
});

test("canaries are the pool's first nodes, or those named, as far as they aren't good yet", () => {
  const nodes = named(6);
  const plan = (pending: number[], canary: number | string[]) =>
    planRollout(
      nodes,
      pending.flatMap((number) => nodes[number - 1] ?? []),
      { canary, wave: 2 },
    );
  expect(names(plan([1, 2, 3, 4], 2).canary)).toEqual(["n1", "n2"]);
  // One of two canaries has failed: it is a canary again. None has: no further node is held up.
  expect(names(plan([2, 3, 4], 2).canary)).toEqual(["n2"]);
  expect(names(plan([3, 4], 2).canary)).toEqual([]);
  expect(names(plan([1, 2, 5, 6], ["n6", "n4", "n2"]).canary)).toEqual(["n2", "n6"]);
  expect(names(plan([1, 2, 5, 6], ["n6"]).rest)).toEqual(["n1", "n2", "n5"]);
});

test("a part of the pool is rounded down, but a wave has a node at least", () => {
  expect([amountOf("25%", 10), amountOf("10%", 9), amountOf(7, 3), amountOf("100%", 9)]).toEqual([
    2, 0, 7, 9,
  ]);
  expect(planRollout(named(3), named(3), { canary: 0, wave: "10%" }).waveSize).toBe(1);
});
