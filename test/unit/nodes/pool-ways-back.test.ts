/** Changes that failed halfway and are taken back, and what a pool may delete then. */
import { writeFileSync } from "node:fs";
import { describe, expect, onTestFinished, test, vi } from "vitest";

import { mirrorPool } from "../../../provider/nodes/mirror-pool.ts";
import type { Properties, Value } from "../../../provider/values.ts";
import { closedPort } from "./node-stand-in.ts";
import { RecordedContext } from "./operation-context.ts";
import {
  A,
  B,
  create,
  ctx,
  DOCKER,
  failureOf,
  n1,
  n2,
  nodes,
  pool,
  QUAY,
  update,
  URN,
} from "./pool-fixture.ts";

/** Reached, but with a host key that is not its own: nothing is ever sent. */
const mistaken = (): Record<string, Value> => ({
  ...n1(),
  ...Object.fromEntries([["hostKey", n2()["hostKey"] ?? ""]]),
});
const OTHER = URN.replace("workers", "others");
const remove = (urn: string, inputs: Properties, state: Properties) =>
  mirrorPool.delete(ctx, urn, urn.slice(urn.lastIndexOf(":") + 1), inputs, state);

describe("a change that failed on a node that was reached", () => {
  test("is undone by the node when nobody waits any more, and nothing is left when the settings go back", async () => {
    const first = pool([n1()], { [A]: DOCKER });
    const { state } = await create(first);
    // It has written everything, but its answer comes too late.
    nodes[0].program("reload", "sleep 2");
    const second = pool(
      [n1()],
      { [A]: DOCKER, [B]: QUAY },
      { timeouts: { connect: 1, command: 20, total: 1 } },
    );
    const { state: failed } = await failureOf(update(first, state, second));
    nodes[0].program("reload", "true");
    await vi.waitFor(() => {
      expect(nodes[0].running).toBe(0);
    }, 10_000);
    expect([nodes[0].content(A), nodes[0].content(B)]).toEqual([DOCKER, undefined]);
    expect(mirrorPool.diff("workers", first, failed, first).detailed).toHaveProperty(["nodes[0].name"]);
    const back = await update(second, failed, first);
    expect([nodes[0].content(A), nodes[0].content(B)]).toEqual([DOCKER, undefined]);
    expect(mirrorPool.diff("workers", first, back, first).detailed).toEqual({});
  });

  test("leaves a node that was never reached as it is known", async () => {
    const first = pool([n1()], { [A]: DOCKER });
    const { state } = await create(first);
    const down = pool([mistaken()], { [A]: `${DOCKER}# changed\n` });
    const { state: failed } = await failureOf(update(first, state, down));
    expect(failed).toEqual(state);
  });
});

test("what a live pool wants on a node is not deleted by one that goes", async () => {
  const inputs = pool([n1(), n2()], { [A]: DOCKER, [B]: QUAY });
  const { state } = await create(inputs);
  await mirrorPool.check(undefined, pool([n1()], { [A]: DOCKER }), OTHER);
  await remove(URN, inputs, state);
  expect([nodes[0].content(A), nodes[0].content(B)]).toEqual([DOCKER, undefined]);
  expect([nodes[1].content(A), nodes[1].content(B)]).toEqual([undefined, undefined]);
});

test("nor is what another pool has put there while the one that goes waited for the node", async () => {
  const inputs = pool([n1()], { [A]: DOCKER, [B]: QUAY });
  const { state } = await create(inputs);
  const go = nodes[0].path("go");
  nodes[0].program("flock", `while ! [ -e ${go} ]; do sleep 0.05; done; exec /usr/bin/flock "$@"`);
  const removed = remove(URN, inputs, state);
  await vi.waitFor(() => {
    expect(nodes[0].commands).toHaveLength(2);
  }, 10_000);
  await mirrorPool.check(undefined, pool([n1()], { [A]: DOCKER }), OTHER);
  writeFileSync(go, "");
  await removed;
  expect([nodes[0].content(A), nodes[0].content(B)]).toEqual([DOCKER, undefined]);
});

test("a pool that is deleted itself claims nothing any more", async () => {
  const inputs = pool([n1()], { [A]: DOCKER });
  const { state } = await create(inputs);
  await mirrorPool.check(undefined, inputs, URN);
  // By the run that destroys it.
  await mirrorPool.delete(new RecordedContext(), URN, "workers", inputs, state);
  expect(nodes[0].content(A)).toBeUndefined();
});

test("replaced by force, the old pool takes nothing that the new one has put there", async () => {
  const old = pool([n1(), n2()], { [A]: DOCKER, [B]: QUAY });
  await mirrorPool.check(undefined, old, URN);
  const { state } = await mirrorPool.create(ctx, URN, old, false);
  // The next run, with a provider of its own.
  const run = new RecordedContext();
  const wanted = pool([n1(), n2()], { [A]: DOCKER });
  await mirrorPool.check(old, wanted, URN);
  await mirrorPool.create(run, URN, wanted, false);
  await mirrorPool.delete(run, URN, "workers", old, state);
  for (const node of [nodes[0], nodes[1]]) {
    expect(node.content(A)).toBe(DOCKER);
    expect(node.content(B)).toBeUndefined();
  }
});

test("canceled while it connects, a delete keeps the resource", async () => {
  const inputs = pool([n1()], { [A]: DOCKER });
  const { state } = await create(inputs);
  const silent = { ...n1(), port: await closedPort() };
  setTimeout(() => {
    ctx.abort.abort();
  }, 100);
  await expect(remove(URN, { ...inputs, nodes: [silent] }, state)).rejects.toThrow(
    "canceled; the files may still be on n1",
  );
});

test("without an agent a delete fails instead of giving every node up", async () => {
  const inputs = pool([n1()], { [A]: DOCKER });
  const { state } = await create(inputs);
  const byAgent = Object.fromEntries(Object.entries(n1()).filter(([key]) => key !== "privateKey"));
  vi.stubEnv("SSH_AUTH_SOCK", "");
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  await expect(remove(URN, { ...inputs, nodes: [byAgent] }, state)).rejects.toThrow("start an agent");
  expect(nodes[0].content(A)).toBe(DOCKER);
});

test("a node that is another machine now: the old one is cleaned, the new one gets its files", async () => {
  const inputs = pool([n1()], { [A]: DOCKER });
  const { state } = await create(inputs);
  const moved = pool([{ ...n2(), name: "n1" }], { [A]: DOCKER });
  await update(inputs, state, moved);
  expect([nodes[0].content(A), nodes[1].content(A)]).toEqual([undefined, DOCKER]);
});

test("a file that could not be removed yet is remembered under the node's new name", async () => {
  const inputs = pool([n1()], { [A]: DOCKER, [B]: QUAY });
  const { state } = await create(inputs);
  const less = pool([mistaken()], { [A]: DOCKER });
  const { state: failed } = await failureOf(update(inputs, state, less));
  const renamed = pool([{ ...n1(), name: "first" }], { [A]: DOCKER });
  await update(less, failed, renamed);
  expect([nodes[0].content(A), nodes[0].content(B)]).toEqual([DOCKER, undefined]);
});
