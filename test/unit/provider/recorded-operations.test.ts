/** Retention, immutable tags, labels, webhooks, replication and schedules against what a real Harbor answered. */
import { expect, test } from "vitest";
import { garbageCollection } from "../../../provider/harbor/garbage-collection.ts";
import { immutableTagRule } from "../../../provider/harbor/immutable-tag-rule.ts";
import { label } from "../../../provider/harbor/label.ts";
import { purgeAuditLog } from "../../../provider/harbor/purge-audit-log.ts";
import { replicationPolicy } from "../../../provider/harbor/replication-policy.ts";
import { retentionPolicy } from "../../../provider/harbor/retention-policy.ts";
import { scanAll } from "../../../provider/harbor/scan-all.ts";
import { webhookPolicy } from "../../../provider/harbor/webhook-policy.ts";
import type { ResourceModule } from "../../../provider/resource.ts";
import type { Properties } from "../../../provider/values.ts";
import { checked, contextFor, URN } from "./context.ts";
import { recordedHarbor, type RecordedHarbor } from "./recorded-harbor.ts";

/** The project `cache`, number 5, whose retention policy is number 1. */
const CACHE = "10-retention/4";
const API = "/api/v2.0";
/** An empty list. */
const NONE = "13-webhooks/2";
const NO_POLICIES = `GET ${API}/projects/3/webhook/policies`;
const RULES = `${API}/projects/cache/immutabletagrules`;
const POLICIES = `${API}/projects/cache/webhook/policies`;
const paths = {
  [`${API}/projects/5`]: `${API}/projects/cache`,
  [`GET ${API}/projects/7/immutabletagrules`]: `${RULES}?page_size=0`,
  [`${API}/projects/7/immutabletagrules`]: RULES,
  [`${API}/projects/7/immutabletagrules/1`]: `${RULES}/1`,
  [NO_POLICIES]: `${POLICIES}?page_size=0`,
  [`${API}/projects/3/webhook/policies`]: POLICIES,
  [`${API}/projects/3/webhook/policies/1`]: `${POLICIES}/1`,
};

async function played(exchanges: readonly string[], more: Record<string, string> = {}) {
  return recordedHarbor(exchanges, undefined, undefined, { ...paths, ...more });
}

async function create(harbor: RecordedHarbor, module: ResourceModule, news: Properties) {
  return module.create(contextFor(harbor.client), URN, await checked(module, news), false);
}

async function update(harbor: RecordedHarbor, module: ResourceModule, id: string, news: Properties) {
  const inputs = await checked(module, news);
  return module.update(contextFor(harbor.client), URN, id, inputs, inputs, inputs, false);
}

async function read(harbor: RecordedHarbor, module: ResourceModule, id: string) {
  return module.read(contextFor(harbor.client), URN, id, {}, {});
}

test("retention: a proxy-cache project's own policy is changed", async () => {
  const harbor = await played([CACHE, "10-retention/25", CACHE, "10-retention/26"]);
  const rules = [{ mostRecentlyPushed: 10 }, { alwaysRetain: true }];
  const { id } = await create(harbor, retentionPolicy, { project: "cache", schedule: "0 0 0 * * *", rules });
  expect(id).toBe("cache");
  expect(harbor.unexpected()).toEqual([]);
});

test("retention: without a schedule", async () => {
  const harbor = await played([CACHE, "10-retention/14", CACHE, "10-retention/15"]);
  const rules = [{ nDaysSinceLastPull: 30 }];
  await update(harbor, retentionPolicy, "cache", { project: "cache", rules });
  expect(harbor.unexpected()).toEqual([]);
});

test("retention: Harbor's default, imported", async () => {
  const harbor = await played([CACHE, "10-retention/5"]);
  const found = await read(harbor, retentionPolicy, "cache");
  expect(found?.inputs).toEqual({
    project: "cache",
    schedule: "0 0 0 * * *",
    rules: [{ nDaysSinceLastPull: 7, untaggedArtifacts: true, disabled: false }],
  });
  const news = await checked(retentionPolicy, {
    ...found?.inputs,
    rules: [{ nDaysSinceLastPull: 7, repoMatching: "**" }],
  });
  expect(retentionPolicy.diff("cache", found?.inputs ?? {}, {}, news).detailed).toEqual({});
});

test("an immutable tag rule is made, and switched off", async () => {
  const rule = { project: "cache", tagMatching: "v*" };
  const [post = "", list = "", put = "", off = ""] = [2, 4, 5, 6].map(
    (seq) => `11-immutable-labels-members/${seq}`,
  );
  const made = await played([NONE, post, list], { [NO_POLICIES]: `${RULES}?page_size=0` });
  expect((await create(made, immutableTagRule, rule)).id).toBe("cache/1");
  expect(made.unexpected()).toEqual([]);
  const changed = await played([list, put, put, off]);
  await update(changed, immutableTagRule, "cache/1", { ...rule, disabled: true });
  expect(changed.unexpected()).toEqual([]);
});

test("a label is read, and gone when it is", async () => {
  const harbor = await played(["11-immutable-labels-members/21", "11-immutable-labels-members/23"]);
  expect(await read(harbor, label, "1")).toEqual({
    id: "1",
    inputs: { name: "gold2", color: "#FFFFFF" },
    state: { name: "gold2", color: "#FFFFFF", labelId: 1 },
  });
  expect(await read(harbor, label, "1")).toBeUndefined();
  expect(harbor.unexpected()).toEqual([]);
});

test("a label of a scope that has others is made", async () => {
  const [others, post, gone] = [19, 13, 23].map((seq) => `11-immutable-labels-members/${seq}`);
  const harbor = await played([others, post, gone].map(String), {
    [`${API}/labels?scope=p&project_id=7`]: `${API}/labels?scope=g&page_size=0`,
  });
  const gold = { name: "gold", color: "#0065AB", description: "d" };
  // It is gone again when it is read back: what was asked is as recorded.
  await expect(create(harbor, label, gold)).rejects.toThrow(/gone again/);
  expect(harbor.unexpected()).toEqual([]);
});

const hook = {
  project: "cache",
  name: "hook",
  description: "d",
  eventTypes: ["PUSH_ARTIFACT", "PULL_ARTIFACT", "QUOTA_EXCEED"],
  address: "http://127.0.0.1:15557/hook",
  authHeader: "Bearer tok",
  skipCertVerify: true,
  payloadFormat: "CloudEvents",
};

test("a webhook policy is made, changed and gone", async () => {
  const made = await played([NONE, "13-webhooks/3", "13-webhooks/17"]);
  expect((await create(made, webhookPolicy, hook)).id).toBe("cache/1");
  expect(made.unexpected()).toEqual([]);
  const changed = await played(["13-webhooks/17", "13-webhooks/20", "13-webhooks/24"]);
  await update(changed, webhookPolicy, "cache/1", { ...hook, enabled: false });
  expect(changed.unexpected()).toEqual([]);
  const gone = await played(["13-webhooks/25"], {
    [`${API}/projects/3/webhook/policies/9999`]: `${POLICIES}/1`,
  });
  expect(await read(gone, webhookPolicy, "cache/1")).toBeUndefined();
});

const push = {
  name: "push-out",
  description: "d",
  action: "push",
  registryId: 2,
  schedule: "event_based",
  destNamespace: "mirror",
  destNamespaceReplace: 1,
  filters: [
    { type: "name", value: "src/**" },
    { type: "tag", value: "v*" },
  ],
};

test("a replication policy is made, changed and deleted", async () => {
  const list = `${API}/replication/policies?page_size=0`;
  const made = await played([NONE, "12-replication/5", "12-replication/29"], { [NO_POLICIES]: list });
  expect(await create(made, replicationPolicy, push)).toMatchObject({
    id: "1",
    state: { policyId: 1, speed: -1 },
  });
  expect(made.unexpected()).toEqual([]);
  const changed = await played(["12-replication/29", "12-replication/32", "12-replication/33"]);
  await update(changed, replicationPolicy, "1", { ...push, description: "changed", enabled: false });
  expect(changed.unexpected()).toEqual([]);
  const deleted = await played(["12-replication/29", "12-replication/56", "12-replication/58"]);
  const state = await checked(replicationPolicy, push);
  for (let round = 0; round < 2; round++) {
    await replicationPolicy.delete(contextFor(deleted.client), URN, "1", state, state);
  }
  expect(deleted.unexpected()).toEqual([]);
});

test("of many replication policies, pulls and without trigger or filters among them, the one is found", async () => {
  const harbor = await played(["12-replication/26", "12-replication/38", "12-replication/39"], {
    [`GET ${API}/replication/policies`]: `${API}/replication/policies?page_size=0`,
  });
  // Its body has an id that Harbor ignored.
  await expect(create(harbor, replicationPolicy, push)).rejects.toThrow(/418/);
  expect(harbor.unexpected()).toEqual([
    expect.stringMatching(/^PUT .*policies\/1 .*"id":77/),
    expect.any(String),
  ]);
});

test("schedules: none, set, without parameters, removed", async () => {
  const gc = [1, 6, 7, 14, 18, 19].map((seq) => `14-schedules-gc-purge-scan/${seq}`);
  const harbor = await played(gc);
  expect(await read(harbor, garbageCollection, "gc")).toBeUndefined();
  const inputs = { schedule: "0 30 2 * * *", deleteUntagged: true, workers: 2 };
  await create(harbor, garbageCollection, inputs);
  expect((await read(harbor, garbageCollection, "gc"))?.inputs).toEqual({
    schedule: "0 0 * * * *",
    deleteUntagged: false,
    workers: 1,
  });
  await garbageCollection.delete(contextFor(harbor.client), URN, "gc", inputs, inputs);
  expect(await read(harbor, garbageCollection, "gc")).toBeUndefined();
  expect(harbor.unexpected()).toEqual([]);
});

test("schedules: the purge of the audit log", async () => {
  const harbor = await played([25, 30, 31].map((seq) => `14-schedules-gc-purge-scan/${seq}`));
  expect(await read(harbor, purgeAuditLog, "purge-audit")).toBeUndefined();
  await create(harbor, purgeAuditLog, {
    schedule: "0 30 2 * * *",
    auditRetentionHour: 168,
    includeEventTypes: ["create_artifact", "delete_artifact", "pull_artifact"],
  });
  expect(harbor.unexpected()).toEqual([]);
});

test("schedules: no scanner, no scan", async () => {
  const harbor = await played(["14-schedules-gc-purge-scan/63"]);
  expect(await read(harbor, scanAll, "scan-all")).toBeUndefined();
  expect(harbor.unexpected()).toEqual([]);
});
