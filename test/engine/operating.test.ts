/**
 * All that operating a cache makes in Harbor, by the program's own components, on the real engine: made, changed, drifted,
 * imported, refused, adopted, rotated, destroyed. What each resource does by itself is in test/unit/provider.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { resources as modules } from "../../provider/resources.ts";
import { ensureEngine } from "../../tools/engine.ts";
import { changeBehindOurBack } from "./operating/drift.ts";
import { ADMIN_PASSWORD, startOperating, UPSTREAM_PASSWORD } from "./operating/environment.ts";
import type { Operating } from "./operating/environment.ts";
import { CROWD, firstSettings } from "./operating/first-settings.ts";
import type { HarborState } from "./operating/harbor-state.ts";
import { importAll, isSecret } from "./operating/imported.ts";
import { describeRefusals } from "./operating/refusals.ts";
import { describeRobots } from "./operating/robots.ts";
import { secondSettings } from "./operating/second-settings.ts";
import { resourcesOf } from "./operating/stack-resources.ts";
import type { StackResource } from "./operating/stack-resources.ts";
import { filesWithSecrets, secretsIn, watchArguments } from "./secret-watch.ts";

const CLIENT_SECRET = "Cl1ent-Secret-of-operating";
const HEADER = "Bearer H3ader-of-operating";

let folder: string;
let it: Operating;
/** Harbor before anything was made. */
let fresh: HarborState;
let stopWatching: ReturnType<typeof watchArguments>;
const secrets = [
  ADMIN_PASSWORD,
  UPSTREAM_PASSWORD,
  CLIENT_SECRET,
  `${CLIENT_SECRET}-2`,
  HEADER,
  `${HEADER}-2`,
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "engine-operating-"));
  it = await startOperating(folder, await ensureEngine(), secrets);
  fresh = await it.state();
  stopWatching = watchArguments(secrets);
  const upstream = await it.encrypt(UPSTREAM_PASSWORD);
  const [client, header] = [await it.encrypt(CLIENT_SECRET), await it.encrypt(HEADER)];
  await it.configure(
    firstSettings({ upstream: it.upstream.url, issuer: it.issuer }, { upstream, client, header }),
  );
});
afterAll(async () => {
  await it.close();
  await rm(folder, { recursive: true, force: true });
});

test("up makes from nothing what its preview, with everything unknown, said, twenty projects among it", async () => {
  const said = await it.stack.upAsPreviewed();
  // The default provider of the password isn't counted.
  expect(said).toEqual({ create: (await resourcesOf(it.stack)).length - 1 });
  const { projects, registries, robots, replication, schedules, settings } = await it.state();
  const names = ["library", "extra", "moving-1", "platform", "proxy.up.example", ...CROWD];
  expect(Object.keys(projects).sort()).toEqual(names.sort());
  for (const name of CROWD) {
    const rule = { template: "nDaysSinceLastPush", params: { nDaysSinceLastPush: 90 } };
    expect(projects[name]).toMatchObject({ retention: { rules: [rule] } });
  }
  expect(projects["platform"]).toMatchObject({
    members: [
      { entity_name: "admin" },
      { entity_name: "moving-1", role_name: "guest" },
      { entity_name: "team", role_name: "maintainer" },
      { entity_name: "viewers", role_name: "guest" },
    ],
    quota: { storage: 2 * 2 ** 30 },
    robots: [{ name: "robot$platform+deployer" }],
    labels: [{ name: "gold", color: "#0065AB" }, { name: "moving" }, { name: "silver" }],
    webhooks: [{ name: "caller" }, { name: "chat", targets: [{ auth_header: HEADER }] }, { name: "moving" }],
    rules: [{ action: "immutable" }, { action: "immutable" }, { action: "immutable" }],
    retention: { rules: [{ template: "latestPushedK" }], trigger: { settings: { cron: "0 0 4 * * *" } } },
  });
  expect(registries.map(({ name }) => name)).toEqual(["dr-site", "other", "spare", "up.example"]);
  expect(robots.map(({ name }) => name).sort()).toEqual([
    ...["robot$ci", "robot$harbor-cache", "robot$harbor-cache-pull", "robot$moving-1"],
    "robot$pusher",
  ]);
  expect(replication).toMatchObject([
    { name: "platform-to-dr-site", trigger: { type: "event_based" }, dest_namespace: "mirror" },
    { name: "pull-in", trigger: { type: "scheduled" } },
  ]);
  expect(schedules).toMatchObject({
    gc: { schedule: { cron: "0 0 3 * * 6" } },
    purge: { schedule: { cron: "0 30 2 * * *" } },
    scan: { schedule: { cron: "0 0 1 * * 0" } },
  });
  expect(settings).toMatchObject({ auth_mode: "oidc_auth", oidc_client_id: "harbor", session_timeout: 120 });
});

test("robots sign in by what the outputs say, which show it only to those who ask for secrets", async () => {
  expect(await it.signIn(...Object.values(await it.logins()))).toEqual([true, true, true, true]);
  const { stdout } = await it.stack.must(["stack", "output", "--json", "--stack", "test"]);
  expect(JSON.parse(stdout)).toMatchObject({
    pullRobot: { username: "robot$harbor-cache-pull", password: "[secret]" },
    robotAccounts: { ci: { username: "robot$ci", password: "[secret]" }, pusher: { password: "[secret]" } },
  });
});

test("a second up after a refresh asks Harbor for no change", async () => {
  await it.writes();
  await it.stack.mustRun("up", "--refresh", "--expect-no-changes");
  expect(await it.writes()).toEqual([]);
});

test("every setting is changed in place, but for what Harbor can't", async () => {
  const before = await resourcesOf(it.stack);
  const places = { upstream: it.upstream.url, issuer: it.issuer };
  const [client, header] = [await it.encrypt(`${CLIENT_SECRET}-2`), await it.encrypt(`${HEADER}-2`)];
  await it.configure(secondSettings(places, it.wanted, { client, header }));
  // Seven of `moving`, and the policies of the crowd's twenty projects with them.
  expect(await it.stack.upAsPreviewed()).toEqual({ update: 25, delete: 40, replace: 7 });
  expect(unchangedInputs(before, await resourcesOf(it.stack))).toEqual([
    "Registry.providerName", // in cache.test.ts
    "Registry.proxyCache", // of our own, for check
    "Project.registryId", // in cache.test.ts
    "SystemSettings.readOnly", // would refuse the others
    "SystemSettings.robotTokenDuration", // here and below: not in the settings
    "SystemSettings.robotNamePrefix",
    "SystemSettings.storagePerProject",
    "SystemSettings.scannerSkipUpdatePulltime",
  ]);
  const { projects, registries, robots, replication, schedules, settings: of } = await it.state();
  expect(Object.keys(projects)).toEqual(["extra", "library", "moving-2", "platform", "proxy.up.example"]);
  expect(projects["proxy.up.example"]).toMatchObject({
    metadata: { severity: "high", prevent_vul: "true", proxy_cache_local_on_not_found: "true" },
    quota: { storage: 3 * 2 ** 30 },
    retention: { rules: [{ template: "always" }] },
    members: [{ entity_name: "admin" }, { entity_name: "viewers", role_name: "developer" }],
  });
  expect(projects["platform"]).toMatchObject({
    metadata: { public: "true" },
    labels: [
      { name: "Silver", color: "#C0C0C0", description: "second" },
      { name: "gold", color: "#FFD700" },
    ],
    webhooks: [
      { name: "called", targets: [{ type: "slack", address: "https://hooks.example/2" }] },
      { name: "chat", targets: [{ auth_header: `${HEADER}-2`, payload_format: "CloudEvents" }] },
    ],
    retention: { rules: [{ template: "always" }, { params: { nDaysSinceLastPull: 9 } }] },
    robots: [{ description: "deploys", disable: true, duration: 60 }],
  });
  expect(projects["extra"]).toMatchObject({
    members: [{ entity_name: "admin" }, { entity_name: "moving-2" }],
    robots: [{ name: "robot$extra+moving-2" }],
    rules: [{ scope_selectors: { repository: [{ pattern: "moving-2/**" }] } }],
    labels: [{ name: "moving" }],
    webhooks: [{ name: "moving" }],
  });
  expect(projects["extra"]).not.toHaveProperty("retention.id");
  expect(projects["library"]).toMatchObject({ retention: { rules: [{ template: "latestPulledN" }] } });
  expect(registries.map(({ name, credential = {} }) => [name, credential])).toMatchObject([
    ["dr-site", {}],
    ["other", {}],
    ["spare wheel", {}],
    ["up.example", { access_key: "bot" }],
  ]);
  expect(robots.find(({ name }) => name === "robot$pusher")).toMatchObject({ duration: 60 });
  expect(replication).toMatchObject([
    { name: "platform-to-dr-site", speed: 900 },
    { name: "pull in", dest_registry: { name: "other" }, speed: 100, copy_by_chunk: true },
  ]);
  expect(schedules).toMatchObject({
    gc: { job_parameters: JSON.stringify({ delete_tag: false, delete_untagged: true, workers: 3 }) },
    purge: { schedule: { cron: "0 0 2 * * *" } },
    scan: { schedule: { cron: "0 0 2 * * 1" } },
  });
  expect(of).toMatchObject({
    oidc_client_id: "harbor-2",
    oidc_extra_redirect_parms: JSON.stringify({ prompt: "consent" }),
    session_timeout: 30,
  });
});

test("what somebody changed in Harbor is seen by a refresh and mended", async () => {
  const before = await it.state();
  const changed = changeBehindOurBack(it.harbor.app);
  const { output } = await it.stack.mustRun("up", "--refresh");
  expect(output).toMatch(new RegExp(`^ +~ ${changed} updated$`, "m"));
  expect(await it.state()).toEqual(before);
});

test("everything is imported by its id, as it was made", async () => {
  const all = await importAll(it, folder);
  for (const { type, given, imported } of all) expect(imported, type).toMatchObject(given);
  const secret = all.filter(({ asImported }) => isSecret(asImported?.inputs?.["authHeader"]));
  expect(secret.map(({ given }) => given)).toMatchObject([{ name: "chat" }]);
});

describeRefusals(() => it);
describeRobots(() => it);

test("destroy takes what is ours out of Harbor, and nothing else", async () => {
  await it.api("/projects", { method: "POST", body: JSON.stringify({ project_name: "somebody-else" }) });
  // Of a Harbor whose machine goes too, nothing is deleted one by one.
  const { urn } = await it.resource("machine", ":Password");
  await it.stack.mustRun("destroy", "--exclude", urn);
  const { projects, ...rest } = await it.state();
  const { "somebody-else": other, ...left } = projects;
  expect(other).toBeDefined();
  expect({ projects: left, ...rest }).toEqual(fresh);
});

test("no secret was in the state, its history, the output or any process's arguments", async () => {
  const { found, seen } = await stopWatching();
  expect(seen).toBeGreaterThan(10);
  expect(found).toEqual([]);
  expect(await filesWithSecrets(join(folder, "backend"), secrets)).toEqual([]);
  expect(secretsIn(it.said.join(""), secrets)).toEqual([]);
});

/** Inputs that no resource of the type has otherwise than before: of what the program makes, and who isn't there at all. */
function unchangedInputs(before: readonly StackResource[], after: readonly StackResource[]): string[] {
  const made = modules.filter(
    ({ type }) => type.startsWith("harborcache:harbor:") && !type.endsWith(":Password"),
  );
  return made.flatMap(({ type, schema }) => {
    const pairs = after
      .filter((one) => one.type === type)
      .map((now) => [before.find(({ urn }) => urn === now.urn)?.inputs, now.inputs] as const);
    return Object.keys(schema.inputProperties)
      .filter((name) => name !== "adopt" && name !== "rotation")
      .filter((name) =>
        pairs.every(
          ([was, now]) => was === undefined || JSON.stringify(was[name]) === JSON.stringify(now?.[name]),
        ),
      )
      .map((name) => `${type.split(":").at(-1) ?? ""}.${name}`);
  });
}
