/** What a preview says of a pool. */
import { expect, test } from "vitest";

import { mirrorPool } from "../../../provider/nodes/mirror-pool.ts";
import { parsePoolInputs } from "../../../provider/nodes/pool-inputs.ts";
import { appliedNow, stateOf, stateOfFiles } from "../../../provider/nodes/pool-state.ts";
import type { AppliedNode } from "../../../provider/nodes/pool-state.ts";
import { UNKNOWN } from "../../../provider/values.ts";
import type { Properties, Value } from "../../../provider/values.ts";
import { fleetPool, members } from "./fleet-stand-in.ts";
import { RecordedContext } from "./operation-context.ts";
import { details, URN } from "./pool-outcome.ts";

const A = "/etc/mirrors/a.conf";

/** Lines that a preview of `news` says, where all of `olds` was applied, but for `records`. */
async function preview(
  olds: Properties,
  news: Properties,
  records: Record<string, AppliedNode | undefined> = {},
): Promise<string[]> {
  const ctx = new RecordedContext();
  const before = Object.keys(olds).length === 0 ? undefined : parsePoolInputs(olds);
  const files = stateOfFiles(before?.files ?? []);
  const all = (before?.nodes ?? []).map(({ name }) => [name, appliedNow(files)] as const);
  const applied = new Map(
    [...all, ...Object.entries(records)].flatMap(([name, one]) => (one ? [[name, one]] : [])),
  );
  for (const [name, record] of Object.entries(records)) if (record === undefined) applied.delete(name);
  if (before === undefined) await mirrorPool.create(ctx, URN, news, true);
  else await mirrorPool.update(ctx, URN, "workers", olds, stateOf(applied), news, true);
  expect(ctx.lines.every(({ severity }) => severity === "info")).toBe(true);
  return ctx.lines.flatMap(({ message }) => message.split("\n").map((line) => line.trim()));
}

test("waves, with their nodes, and what each file comes to", async () => {
  const rollout = { canary: 1, wave: 2 };
  const old = fleetPool(members(6), "a", { rollout });
  const files: Value = [
    { path: A, content: "changed" },
    { path: "/etc/certs.d/ca.crt", content: "PEM" },
    { path: "/etc/auth.json", content: '{"auths":{"harbor":{"auth":"c2VjcmV0"}}}', merge: "auth-json" },
  ];
  expect(await preview(old, { ...old, files }, { n4: undefined })).toEqual([
    "6 of 6 nodes change: canary n1; then 3 waves of at most 2 nodes",
    "wave 1: n2, n3",
    "wave 2: n4, n5",
    "wave 3: n6",
    `${A} changes on 5 nodes: n1, n2, n3, n5, n6`,
    "/etc/certs.d/ca.crt is added to 6 nodes",
    "/etc/auth.json is merged into on 6 nodes",
    `${A} is added to 1 node: n4`,
  ]);
  const back = await preview({ ...old, files }, old);
  expect(back.slice(4)).toEqual([
    `${A} changes on 6 nodes`,
    "/etc/certs.d/ca.crt is removed from 6 nodes",
    "/etc/auth.json loses what is ours on 6 nodes",
  ]);
});

test("only the nodes that aren't as wanted, and what was edited there by hand", async () => {
  const inputs = fleetPool(members(4), "a", { rollout: { canary: 1 } });
  const good = appliedNow(stateOfFiles(parsePoolInputs(inputs).files));
  const drifted = { ...good, digest: "other", seen: { [A]: "sum mode 644" } };
  const emptied = { ...good, digest: "none", seen: { [A]: "absent" } };
  expect(await preview(inputs, inputs, { n2: drifted, n4: emptied })).toEqual([
    "2 of 4 nodes change: n2, n4",
    `${A} changes on 1 node: n2`,
    `${A} is added to 1 node: n4`,
    `edited by hand: ${A} on n2`,
    `removed by hand: ${A} on n4`,
  ]);
  expect(await preview(inputs, fleetPool(members(3), "a"))).toEqual(["files are removed from n4"]);
  const moved = fleetPool(members(4, { user: "admin" }), "a");
  expect(await preview(inputs, moved)).toEqual([
    "4 of 4 nodes change: n1, n2, n3, n4",
    "no file is known to differ on 4 nodes",
  ]);
});

test("is short for a thousand nodes", async () => {
  const inputs = fleetPool(members(1000), "a", { rollout: { canary: 2, wave: 25 } });
  const lines = await preview({}, inputs);
  expect(lines[0]).toBe("1000 of 1000 nodes change: canary n1, n2; then 40 waves of at most 25 nodes");
  expect(lines[1]).toMatch(/^wave 1: n3, .*, n22, … and 5 more$/);
  expect(lines.slice(9)).toEqual(["… and 32 more waves", `${A} is added to 1000 nodes`]);
});

test("what is known is said before all of it is", async () => {
  const log = { user: "root", path: "/var/log/harbor/proxy.log" };
  const verifyPull: Properties = {
    image: "docker.io/library/hello-world:latest",
    pullCommand: "crictl pull x",
    removeCommand: "crictl rmi x",
    requests: "/v2/proxy.docker.io/library/hello-world/manifests/",
    log: { ...log, address: UNKNOWN, hostKey: UNKNOWN },
  };
  const inputs = fleetPool(members(2), "a");
  const files: Value = [
    { path: A, content: "a" },
    { path: "/etc/certs.d/ca.crt", content: UNKNOWN },
    { path: "/etc/auth.json", content: UNKNOWN, merge: "auth-json" },
  ];
  expect(await preview({}, { ...inputs, files, verifyPull })).toEqual([
    "2 of 2 nodes may change: n1, n2",
    `${A} is added to 2 nodes`,
    "/etc/certs.d/ca.crt is added to 2 nodes",
    "/etc/auth.json is merged into on 2 nodes",
  ]);
  expect(await preview({}, { ...inputs, nodes: UNKNOWN })).toEqual([]);
  // Harbor's machine is made anew: nothing of that is a change of the nodes.
  const known = {
    ...verifyPull,
    log: { ...log, address: "10.9.9.9", hostKey: "ssh-ed25519 AAAA" },
  };
  const state = stateOf(
    new Map(["n1", "n2"].map((name) => [name, appliedNow(stateOfFiles(parsePoolInputs(inputs).files))])),
  );
  const [before, now] = [
    { ...inputs, verifyPull: known },
    { ...inputs, verifyPull },
  ];
  expect(details(before, state, now)).toEqual({});
  expect(details(before, state, { ...inputs, verifyPull: UNKNOWN })).toEqual({});
  expect(details(before, {}, now)).toEqual({
    "nodes[0].name": { kind: "update" },
    "nodes[1].name": { kind: "update" },
  });
});
