/** What the recordings of retention, immutable tags, labels and webhooks don't show. */
import { describe, expect, test } from "vitest";
import { operatedHarbor, refused } from "./operated.ts";

const harbor = operatedHarbor();
const SELECTORS = {
  scope_selectors: { repository: [{ kind: "doublestar", decoration: "repoMatches", pattern: "**" }] },
  tag_selectors: [{ kind: "doublestar", decoration: "matches", pattern: "**" }],
};

describe("retention", () => {
  const policy = (cron: string) => ({
    algorithm: "or",
    rules: [{ action: "retain", template: "always", params: {}, ...SELECTORS }],
    trigger: { kind: "Schedule", settings: { cron } },
    scope: { level: "project", ref: 3 },
  });

  test("a changed cron changes the schedule, an empty one and a deleted project end it", async () => {
    expect(harbor.schedules()).toEqual(["RETENTION 0 0 0 * * *"]);
    expect(await harbor.api("PUT", "/retentions/1", policy("0 15 4 * * *"))).toMatchObject({ status: 200 });
    expect(harbor.schedules()).toEqual(["RETENTION 0 15 4 * * *"]);
    expect(await harbor.api("GET", "/retentions/1")).toMatchObject({
      body: { trigger: { settings: { next_scheduled_time: "2026-11-21T04:15:00.000Z" } } },
    });
    expect(await harbor.api("PUT", "/retentions/1", policy(""))).toMatchObject({ status: 200 });
    expect(harbor.schedules()).toEqual([]);
    await harbor.api("PUT", "/retentions/1", policy("0 15 4 * * *"));
    expect(await harbor.api("DELETE", "/projects/cache")).toMatchObject({ status: 200 });
    expect(harbor.schedules()).toEqual([]);
    expect(await harbor.api("GET", "/retentions/1")).toMatchObject({ status: 500 });
  });

  test("there are fifteen rules at most", async () => {
    const rules = Array.from({ length: 16 }, (_, days) => ({
      action: "retain",
      template: "nDaysSinceLastPull",
      params: { nDaysSinceLastPull: days },
      ...SELECTORS,
    }));
    expect(await harbor.api("PUT", "/retentions/1", { ...policy(""), rules })).toMatchObject(
      refused(400, "bad request: only 15 rules are allowed at most"),
    );
    expect(await harbor.api("PUT", "/retentions/1", { ...policy(""), rules: rules.slice(1) })).toMatchObject({
      status: 200,
    });
  });

  test("a run takes a while where there are images", async () => {
    harbor.pushed("cache", "hello", "1.0");
    await harbor.api("POST", "/retentions/1/executions", { dry_run: true });
    const runs = () => harbor.api("GET", "/retentions/1/executions");
    expect(await runs()).toMatchObject({ body: [{ status: "Running", dry_run: true }] });
    harbor.afterARun();
    expect(await runs()).toMatchObject({ body: [{ status: "Success" }] });
  });

  test("without jobservice a proxy-cache project leaves nothing behind", async () => {
    harbor.stopJobservice();
    expect(await harbor.api("POST", "/projects", { project_name: "second", registry_id: 1 })).toMatchObject({
      status: 500,
    });
    expect(await harbor.api("GET", "/projects/second")).toMatchObject({ status: 404 });
    expect(await harbor.api("GET", "/retentions/2")).toMatchObject({ status: 500 });
    expect(await harbor.api("POST", "/projects", { project_name: "second" })).toMatchObject({ status: 201 });
  });
});

test("an immutable rule is switched or changed, not both at once", async () => {
  const rule = { action: "immutable", template: "immutable_template", ...SELECTORS };
  const url = "/projects/own/immutabletagrules";
  const changed = { ...rule, tag_selectors: [{ ...SELECTORS.tag_selectors[0], pattern: "v*" }] };
  expect(await harbor.api("POST", url, rule)).toMatchObject({ status: 201 });
  expect(await harbor.api("PUT", `${url}/1`, { ...changed, id: 1, disabled: true })).toMatchObject({
    status: 200,
  });
  expect(await harbor.api("GET", url)).toMatchObject({
    body: [{ disabled: true, tag_selectors: [{ pattern: "**" }] }],
  });
  expect(await harbor.api("PUT", `${url}/1`, { ...changed, id: 1, disabled: true })).toMatchObject({
    status: 200,
  });
  expect(await harbor.api("GET", url)).toMatchObject({
    body: [{ disabled: true, tag_selectors: [{ pattern: "v*" }] }],
  });
  expect(await harbor.api("PUT", `${url}/1`, { ...changed, id: 2 })).toMatchObject({ status: 400 });
  expect(await harbor.api("PUT", "/projects/cache/immutabletagrules/1", { ...changed, id: 1 })).toMatchObject(
    {
      status: 404,
    },
  );
  await harbor.api("DELETE", "/projects/own");
  expect(harbor.state.immutableRules).toEqual([]);
});

test("a label keeps its scope, and its name is taken within it only", async () => {
  const label = { name: "gold", scope: "p", project_id: 2, color: "#0065AB" };
  expect(await harbor.api("POST", "/labels", { ...label, scope: "g" })).toMatchObject({ status: 201 });
  expect(await harbor.api("POST", "/labels", label)).toMatchObject({ status: 201 });
  expect(await harbor.api("POST", "/labels", { ...label, name: "silver" })).toMatchObject({ status: 201 });
  expect(await harbor.api("PUT", "/labels/3", { name: "gold" })).toMatchObject({ status: 409 });
  expect(await harbor.api("PUT", "/labels/3", { color: "#FFFFFF" })).toMatchObject({ status: 400 });
  expect(await harbor.api("PUT", "/labels/3", { name: "bronze", scope: "g" })).toMatchObject({ status: 200 });
  const { body } = await harbor.api("GET", "/labels/3");
  expect(body).toMatchObject({ name: "bronze", scope: "p", project_id: 2 });
  expect(body).not.toHaveProperty("color");
  expect(await harbor.api("POST", "/labels", { ...label, project_id: 99 })).toMatchObject({ status: 404 });
  expect(await harbor.api("GET", "/labels?scope=p&project_id=2&name=BRON")).toMatchObject({
    body: [{ id: 3 }],
  });
});

test("a webhook belongs to its project, and an update replaces it", async () => {
  const url = "/projects/own/webhook/policies";
  const target = { type: "http", address: "http://127.0.0.1:1/hook" };
  const hook = { name: "hook", enabled: true, event_types: ["PUSH_ARTIFACT"], targets: [target] };
  expect(await harbor.api("POST", url, hook)).toMatchObject({ status: 201 });
  expect(await harbor.api("POST", "/projects/cache/webhook/policies", hook)).toMatchObject({ status: 201 });
  expect(await harbor.api("PUT", `${url}/2`, hook)).toMatchObject(
    refused(404, "resource not found: project id:2, webhook policy id: 2 not found"),
  );
  const other = { ...hook, event_types: ["QUOTA_WARNING"], targets: [{ ...target, type: "slack" }] };
  expect(await harbor.api("PUT", `${url}/1`, other)).toMatchObject({ status: 200 });
  const { body } = await harbor.api("GET", `${url}/1`);
  expect(body).toMatchObject({ event_types: ["QUOTA_WARNING"], targets: [{ type: "slack" }] });
  expect(body).not.toHaveProperty("targets[0].payload_format");
  const nowhere = { ...hook, name: "nowhere", targets: [{ type: "http" }] };
  expect(await harbor.api("POST", url, nowhere)).toMatchObject(refused(400, "empty URL"));
  expect(await harbor.api("POST", "/projects/missing/webhook/policies", hook)).toMatchObject({ status: 404 });
});
