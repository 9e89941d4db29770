/** What the recording of replication doesn't show. */
import { expect, test } from "vitest";
import { operatedHarbor, refused } from "./operated.ts";

const harbor = operatedHarbor();

const policy = {
  name: "push",
  dest_registry: { id: 1 },
  trigger: { type: "event_based" },
  filters: [
    { type: "name", value: "{own,cache}/{app,tool}*" },
    { type: "tag", value: "*-rc?", decoration: "excludes" },
    { type: "resource", value: "image" },
  ],
  enabled: true,
};
const pull = { name: "pull", src_registry: { id: 1 }, trigger: { type: "manual" }, enabled: true };
const scheduled = (cron: string) => ({
  ...pull,
  trigger: { type: "scheduled", trigger_settings: { cron } },
});
const runs = (query = "") => harbor.api("GET", `/replication/executions${query}`);

test("a push starts what waits for it, and the run ends", async () => {
  await harbor.api("POST", "/replication/policies", policy);
  await harbor.api("POST", "/replication/policies", { ...policy, name: "off", enabled: false });
  for (const [project, name, tag] of [
    ["own", "other", "1.0"],
    ["own", "app", "1.0-rc1"],
    ["own", "app/deeper", "1.0"],
    ["cache", "app", "1.0"],
  ] as const) {
    harbor.pushed(project, name, tag);
  }
  expect(await runs()).toEqual({ status: 200, body: [] });
  harbor.pushed("own", "app", "1.0");
  expect(await runs("?policy_id=1")).toMatchObject({
    body: [{ policy_id: 1, trigger: "event_based", status: "InProgress", total: 1, succeed: 1, failed: 0 }],
  });
  expect(await runs("?status=Succeed")).toMatchObject({ body: [] });
  const end = harbor.afterARun();
  expect(await runs("?status=Succeed&trigger=event_based")).toMatchObject({
    body: [{ status: "Succeed", end_time: end }],
  });
  await harbor.api("DELETE", "/replication/policies/1");
  expect(await runs()).toMatchObject({ body: [] });
});

test("a run by hand counts what it would push; a disabled policy has none", async () => {
  harbor.pushed("own", "app", "1.0");
  harbor.pushed("own", "tool", "1.0-rc1");
  await harbor.api("POST", "/replication/policies", policy);
  expect(await harbor.api("POST", "/replication/executions", { policy_id: 1 })).toMatchObject({
    status: 201,
  });
  expect(await runs()).toMatchObject({ body: [{ trigger: "manual", total: 1 }] });
  await harbor.api("PUT", "/replication/policies/1", { ...policy, enabled: false });
  expect(await harbor.api("POST", "/replication/executions", { policy_id: 1 })).toMatchObject(
    refused(412, "the policy 1 is disabled"),
  );
});

test("a run that jobservice is down for has failed", async () => {
  await harbor.api("POST", "/replication/policies", policy);
  harbor.stopJobservice();
  harbor.pushed("own", "app", "1.0");
  expect(await runs()).toMatchObject({ body: [{ status: "Failed", failed: 1, succeed: 0 }] });
});

test("a schedule comes, changes and goes with its policy", async () => {
  await harbor.api("DELETE", "/projects/cache");
  await harbor.api("POST", "/replication/policies", scheduled("0 0 3 * * *"));
  expect(harbor.schedules()).toEqual(["REPLICATION 0 0 3 * * *"]);
  await harbor.api("PUT", "/replication/policies/1", scheduled("0 0 4 * * *"));
  expect(harbor.schedules()).toEqual(["REPLICATION 0 0 4 * * *"]);
  await harbor.api("PUT", "/replication/policies/1", { ...scheduled("0 0 4 * * *"), enabled: false });
  expect(harbor.schedules()).toEqual([]);
  harbor.stopJobservice();
  expect(await harbor.api("PUT", "/replication/policies/1", scheduled("0 0 3 * * *"))).toMatchObject({
    status: 500,
  });
  expect(await harbor.api("GET", "/replication/policies/1")).not.toHaveProperty("body.enabled");
});

test("what Harbor refuses is refused in its words", async () => {
  for (const [body, expected] of [
    [{ ...policy, dest_namespace: "Mirror" }, refused(400, "invalid destination namespace: Mirror")],
    [
      { ...policy, filters: [{ type: "name", value: "a", decoration: "excludes" }] },
      refused(400, "only tag and label filter support decoration"),
    ],
    [
      { ...policy, filters: [{ type: "resource", value: "chart" }] },
      refused(400, "invalid resource filter: chart"),
    ],
    [
      { ...policy, filters: [{ type: "label", value: "a" }] },
      refused(400, "the type of label filter value isn't string slice"),
    ],
    [
      scheduled("0 * * * * *"),
      refused(400, "* is not allowed for the Minutes field of the cron setting of replication policy"),
    ],
    [{ ...policy, single_active_replication: true }, { status: 500 }],
  ] as const) {
    expect(await harbor.api("POST", "/replication/policies", body)).toMatchObject(expected);
  }
});

test("deletions are asked for by the older name", async () => {
  await harbor.api("POST", "/replication/policies", { ...policy, replicate_deletion: true });
  expect(await harbor.api("GET", "/replication/policies/1")).not.toHaveProperty("body.replicate_deletion");
  await harbor.api("PUT", "/replication/policies/1", { ...policy, deletion: true });
  expect(await harbor.api("GET", "/replication/policies/1")).toMatchObject({
    body: { deletion: true, replicate_deletion: true },
  });
});

test("its endpoint stays as long as it does", async () => {
  await harbor.api("DELETE", "/projects/cache");
  await harbor.api("POST", "/replication/policies", pull);
  expect(await harbor.api("DELETE", "/registries/1")).toMatchObject(
    refused(412, "the registry 1 is referenced by replication policies, cannot delete it"),
  );
  await harbor.api("DELETE", "/replication/policies/1");
  expect(await harbor.api("DELETE", "/registries/1")).toMatchObject({ status: 200 });
});
