/** The resource `ReplicationPolicy` against the Harbor stand-in. */
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { PartialFailure } from "../../../provider/resource.ts";
import { registry } from "../../../provider/harbor/registry.ts";
import { replicationPolicy } from "../../../provider/harbor/replication-policy.ts";
import { checked, contextFor, failuresOf, URN } from "./context.ts";
import { startLabHarbor, type LabHarbor } from "./lab-harbor.ts";
import { end, expectAdoption, expectOthersSafe, live, make, readBack } from "./life-cycle.ts";
import { empty, json, misbehavingServer, reset } from "./misbehaving-server.ts";

let lab: LabHarbor;
const numbers: number[] = [];
beforeAll(async () => {
  lab = await startLabHarbor();
  for (const name of ["one", "two"]) {
    const endpoint = { name, providerName: "docker-registry", endpointUrl: lab.upstream.url };
    numbers.push(Number((await make(registry, lab.client, endpoint)).id));
  }
});
afterAll(async () => {
  await lab.close();
});

const push = (name: string) => ({
  name,
  action: "push",
  registryId: numbers[0] ?? 0,
  schedule: "event_based",
});

test("its life", async () => {
  const everything = [
    { type: "resource", value: "image" },
    { type: "name", value: "team/**" },
    { type: "tag", value: "v*" },
    { type: "label", value: "gold,silver", decoration: "excludes" },
  ];
  const made = await live({
    module: replicationPolicy,
    harbor: lab.client,
    inputs: push("push-out"),
    changes: [
      { name: "Push 2", description: "d" },
      { registryId: numbers[1] ?? 0 },
      { action: "pull", schedule: "0 0 3 * * *" },
      { schedule: "0 30 3 * * *", singleActiveReplication: true },
      { schedule: null },
      { destNamespace: "mirror/a_b", destNamespaceReplace: 1 },
      { destNamespaceReplace: 0 },
      { filters: everything },
      { filters: everything.slice(1, 2) },
      { filters: [{ type: "tag", value: "v*", decoration: "matches" }] },
      { enabled: false, override: false },
      { deletion: true, speed: 1024, copyByChunk: true },
      { speed: 1 },
    ],
    async byHand(id) {
      const url = `/replication/policies/${id}`;
      const policy = await lab.client.get(url, z.record(z.string(), z.unknown()));
      await lab.client.put(url, { ...policy, enabled: false, speed: 99, trigger: null, filters: [] });
      return ["enabled", "speed", "schedule"];
    },
    outputs: ["policyId"],
  });
  expect(made.state["policyId"]).toBe(Number(made.id));
  await expectOthersSafe(replicationPolicy, lab.client, made, "name");
  const adopted = await expectAdoption(replicationPolicy, lab.client, made, { override: false });
  await end(replicationPolicy, lab.client, adopted);
  expect(await readBack(replicationPolicy, lab.client, made)).toBeUndefined();
});

test("no filters and an empty list of them are the same", async () => {
  const { inputs } = await replicationPolicy.check(undefined, { ...push("a"), filters: [] });
  expect(inputs).not.toHaveProperty("filters");
});

test("check knows Harbor's rules", async () => {
  const wrong = {
    name: "",
    action: "sync",
    registryId: 0,
    schedule: "0 3 * * *",
    destNamespace: "Mirror",
    destNamespaceReplace: -2,
    speed: 0,
    filters: [
      { type: "name", value: "a/**", decoration: "matches" },
      { type: "resource", value: "chart" },
      { type: "size", value: "1" },
    ],
  };
  expect(await failuresOf(replicationPolicy, wrong)).toEqual([
    "name: must not be empty",
    "action: must be push or pull",
    "registryId: must be a registry's number, 1 or greater",
    expect.stringMatching(
      /^schedule: must be manual, event_based or a cron\. As a cron it must have six fields/,
    ),
    expect.stringMatching(/^destNamespace: must be a path/),
    "destNamespaceReplace: must be -1 to 127",
    expect.stringMatching(/^filters\[0\]: .*"decoration"/),
    "filters[1].value: must be image or artifact",
    "filters[2].type: must be name, tag, label or resource",
    "speed: must be -1 (without limit) or 1 KB/s and more",
  ]);
  const [one, two] = [
    { type: "tag", value: "a" },
    { type: "tag", value: "b" },
  ];
  expect(await failuresOf(replicationPolicy, { ...push("a"), filters: [one, two] })).toEqual([
    expect.stringMatching(/^filters\[1\]: there is a filter of the type tag already/),
  ]);
  const events = { ...push("a"), action: "pull", singleActiveReplication: true };
  expect(await failuresOf(replicationPolicy, events)).toEqual([
    expect.stringMatching(/^schedule: event_based works for the action push only/),
    expect.stringMatching(/^singleActiveReplication: /),
  ]);
  expect(await failuresOf(replicationPolicy, { ...push("a"), schedule: "0 * * * * *" })).toEqual([
    expect.stringMatching(/^schedule: must not run each minute/),
  ]);
});

test("an endpoint that Harbor doesn't have is named", async () => {
  await expect(make(replicationPolicy, lab.client, { ...push("orphan"), registryId: 999 })).rejects.toThrow(
    /404.*registry 999 not found/,
  );
});

const shown = {
  id: 7,
  name: "push-out",
  src_registry: { id: 0 },
  dest_registry: { id: 2 },
  dest_namespace_replace_count: -1,
  trigger: { type: "manual" },
  filters: null,
  enabled: true,
  override: true,
};
const manual = { name: "push-out", action: "push", registryId: 2 };

test("a create whose answer was lost is found again, not doubled", async () => {
  const server = await misbehavingServer([
    json(200, []),
    reset,
    json(200, [shown]),
    empty(200),
    json(200, shown),
  ]);
  const context = contextFor(server.client);
  const inputs = await checked(replicationPolicy, manual);
  expect(await replicationPolicy.create(context, URN, inputs, false)).toEqual({
    id: "7",
    state: { ...inputs, policyId: 7 },
  });
  expect(server.asked).toEqual([
    "GET /replication/policies?page_size=0",
    "POST /replication/policies",
    "GET /replication/policies?page_size=0",
    "PUT /replication/policies/7",
    "GET /replication/policies/7",
  ]);
  expect(context.shown).toEqual([expect.stringMatching(/taken over/)]);
});

test("what Harbor ignored silently is a failure with state", async () => {
  const answers = [json(200, []), empty(201, { location: "/api/v2.0/replication/policies/7" })];
  const server = await misbehavingServer([...answers, json(200, { ...shown, speed: 5 })]);
  const inputs = await checked(replicationPolicy, manual);
  const failure: unknown = await replicationPolicy
    .create(contextFor(server.client), URN, inputs, false)
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(PartialFailure);
  expect(failure).toMatchObject({
    id: "7",
    state: inputs,
    reasons: [expect.stringMatching(/did not take over: speed\./)],
  });
});

test("one that is replicating can't be deleted, and says what runs", async () => {
  const message = "contains executions that aren't in final status, stop the execution first";
  const refused = json(412, { errors: [{ code: "PRECONDITION", message }] });
  const server = await misbehavingServer([json(200, shown), refused, json(200, [{ id: 31 }, { id: 32 }])]);
  const state = { ...manual, policyId: 7 };
  const context = contextFor(server.client);
  await expect(replicationPolicy.delete(context, URN, "7", state, state)).rejects.toThrow(
    /policy push-out can't be deleted: it is replicating \(executions 31, 32\).*stop it.*412/,
  );
  expect(server.asked[2]).toBe("GET /replication/executions?policy_id=7&status=InProgress");
});

test("a schedule needs the jobservice", async () => {
  const file = path.join(lab.harbor.app.options.dataDir, "lab-down");
  writeFileSync(file, "jobservice\n");
  try {
    const scheduled = { ...push("scheduled"), schedule: "0 0 3 * * *" };
    await expect(make(replicationPolicy, lab.client, scheduled)).rejects.toThrow(
      /policy scheduled can't be written: these parts of Harbor are down: jobservice\..*500/,
    );
  } finally {
    rmSync(file);
  }
});
