/** What the recording of schedules and scanning doesn't show. */
import { expect, test } from "vitest";
import { operatedHarbor, refused } from "./operated.ts";

const harbor = operatedHarbor();

test("garbage collection by hand ends, and None ends the schedule", async () => {
  const body = (type: string, cron = "") => ({
    schedule: { type, cron },
    parameters: { workers: 1, delete_untagged: true },
  });
  expect(await harbor.api("POST", "/system/gc/schedule", body("Manual"))).toMatchObject({ status: 201 });
  expect(await harbor.api("GET", "/system/gc")).toMatchObject({ body: [{ job_status: "Running", id: 4 }] });
  harbor.afterARun();
  expect(await harbor.api("GET", "/system/gc/4")).toMatchObject({ body: { job_status: "Success" } });
  expect(await harbor.api("PUT", "/system/gc/schedule", body("Daily", "0 0 1 * * *"))).toMatchObject({
    status: 200,
  });
  expect(await harbor.api("PUT", "/system/gc/schedule", body("Custom", "1 0 1 * * *"))).toMatchObject({
    status: 400,
  });
  harbor.stopJobservice();
  expect(await harbor.api("PUT", "/system/gc/schedule", body("None"))).toMatchObject({ status: 500 });
  expect(await harbor.api("GET", "/system/gc/schedule")).toMatchObject({
    body: { schedule: { cron: "0 0 1 * * *", next_scheduled_time: "2026-11-22T01:00:00.000Z" } },
  });
  harbor.startJobservice();
  await harbor.api("PUT", "/system/gc/schedule", body("None"));
  expect(await harbor.api("GET", "/system/gc/schedule")).toEqual({ status: 200, body: undefined });
});

test("the purge of audit logs goes with type None where it has its parameters", async () => {
  const parameters = { audit_retention_hour: 24, include_event_types: "create_artifact" };
  const schedule = (type: string, cron = "") => ({ schedule: { type, cron }, parameters });
  await harbor.api("POST", "/system/purgeaudit/schedule", schedule("Weekly", "0 0 0 * * 0"));
  expect(await harbor.api("GET", "/system/purgeaudit/schedule")).toMatchObject({
    body: { job_parameters: JSON.stringify(parameters) },
  });
  expect(await harbor.api("PUT", "/system/purgeaudit/schedule", schedule("None"))).toMatchObject({
    status: 200,
  });
  expect(await harbor.api("GET", "/system/purgeaudit/schedule")).toEqual({ status: 200, body: undefined });
});

test("with Trivy everything can be scanned, by a schedule that is made once and then changed", async () => {
  const schedule = (type: string, cron = "") => ({ schedule: { type, cron } });
  const url = "/system/scanAll/schedule";
  await harbor.restart({ trivy: true });
  const scanner = { name: "Trivy", is_default: true, disabled: false };
  expect(await harbor.api("GET", "/scanners")).toMatchObject({ body: [scanner] });
  expect(await harbor.api("GET", "/projects/cache/scanner")).toMatchObject({ body: scanner });
  expect(await harbor.api("GET", url)).toEqual({ status: 200, body: undefined });
  expect(await harbor.api("POST", url, schedule("Daily", "0 0 * * *"))).toMatchObject({ status: 400 });
  expect(await harbor.api("POST", url, schedule("Daily", "0 0 0 * * *"))).toMatchObject({ status: 201 });
  expect(await harbor.api("POST", url, schedule("Weekly", "0 0 0 * * 0"))).toMatchObject({ status: 412 });
  expect(await harbor.api("PUT", url, schedule("Weekly", "0 0 0 * * 0"))).toMatchObject({ status: 200 });
  expect(await harbor.api("GET", url)).toMatchObject({
    body: { id: 5, schedule: { type: "Weekly", cron: "0 0 0 * * 0" } },
  });
  expect(await harbor.api("PUT", url, schedule("Weekly", "0 0 0 * * 0"))).toMatchObject({ status: 200 });
  expect(await harbor.api("GET", url)).toMatchObject({ body: { id: 5 } });
  expect(await harbor.api("PUT", url, schedule("Manual"))).toMatchObject({ status: 400 });
  expect(await harbor.api("PUT", url, schedule("None"))).toMatchObject({ status: 200 });
  expect(await harbor.api("GET", url)).toEqual({ status: 200, body: undefined });
  expect(await harbor.api("PUT", url, {})).toEqual({ status: 500, body: undefined });
});

test("another scanner than Trivy isn't kept, even where one answers", async () => {
  const scanner = (url: string) => harbor.api("POST", "/scanners", { name: "other", url });
  expect(await scanner("http://127.0.0.1:1")).toMatchObject({ status: 500 });
  expect(await scanner("nonsense")).toMatchObject({ status: 400 });
  expect(await scanner(harbor.upstreamUrl)).toMatchObject({ status: 501 });
  expect(await harbor.api("GET", "/scanners")).toEqual({ status: 200, body: [] });
});

test("the allowlist of the system keeps its id and can end", async () => {
  const url = "/system/CVEAllowlist";
  await harbor.api("PUT", url, { items: [{ cve_id: "CVE-2020-1" }], expires_at: 1_800_000_000 });
  const { body } = await harbor.api("GET", url);
  expect(body).toMatchObject({ expires_at: 1_800_000_000 });
  await harbor.api("PUT", url, { items: [] });
  const { body: changed } = await harbor.api("GET", url);
  expect(changed).toMatchObject({ id: (body as { id: number }).id, items: [] });
  expect(changed).not.toHaveProperty("expires_at");
});

test("all of it outlives a restart", async () => {
  await harbor.api("POST", "/labels", { name: "gold", scope: "g" });
  await harbor.api("POST", "/projects/own/webhook/policies", {
    name: "hook",
    event_types: ["PUSH_ARTIFACT"],
    targets: [{ type: "http", address: "http://127.0.0.1:1/hook" }],
  });
  await harbor.api("PUT", "/system/CVEAllowlist", { items: [{ cve_id: "CVE-2020-1" }] });
  const before = structuredClone(harbor.state);
  await harbor.restart();
  expect(harbor.state).toEqual(before);
});

test("others than admins see nothing of it and change nothing", async () => {
  const user = { username: "dev", password: "Developer1" };
  await harbor.api("POST", "/users", { ...user, email: "dev@example.com", realname: "dev" });
  for (const [method, url, body] of [
    ["GET", "/retentions/1", undefined],
    ["DELETE", "/retentions/1", undefined],
    ["GET", "/projects/own/immutabletagrules", undefined],
    ["POST", "/labels", { name: "x", scope: "g" }],
    ["POST", "/labels", { name: "x", scope: "p", project_id: 2 }],
    ["GET", "/replication/policies", undefined],
    ["POST", "/replication/executions", { policy_id: 1 }],
    ["GET", "/projects/own/webhook/policies", undefined],
    ["PUT", "/system/gc/schedule", { schedule: { type: "None" } }],
    ["GET", "/system/purgeaudit/schedule", undefined],
    ["GET", "/system/scanAll/schedule", undefined],
    ["PUT", "/system/CVEAllowlist", { items: [] }],
    ["GET", "/scanners", undefined],
    ["GET", "/schedules", undefined],
  ] as const) {
    expect(await harbor.api(method, url, body, user), `${method} ${url}`).toMatchObject({ status: 403 });
    const unknown = { username: "nobody", password: "Nobody12" };
    expect(await harbor.api(method, url, body, unknown), `${method} ${url}`).toMatchObject({ status: 401 });
  }
});

test("what isn't built says so", async () => {
  for (const [method, url] of [
    ["GET", "/replication/adapterinfos"],
    ["GET", "/replication/executions/1/tasks"],
    ["PUT", "/replication/executions/1"],
    ["GET", "/retentions/metadatas"],
    ["PATCH", "/retentions/1/executions/1"],
    ["GET", "/projects/own/webhook/lasttrigger"],
    ["GET", "/system/gc/1/log"],
    ["PUT", "/system/gc/1"],
    ["POST", "/system/scanAll/stop"],
    ["GET", "/scans/all/metrics"],
    ["DELETE", "/scanners/x"],
    ["GET", "/jobservice/queues"],
  ] as const) {
    expect(await harbor.api(method, url)).toMatchObject(
      refused(501, `stand-in: not implemented: ${method} /api/v2.0${url}`),
    );
  }
});
