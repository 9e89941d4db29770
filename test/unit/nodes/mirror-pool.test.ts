import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { mirrorPool } from "../../../provider/nodes/mirror-pool.ts";
import { UNKNOWN } from "../../../provider/values.ts";
import type { Properties, Value } from "../../../provider/values.ts";
import { closedPort } from "./node-stand-in.ts";
import {
  A,
  B,
  CA,
  DOCKER,
  QUAY,
  URN,
  create,
  ctx,
  details,
  failureOf,
  n1,
  n2,
  n3,
  nodes,
  pool,
  update,
} from "./pool-fixture.ts";

describe("a group", () => {
  test("one node down: no further one is begun, and the next up goes on with the rest only", async () => {
    const down = { ...n2(), port: await closedPort() };
    const inputs = pool([n1(), down, n3()], { [A]: DOCKER }, { rollout: { parallel: 1 } });
    const failure = await failureOf(create(inputs));
    expect(failure.reasons).toEqual([
      expect.stringMatching(
        /^n2: 127\.0\.0\.1:\d+: connection refused; is sshd running there\? \(tried 3 times\)$/,
      ),
      "too many nodes failed; not begun: n3. The next up goes on with the nodes that are not done",
    ]);
    expect([nodes[0].content(A), nodes[2].content(A)]).toEqual([DOCKER, undefined]);
    expect(details(inputs, failure.state, inputs)).toEqual({
      "nodes[1].name": { kind: "update" },
      "nodes[2].name": { kind: "update" },
    });

    const repaired = pool([n1(), n2(), n3()], { [A]: DOCKER }, { rollout: { parallel: 1 } });
    const state = await update(inputs, failure.state, repaired);
    expect(nodes.map((node) => node.commands.length)).toEqual([1, 1, 1]);
    expect(details(repaired, state, repaired)).toEqual({});
    expect(state["applied"]).toHaveProperty("n1", (failure.state["applied"] as Record<string, Value>)["n1"]);
  });

  test("maxFailed bears that many failed nodes", async () => {
    const down = { ...n1(), port: await closedPort() };
    const inputs = pool([down, n2(), n3()], { [A]: DOCKER }, { rollout: { parallel: 1, maxFailed: 1 } });
    const failure = await failureOf(create(inputs));
    expect(failure.reasons).toHaveLength(1);
    expect([nodes[1].content(A), nodes[2].content(A)]).toEqual([DOCKER, DOCKER]);
  });

  test("canceled, it begins no further node and says which", async () => {
    const inputs = pool([n1(), n2()], { [A]: DOCKER }, { rollout: { parallel: 1 } });
    nodes[0].program("reload", `while ! [ -e ${nodes[0].path("canceled")} ]; do sleep 0.05; done`);
    const operation = failureOf(create(inputs));
    await expect.poll(() => nodes[0].running).toBe(1);
    ctx.abort.abort();
    writeFileSync(nodes[0].path("canceled"), "");
    const failure = await operation;
    expect(failure.reasons).toEqual([
      "canceled; not begun: n2. The next up goes on with the nodes that are not done",
    ]);
    expect(failure.state).toHaveProperty("applied.n1");
  });

  test("progress is shown while it lasts", async () => {
    await create(pool([n1(), n2(), n3()], { [A]: DOCKER }));
    expect(ctx.progress.at(-1)).toBe("wave 1 of 1: 3/3 nodes done, 0 failed");
  });

  test("a preview names the nodes and touches none", async () => {
    const inputs = pool([n1(), n2()], { [A]: DOCKER });
    const planned = await mirrorPool.create(ctx, URN, inputs, true);
    expect(planned).toEqual({ id: "workers", state: { applied: { n1: UNKNOWN, n2: UNKNOWN }, written: {} } });
    expect(ctx.lines).toEqual([
      {
        severity: "info",
        message: `2 of 2 nodes change: n1, n2\n  /node/${A} is added to 2 nodes`,
        ephemeral: false,
      },
    ]);
    expect(nodes[0].commands).toEqual([]);
    const unknown = { ...inputs, files: [{ path: "/node/x", content: UNKNOWN }] } as Properties;
    expect(mirrorPool.check(undefined, unknown)).toEqual({ inputs: unknown, failures: [] });
    expect(details(inputs, {}, unknown)).toMatchObject({ "files[0].content": { kind: "update" } });
    const open = await mirrorPool.create(ctx, URN, unknown, true);
    expect(open.state).toEqual({ applied: UNKNOWN, written: UNKNOWN });
  });

  test("other settings alone touch no node, another address or key only that node, without a reload", async () => {
    const inputs = pool([n1(), n2()], { [A]: DOCKER });
    const { state } = await create(inputs);
    const slower = { ...inputs, rollout: { parallel: 1 }, reloadCommand: "reload now" };
    expect(await update(inputs, state, slower)).toEqual(state);
    const moved = pool([n1(), { ...n2(), user: "admin" }], { [A]: DOCKER });
    expect(details(inputs, state, moved)).toEqual({ "nodes[1].user": { kind: "update" } });
    await update(inputs, state, moved);
    expect(nodes.map((node) => node.commands.length)).toEqual([1, 2, 0]);
    expect([nodes[0].reloads, nodes[1].reloads]).toEqual([1, 1]);
  });

  test("a node that leaves is cleaned, one that is only renamed is not", async () => {
    const inputs = pool([n1(), n2()], { [A]: DOCKER });
    const { state } = await create(inputs);
    const renamed = pool([{ ...n1(), name: "first" }, n3()], { [A]: DOCKER });
    expect(Object.keys(details(inputs, state, renamed))).toEqual(
      expect.arrayContaining(["nodes[0].name", "nodes[1].name"]),
    );
    const after = await update(inputs, state, renamed);
    expect(nodes.map((node) => node.content(A))).toEqual([DOCKER, undefined, DOCKER]);
    expect(Object.keys(after["applied"] as Record<string, Value>)).toEqual(["first", "n3"]);
    expect(nodes[0].reloads).toBe(1);
  });
});

describe("a delete", () => {
  test("removes exactly what was written, dead nodes are a warning", async () => {
    const inputs = pool([n1(), n2(), n3()], { [A]: DOCKER, [B]: QUAY, [CA]: "PEM" });
    const { state } = await create(inputs);
    writeFileSync(nodes[0].path("registries.conf.d/own.conf"), "# own\n");
    writeFileSync(nodes[0].path(B), "# edited\n");
    nodes[1].program("reload", "echo gone >&2; exit 5");
    const dead = { ...n3(), port: await closedPort() };
    await mirrorPool.delete(ctx, URN, "workers", { ...inputs, nodes: [n1(), n2(), dead] }, state);
    expect(readdirSync(nodes[0].path("registries.conf.d")).sort()).toEqual([
      "50-harbor-cache-quay.io.conf",
      "own.conf",
    ]);
    expect(existsSync(nodes[0].path("certs.d/harbor:8443"))).toBe(false);
    expect(nodes[0].reloads).toBe(2);
    expect([nodes[1].content(A), nodes[1].leftovers()]).toEqual([undefined, []]);
    expect(ctx.warnings).toEqual([
      `n1: /node/${B} is not as this pool wrote it and was left there`,
      "n2: the files are removed, but the runtime could not be reloaded",
      expect.stringMatching(
        /^n3: its files could not be removed and may still be there: .* connection refused/,
      ),
    ]);
  });

  test("cleans nodes whose answer was lost, and only of what is ours", async () => {
    const inputs = pool([n1(), n2()], { [A]: DOCKER });
    await create(inputs);
    writeFileSync(nodes[1].path(A), "# somebody else's\n");
    await mirrorPool.delete(ctx, URN, "workers", inputs, { applied: {} });
    expect([nodes[0].content(A), nodes[1].content(A)]).toEqual([undefined, "# somebody else's\n"]);
  });

  test("canceled, it keeps the resource", async () => {
    const inputs = pool([n1()], { [A]: DOCKER });
    const { state } = await create(inputs);
    ctx.abort.abort();
    await expect(mirrorPool.delete(ctx, URN, "workers", inputs, state)).rejects.toThrow(
      "canceled; the files may still be on n1",
    );
  });
});
