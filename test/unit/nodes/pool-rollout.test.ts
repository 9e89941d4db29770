/** A group as a whole: who is worked on, when it stops, what stays for the next up. The nodes themselves are stand-ins. */
import { beforeEach, describe, expect, test, vi } from "vitest";

import { mirrorPool } from "../../../provider/nodes/mirror-pool.ts";
import { sha256 } from "../../../provider/nodes/node-files.ts";
import { appliedOf } from "../../../provider/nodes/pool-state.ts";
import type { Properties } from "../../../provider/values.ts";
import { FleetStandIn, fleetPool, members } from "./fleet-stand-in.ts";
import { RecordedContext } from "./operation-context.ts";
import { details, failureOf, URN } from "./pool-outcome.ts";

let fleet: FleetStandIn;
let ctx: RecordedContext;

vi.mock("../../../provider/nodes/node-work.ts", () => ({
  workOnNode: (...args: Parameters<FleetStandIn["work"]>) => fleet.work(...args),
}));
vi.mock("../../../provider/nodes/ssh-connection.ts", async (original) => ({
  ...(await original<object>()),
  connect: (...args: Parameters<FleetStandIn["connect"]>) => fleet.connect(...args),
}));

beforeEach(() => {
  fleet = new FleetStandIn();
  ctx = new RecordedContext();
});

const create = (inputs: Properties) => mirrorPool.create(ctx, URN, inputs, false);
const update = (olds: Properties, state: Properties, news: Properties) =>
  mirrorPool.update(ctx, URN, "workers", olds, state, news, false);
const names = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `n${from + index}`);

/** The node table of the operation, a row a node. */
const rows = () =>
  ctx.lines
    .findLast(({ message }) => message.startsWith("node "))
    ?.message.split("\n")
    .slice(1)
    .map((line) => line.replace(/ +\d+\.\d(?= {2}|$)/, "").replaceAll(/ {2,}/g, " | ")) ?? [];

describe("a rollout", () => {
  test("that fails in its second wave begins no third, and the next up goes on with the rest only", async () => {
    const rollout = { canary: 1, wave: 3, maxFailed: 1, parallel: 3 };
    const inputs = fleetPool(members(10), "a", { rollout });
    fleet.fates.set("n5", "bad").set("n6", "bad");
    const failure = await failureOf(create(inputs));
    expect(failure.reasons).toEqual([
      "n5: the runtime did not take the new files; the old files are back",
      "n6: the runtime did not take the new files; the old files are back",
      "too many nodes failed; not begun: n8, n9, n10. The next up goes on with the nodes that are not done",
    ]);
    expect(fleet.takeAsked()).toEqual(names(1, 7));
    expect(rows()).toEqual([
      "n1 | canary | done",
      "n2 | 1 | done",
      "n3 | 1 | done",
      "n4 | 1 | done",
      "n5 | 2 | put back | the runtime did not take the new files; the old files are back",
      "n6 | 2 | put back | the runtime did not take the new files; the old files are back",
      "n7 | 2 | done",
      "n8 | 3 | not begun",
      "n9 | 3 | not begun",
      "n10 | 3 | not begun",
    ]);
    const left = { "nodes[4].name": {}, "nodes[5].name": {}, "nodes[7].name": {}, "nodes[8].name": {} };
    expect(Object.keys(details(inputs, failure.state, inputs))).toEqual([
      ...Object.keys(left),
      "nodes[9].name",
    ]);

    fleet.fates.clear();
    const state = await update(inputs, failure.state, inputs);
    expect(fleet.takeAsked()).toEqual(["n5", "n6", "n8", "n9", "n10"]);
    expect(ctx.progress).toContain("wave 2 of 2: 2/2 nodes done, 0 failed");
    expect(details(inputs, state, inputs)).toEqual({});
  });

  test("whose canary fails touches nobody else, and begins with it again", async () => {
    const inputs = fleetPool(members(5), "a", { rollout: { canary: ["n3"], maxFailed: "100%" } });
    fleet.fates.set("n3", "bad");
    const { reasons, state } = await failureOf(create(inputs));
    expect(fleet.takeAsked()).toEqual(["n3"]);
    expect(reasons[1]).toBe(
      "a canary failed; not begun: n1, n2, n4, n5. The next up goes on with the nodes that are not done",
    );
    expect(await failureOf(update(inputs, state, inputs))).toMatchObject({ reasons });
    expect(fleet.takeAsked()).toEqual(["n3"]);
    fleet.fates.clear();
    await update(inputs, state, inputs);
    expect(fleet.takeAsked()).toEqual(["n3", "n1", "n2", "n4", "n5"]);
  });

  test("canceled in its pause ends at once", async () => {
    const inputs = fleetPool(members(3), "a", { rollout: { canary: 1, wave: 1, pause: 3600 } });
    const operation = failureOf(create(inputs));
    await expect.poll(() => ctx.progress.at(-1)).toBe("pausing 3600 s before wave 1 of 2 (1 node)");
    ctx.abort.abort();
    expect((await operation).reasons).toEqual([
      "canceled; not begun: n2, n3. The next up goes on with the nodes that are not done",
    ]);
  });

  test("of a slow node holds up nobody of its wave, and everybody of the next", async () => {
    const inputs = fleetPool(members(6), "a", { rollout: { wave: 4, parallel: 2 } });
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    fleet.delay = (node) => (node === "n1" ? gate : Promise.resolve());
    const operation = create(inputs);
    await expect.poll(() => ctx.progress.at(-1)).toBe("wave 1 of 2: 3/4 nodes done, 0 failed");
    expect(fleet.asked.map(({ node }) => node)).toEqual(names(1, 4));
    release();
    await operation;
    expect([fleet.asked.length, fleet.peak]).toEqual([6, 2]);
  });
});

test("a node that failed may have either files: what only the change had goes when the settings go back", async () => {
  const first = fleetPool(members(1), "a");
  const second = {
    ...first,
    files: [
      { path: "/etc/mirrors/a.conf", content: "changed" },
      { path: "/etc/mirrors/b.conf", content: "b" },
    ],
  };
  const { state } = await create(first);
  fleet.fates.set("n1", "bad");
  const failure = await failureOf(update(first, state, second));
  fleet.fates.clear();
  await update(second, failure.state, first);
  expect(fleet.workOf("n1")?.gone).toEqual(
    new Map([["/etc/mirrors/b.conf", expect.objectContaining({ sums: [sha256("b"), sha256("b")] })]]),
  );
});

describe("nodes that can't be reached", () => {
  const skip = { onUnreachable: "skip", rollout: { canary: 1, wave: "20%", parallel: 10 } };

  test("are left to a later up, with a warning each time: 1 of 50", async () => {
    const inputs = fleetPool(members(50), "a", skip);
    fleet.fates.set("n7", "dead");
    const { state } = await create(inputs);
    const warning =
      "1 node could not be reached and was skipped; a later up does what is left:\n  n7: 10.0.0.6:22: no answer";
    expect(ctx.warnings).toEqual([warning]);
    expect(ctx.progress).toContain("wave 1 of 5: 9/10 nodes done, 0 failed, 1 skipped");
    expect(fleet.takeAsked()).toHaveLength(50);
    expect(Object.keys(details(inputs, state, inputs))).toEqual(["nodes[6].name"]);

    expect(await update(inputs, state, inputs)).toEqual(state);
    expect([fleet.takeAsked(), ctx.warnings]).toEqual([["n7"], [warning, warning]]);
    fleet.fates.clear();
    const mended = await update(inputs, state, inputs);
    expect([fleet.takeAsked(), details(inputs, mended, inputs)]).toEqual([["n7"], {}]);
  });

  test("are no canary: the next one is", async () => {
    fleet.fates.set("n1", "dead").set("n2", "dead").set("n3", "bad");
    const failure = await failureOf(create(fleetPool(members(5), "a", skip)));
    expect(fleet.takeAsked()).toEqual(["n1", "n3"]);
    expect(failure.reasons).toEqual([
      expect.stringMatching(/^n3: /),
      "a canary failed; not begun: n4, n5. The next up goes on with the nodes that are not done",
    ]);
    expect(rows().slice(0, 3)).toEqual([
      "n1 | canary | skipped | 10.0.0.0:22: no answer",
      "n2 | canary | skipped | 10.0.0.1:22: no answer",
      "n3 | canary | put back | the runtime did not take the new files; the old files are back",
    ]);
  });

  test("are an error where they are all, for then the fault is rather here", async () => {
    const inputs = fleetPool(members(50), "a", skip);
    for (const name of names(1, 50)) fleet.fates.set(name, "dead");
    const failure = await failureOf(create(inputs));
    expect(failure.reasons).toEqual(["none of the 50 nodes could be reached: 10.0.0.0:22: no answer"]);
    expect(failure.state).toEqual({ applied: {}, written: {} });
  });

  test("keep what is known of them, and are done later though nothing but the way to them changed", async () => {
    const inputs = fleetPool(members(3), "a", skip);
    const { state } = await create(inputs);
    const moved = fleetPool([...members(2), ...members(3, { user: "admin" }).slice(2)], "a", skip);
    fleet.fates.set("n3", "dead");
    fleet.takeAsked();
    const skipped = await update(inputs, state, moved);
    expect(appliedOf(skipped).get("n3")).toHaveProperty("files");
    expect(Object.keys(details(moved, skipped, moved))).toEqual(["nodes[2].name"]);
    fleet.fates.clear();
    fleet.takeAsked();
    await update(moved, skipped, moved);
    expect(fleet.takeAsked()).toEqual(["n3"]);
  });

  test("fail by default", async () => {
    fleet.fates.set("n1", "dead");
    const failure = await failureOf(create(fleetPool(members(2), "a", { rollout: { parallel: 1 } })));
    expect(failure.reasons[0]).toBe("n1: 10.0.0.0:22: no answer");
    expect(fleet.takeAsked()).toEqual(["n1"]);
  });

  test("hold up no delete: many are tried at once", async () => {
    const inputs = fleetPool(members(40), "a", { rollout: { parallel: 10 } });
    const { state } = await create(inputs);
    for (const name of names(1, 40)) fleet.fates.set(name, "dead");
    fleet.delay = () => new Promise(setImmediate);
    fleet.takeAsked();
    await mirrorPool.delete(ctx, URN, "workers", inputs, state);
    expect([fleet.takeAsked().length, fleet.peak]).toEqual([40, 10]);
    expect(ctx.warnings).toHaveLength(21);
    expect(ctx.warnings[20]).toMatch(/^n21, .*n40: its files could not be removed and may still be there$/);
  });
});

describe("a file that is shared with others", () => {
  const auth = (...hosts: string[]) =>
    JSON.stringify({ auths: Object.fromEntries(hosts.map((host) => [host, { auth: "c2VjcmV0" }])) });
  const shared = (...hosts: string[]) => ({
    ...fleetPool(members(2), "a", { onUnreachable: "skip" }),
    files: [
      { path: "/etc/mirrors/a.conf", content: "a" },
      ...(hosts.length === 0
        ? []
        : [{ path: "/etc/auth.json", content: auth(...hosts), merge: "auth-json" }]),
    ],
  });
  const allGone = (name: string) => {
    const work = fleet.workOf(name);
    return work?.free?.(work.gone) ?? work?.gone;
  };
  const goneOf = (name: string) => allGone(name)?.get("/etc/auth.json");

  test("loses what older versions had put in, from nodes that slept through some too", async () => {
    const [v1, v2, v3] = [shared("one", "two"), shared("two", "three"), shared()];
    const { state } = await create(v1);
    expect(appliedOf(state).get("n1")).toHaveProperty("merged", {
      "/etc/auth.json": { format: "auth-json", keys: ["auths/one", "auths/two"] },
    });
    fleet.fates.set("n2", "dead");
    const second = await update(v1, state, v2);
    expect(goneOf("n1")).toMatchObject({ merge: "auth-json", keys: ["auths/one"] });
    expect(appliedOf(second).get("n1")).toHaveProperty("merged", {
      "/etc/auth.json": { format: "auth-json", keys: ["auths/two", "auths/three"] },
    });
    const third = await update(v2, second, v3);
    expect(goneOf("n1")?.keys).toEqual(["auths/two", "auths/three"]);
    expect(appliedOf(third).get("n1")).not.toHaveProperty("merged");
    // What the second version was to bring may be there too.
    expect(goneOf("n2")?.keys).toEqual(["auths/one", "auths/two", "auths/three"]);
    fleet.fates.clear();
    // The inputs of the first version are long forgotten by now.
    await update(v3, third, v3);
    expect(goneOf("n2")).toMatchObject({ merge: "auth-json", keys: ["auths/one", "auths/two"] });
  });

  test("is left without our part by a delete, but for what a live pool wants there", async () => {
    const inputs = shared("one", "two");
    const { state } = await create(inputs);
    const other = URN.replace("workers", "others");
    await mirrorPool.check(undefined, shared("two"), other);
    await mirrorPool.delete(ctx, URN, "workers", inputs, state);
    expect(goneOf("n1")?.keys).toEqual(["auths/one"]);
    expect(allGone("n1")?.has("/etc/mirrors/a.conf")).toBe(false);
    await mirrorPool.delete(ctx, other, "others", inputs, state);
    expect(goneOf("n1")?.keys).toEqual(["auths/one", "auths/two"]);
  });

  test("is nowhere told: not in the state, the log, reasons or the diff", async () => {
    fleet.fates.set("n2", "bad");
    const [inputs, next] = [shared("one"), shared("one", "two")];
    const failure = await failureOf(create(inputs));
    await mirrorPool.update(ctx, URN, "workers", inputs, failure.state, next, true);
    const told = JSON.stringify([ctx.lines, failure.state, failure.reasons, details(inputs, {}, next)]);
    expect(told).not.toContain("c2VjcmV0");
    const broken = { ...inputs, files: [{ path: "/x", content: "c2VjcmV0{", merge: "auth-json" }] };
    const { failures } = await mirrorPool.check(undefined, broken);
    expect(failures).toEqual([
      { property: "files[0].content", reason: "must be JSON: sections, each a value or values by name" },
    ]);
  });
});

describe("verifyPull", () => {
  const machine = Object.fromEntries(
    Object.entries({ ...members(1)[0], path: "/var/log/harbor/proxy.log" }).filter(([key]) => key !== "name"),
  );
  const verifyPull = {
    image: "docker.io/library/hello-world:latest",
    pullCommand: "crictl pull x",
    removeCommand: "crictl rmi x",
    requests: "/v2/proxy.docker.io/library/hello-world/manifests/",
    log: machine,
  };

  test("is one for all nodes of a rollout, and for nothing else", async () => {
    const inputs = fleetPool(members(3), "a", { verifyPull });
    const { state } = await create(inputs);
    const given = fleet.asked.map(({ work }) => work.verify);
    expect(given[0]).toBeDefined();
    expect(new Set(given).size).toBe(1);
    fleet.takeAsked();
    await mirrorPool.read(ctx, URN, "workers", inputs, state);
    await mirrorPool.delete(ctx, URN, "workers", inputs, state);
    expect(new Set(fleet.asked.map(({ work }) => work.verify))).toEqual(new Set([undefined]));
  });

  test("switched on works on no good node, and a Harbor elsewhere is no change at all", async () => {
    const [without, inputs] = [fleetPool(members(2), "a"), fleetPool(members(2), "a", { verifyPull })];
    const { state } = await create(without);
    fleet.takeAsked();
    expect(details(without, state, inputs)).toEqual({ verifyPull: { kind: "add" } });
    expect(await update(without, state, inputs)).toEqual(state);
    expect(fleet.takeAsked()).toEqual([]);
    const elsewhere = { ...verifyPull, log: { ...machine, address: "10.9.9.9" } };
    expect(details(inputs, state, { ...inputs, verifyPull: elsewhere })).toEqual({});
  });
});

test("what nodes found is said once, with their names", async () => {
  fleet.findings.push({ text: "/etc/x.conf:3: shadows ours; remove it", breaks: false });
  await create(fleetPool(members(30), "a"));
  const all = `${names(1, 20).join(", ")}, … and 10 more`;
  expect(ctx.warnings).toEqual([`${all}: /etc/x.conf:3: shadows ours; remove it`]);
});
