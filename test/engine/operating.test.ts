/**
 * All that operating a cache makes in Harbor, by the program's own components, on the real engine: made, changed, drifted,
 * imported, refused, adopted, rotated, destroyed. What each resource does by itself is in test/unit/provider.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";

import { resources as modules } from "../../provider/resources.ts";
import { ensureEngine } from "../../tools/engine.ts";
import { ADMIN_PASSWORD, startOperating, UPSTREAM_PASSWORD } from "./operating/environment.ts";
import type { Operating } from "./operating/environment.ts";
import { changeBehindOurBack } from "./operating/drift.ts";
import { importAll, isSecret } from "./operating/imported.ts";
import type { HarborState } from "./operating/harbor-state.ts";
import type { Extra } from "./operating/program/extra.ts";
import { CROWD, first, hook, permission, second, spare } from "./operating/settings.ts";
import type { Settings } from "./operating/settings.ts";
import { resourcesOf } from "./operating/stack-resources.ts";
import type { StackResource } from "./operating/stack-resources.ts";
import { filesWithSecrets, secretsIn, watchArguments } from "./secret-watch.ts";

const CLIENT_SECRET = "Cl1ent-Secret-of-operating";
const HEADER = "Bearer H3ader-of-operating";

let folder: string;
let it: Operating;
let wanted: Settings;
let secrets: string[];
/** Harbor before anything was made. */
let fresh: HarborState;
let stopWatching: ReturnType<typeof watchArguments>;

const configure = (settings: object = {}, extras: readonly Extra[] = wanted.extras) => {
  wanted = { settings: { ...wanted.settings, ...settings }, extras };
  return it.configure(wanted.settings, wanted.extras);
};
const resources = () => resourcesOf(it.stack);
const one = async (name: string, type = ""): Promise<StackResource> => {
  const found = (await resources()).find(({ urn, type: its }) => urn.endsWith(`::${name}`) && its.includes(type));
  if (found === undefined) throw new Error(`no resource ${name}`);
  return found;
};
const logins = async () => {
  const login = z.object({ username: z.string(), password: z.string() });
  const all = z.object({
    programRobot: login,
    pullRobot: login,
    robotAccounts: z.object({ ci: login, pusher: login }),
  });
  const { programRobot: program, pullRobot: pull, robotAccounts } = all.parse(await it.stack.outputs());
  const found = { program, pull, ...robotAccounts };
  secrets.push(...Object.values(found).map(({ password }) => password));
  return found;
};
/** Robots may not ask who they are, which is a 412; who isn't known is a 401. */
const signsIn = async (login: { username: string; password: string } | undefined) =>
  (await it.status("/users/current", login ?? { username: "", password: "" })) === 412;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "engine-operating-"));
  it = await startOperating(folder, await ensureEngine());
  secrets = [ADMIN_PASSWORD, UPSTREAM_PASSWORD, CLIENT_SECRET, `${CLIENT_SECRET}-2`, HEADER, `${HEADER}-2`];
  fresh = await it.state();
  stopWatching = watchArguments(secrets);
  const [upstream, client, header] = [
    await it.encrypt(UPSTREAM_PASSWORD),
    await it.encrypt(CLIENT_SECRET),
    await it.encrypt(HEADER),
  ];
  wanted = first({ upstream: it.upstream.url, issuer: it.issuer }, { upstream, client, header });
  await configure();
});
afterAll(async () => {
  await it.close();
  await rm(folder, { recursive: true, force: true });
});


test("up makes from nothing what its preview, with everything unknown, said, twenty projects among it", async () => {
  const said = await it.stack.upAsPreviewed();
  // The default provider of the password isn't counted.
  expect(said).toEqual({ create: (await resources()).length - 1 });
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
  expect(await Promise.all(Object.values(await logins()).map(signsIn))).toEqual([true, true, true, true]);
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
  const before = await resources();
  const places = { upstream: it.upstream.url, issuer: it.issuer };
  const [client, header] = [await it.encrypt(`${CLIENT_SECRET}-2`), await it.encrypt(`${HEADER}-2`)];
  const { settings, extras } = second(places, wanted, { client, header });
  await configure(settings, extras);
  // Seven of `moving`, and the policies of the crowd's twenty projects with them.
  expect(await it.stack.upAsPreviewed()).toEqual({ update: 25, delete: 40, replace: 7 });
  expect(unchangedInputs(before, await resources())).toEqual([
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
    labels: [{ name: "Silver", color: "#C0C0C0", description: "second" }, { name: "gold", color: "#FFD700" }],
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
  expect(await it.stack.upAsPreviewed("--refresh")).toEqual({ update: changed });
  expect(await it.state()).toEqual(before);
});

test("everything is imported by its id, as it was made", async () => {
  const all = await importAll(it, folder);
  for (const { type, given, imported } of all) expect(imported, type).toMatchObject(given);
  const secret = all.filter(({ asImported }) => isSecret(asImported?.inputs?.["authHeader"]));
  expect(secret.map(({ given }) => given)).toMatchObject([{ name: "chat" }]);
});

/** Six objects that are somebody else's, and by which names the program wants to have them otherwise. */
async function placeTaken(): Promise<readonly Extra[]> {
  const post = async (path: string, body: object) => it.api(path, { method: "POST", body: JSON.stringify(body) });
  const platform = (await it.api("/projects/platform")) as { project_id: number };
  const within = `/projects/${platform.project_id}`;
  const registry = ((await it.api("/registries?q=name=other")) as { id: number }[])[0];
  await post("/labels", { name: "taken", color: "#111111", scope: "p", project_id: platform.project_id });
  await post(`${within}/webhook/policies`, {
    name: "taken",
    event_types: ["REPLICATION"],
    targets: [{ type: "http", address: "http://theirs.example" }],
  });
  await post("/robots", {
    name: "taken",
    level: "system",
    duration: 7,
    permissions: [permission("platform", ["pull"])],
  });
  await post("/replication/policies", { name: "taken", dest_registry: { id: registry?.id }, enabled: true });
  await post(`${within}/members`, { role_id: 3, member_group: { group_name: "taken", group_type: 3 } });
  await post(`${within}/immutabletagrules`, {
    disabled: true,
    action: "immutable",
    template: "immutable_template",
    scope_selectors: { repository: [{ kind: "doublestar", decoration: "repoMatches", pattern: "taken" }] },
    tag_selectors: [{ kind: "doublestar", decoration: "matches", pattern: "**" }],
  });
  return [
    { type: "Label", name: "taken", args: { name: "taken", project: "platform" } },
    { type: "WebhookPolicy", name: "taken", args: { ...hook("taken"), project: "platform" } },
    {
      type: "RobotAccount",
      name: "taken",
      by: "admin",
      args: { name: "taken", permissions: [permission("platform", ["push", "pull"])] },
    },
    {
      type: "ReplicationPolicy",
      name: "taken",
      endpoint: "other",
      args: { name: "taken", action: "push", speed: 5 },
    },
    {
      type: "ProjectMemberGroup",
      name: "taken",
      args: { project: "platform", groupName: "taken", role: "maintainer" },
    },
    { type: "ImmutableTagRule", name: "taken", args: { project: "platform", repoMatching: "taken" } },
  ];
}

/** What can be made only once nothing is in its way. */
let others: readonly Extra[];
/** What makes them possible. */
const settled = (): readonly Extra[] =>
  others.map(({ by: _, ...extra }) => ({
    ...extra,
    ...(["RobotAccount", "Label"].includes(extra.type) && { by: "admin" as const }),
    args: { ...extra.args, ...(extra.name === "taken" && { adopt: true }) },
  }));

test("what can't be made is said, each by itself, and the rest is made once whatever breaks", async () => {
  const { faults } = it.harbor;
  others = [
    ...(await placeTaken()),
    { type: "Label", name: "everywhere", args: { name: "everywhere" } },
    { type: "Registry", name: "refused", by: "puller", args: { ...spare(it.upstream.url), name: "refused" } },
    {
      type: "Project",
      name: "too-new",
      args: { name: "too-new", metadata: { proxy_cache_local_on_not_found: "true" } },
    },
    { type: "Project", name: "lost", args: { name: "lost" } },
    {
      type: "RetentionPolicy",
      name: "unwritten",
      args: { project: "extra", rules: [{ alwaysRetain: true }] },
    },
    { type: "WebhookPolicy", name: "busy", args: { ...hook("busy"), project: "extra" } },
    {
      type: "ReplicationPolicy",
      name: "broken",
      endpoint: "other",
      args: { name: "broken", action: "push" },
    },
  ];
  const theirs = named("taken", await it.state());
  const ours = wanted.extras;
  await configure({}, [...ours, ...others]);
  const post = { method: "POST" };
  faults.next({ ...post, path: "/api/v2.0/projects", fault: { kind: "reset", effect: "after" } });
  faults.next({ ...post, path: "/api/v2.0/retentions", fault: { kind: "status", status: 500 } });
  faults.next({ ...post, path: /webhook.policies$/, times: 2, fault: { kind: "status", status: 502 } });
  faults.next({ ...post, path: "/api/v2.0/replication/policies", fault: { kind: "restart", downMs: 300 } });
  const old = { harbor_version: "v2.14.0-0", external_url: "http://localhost", auth_mode: "oidc_auth" };
  const answer = { kind: "status", status: 200, body: JSON.stringify(old) } as const;
  faults.next({ path: "/api/v2.0/systeminfo", times: 10, fault: answer });

  const { code, output } = await it.stack.run("up", "--continue-on-error");
  // Of all planned, only more questions for the version would still be answered.
  expect(faults.pending).toBeLessThan(10);
  faults.clear();
  expect(code).not.toBe(0);
  for (const [what, ...differences] of [
    ["label taken in platform", "color"],
    ["webhook policy taken in platform", "eventTypes", "address"],
    ["robot account taken", "duration", "permissions"],
    ["replication policy taken", "override", "speed"],
    ["member group taken in platform", "role"],
    ["immutable tag rule platform", "disabled"],
  ]) {
    expect(output).toMatch(new RegExp(`already has the ${what ?? ""} .* than wanted: ${differences.join(", ")}`));
  }
  expect(output).toContain("403 to POST /api/v2.0/labels: robot$harbor-cache. The provider's user may not do this");
  expect(output).toMatch(/403 to \w+ \/api\/v2.0\/registries.*: robot\$ci. The provider's user may not do this/);
  expect(output).toContain("This Harbor is 2.14.0 and lacks: metadata.proxy_cache_local_on_not_found (Harbor 2.15.1)");
  expect(output).toContain("The retention policy of extra can't be written");
  expect(output).toContain("Harbor already had the project lost: taken over");
  expect(output).toMatch(/\+ 3 created\n[^]*\b10 errored/);
  const after = await it.state();
  expect(named("taken", after)).toEqual(theirs);
  expect(Object.keys(after.projects)).toContain("lost");
  expect(named("busy", after)).toHaveLength(1);
  expect(named("broken", after)).toHaveLength(1);
});

test("the next up makes the rest, and takes over what it is told to", async () => {
  const before = named("taken", await it.state());
  const ours = wanted.extras.filter((extra) => !others.includes(extra));
  others = settled();
  await configure({}, [...ours, ...others]);
  expect(await it.stack.upAsPreviewed()).toEqual({ create: 10 });
  const state = await it.state();
  const taken = named("taken", state);
  expect(taken.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  expect(taken).not.toEqual(before);
});

const up = (...more: readonly string[]) => [
  ...["up", "--yes", "--stack", "test", "--config-file", it.stack.options.configFile],
  ...more,
];

/** In the state, as if the secret had been made so long ago. */
async function age(days: number, ...names: readonly string[]): Promise<void> {
  const file = join(it.stack.options.backend, ".pulumi/stacks/operating/test.json");
  const state = JSON.parse(await readFile(file, "utf8")) as {
    checkpoint: { latest: { resources: { urn: string; outputs?: Record<string, unknown> }[] } };
  };
  for (const { urn, outputs } of state.checkpoint.latest.resources) {
    if (!outputs || !names.some((name) => urn.endsWith(`RobotAccount::${name}`))) continue;
    outputs["secretCreatedAt"] = new Date(Date.now() - days * 86_400_000).toISOString();
  }
  await writeFile(file, JSON.stringify(state));
}

test("while Harbor is read-only nothing changes and all say why", async () => {
  const before = await it.state();
  const old = await logins();
  await age(91, "robot", "robots-pull");
  const [ci, ...robots] = wanted.settings["robots"] as object[];
  const extras = wanted.extras.filter(({ name }) => name !== "lost");
  await configure(
    { robots: [{ ...ci, rotation: "2" }, ...robots] },
    extras.map((extra) => (extra.name === "silver" ? { ...extra, args: { ...extra.args, color: "#123456" } } : extra)),
  );
  it.harbor.faults.readOnly(true);
  const { code, output } = await it.stack.run("up", "--continue-on-error");
  it.harbor.faults.readOnly(false);
  expect(code).not.toBe(0);
  expect(output).toMatch(/Harbor answered 403 to P\w+ .*read only mode.*\w\. Switch it off in Harbor's system settings/);
  expect(await it.state()).toEqual(before);
  expect(await Promise.all(Object.values(old).map(signsIn))).toEqual([true, true, true, true]);
});

test("secrets are made anew by age and by a word, and the same up goes on with them", async () => {
  const { program, pull, ci, pusher } = await logins();
  // Three robots, the label, a project that goes. The two connections that sign in by these robots follow in the up only.
  const { output } = await it.stack.must(up("--diff"));
  console.log(output.slice(-9000));
  const now = await logins();
  expect(await Promise.all([program, pull, ci].map(signsIn))).toEqual([false, false, false]);
  expect(await Promise.all(Object.values(now).map(signsIn))).toEqual([true, true, true, true]);
  expect(now.pusher).toEqual(pusher);
  const { projects } = await it.state();
  expect(projects["platform"]).toMatchObject({ labels: [{ color: "#123456" }, {}, {}] });
  expect(projects).not.toHaveProperty("lost");
});

test("what is made anew by hand takes over its own object, which is not deleted as the old one", async () => {
  const names = ["::cache-up.example", "::maintenance-gc", "::projects-platform-gold", "::robot", "::login"];
  const chosen = (await resources()).filter(
    ({ urn, type }) => names.some((name) => urn.endsWith(name)) && type.startsWith("harborcache:harbor:"),
  );
  const before = await it.state();
  const { program } = await logins();
  await it.stack.mustRun("up", ...chosen.flatMap(({ urn }) => ["--replace", urn]));
  expect(await it.state()).toEqual(before);
  const now = await logins();
  expect(await Promise.all([program, now.program].map(signsIn))).toEqual([false, true]);
});

test("without its robot the program says what to do, and that helps", async () => {
  const { urn, id } = await one("robot", "RobotAccount");
  await it.api(`/robots/${id ?? ""}`, { method: "DELETE" });
  const { code, output } = await it.stack.run("refresh");
  expect(code).not.toBe(0);
  expect(output).toContain("made anew by pulumi up --replace URN");
  await it.stack.mustRun("up", "--replace", urn);
  expect(await signsIn((await logins()).program)).toBe(true);
  expect(await it.stack.pending("--refresh")).toEqual({});
});

test("destroy takes what is ours out of Harbor, and nothing else", async () => {
  await it.api("/projects", { method: "POST", body: JSON.stringify({ project_name: "somebody-else" }) });
  // Of a Harbor whose machine goes too, nothing is deleted one by one.
  const { urn } = await one("machine");
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

/** Objects of that name anywhere in a state. */
function named(name: string, within: unknown): readonly Record<string, unknown>[] {
  if (typeof within !== "object" || within === null) return [];
  const values = Object.values(within);
  return values.includes(name)
    ? [within as Record<string, unknown>]
    : values.flatMap((value) => named(name, value));
}

/** Inputs that no resource of the type has otherwise than before: of what the program makes, and who isn't there at all. */
function unchangedInputs(before: readonly StackResource[], after: readonly StackResource[]): string[] {
  const made = modules.filter(({ type }) => type.startsWith("harborcache:harbor:") && !type.endsWith(":Password"));
  return made.flatMap(({ type, schema }) => {
    const pairs = after
      .filter((one) => one.type === type)
      .map((now) => [before.find(({ urn }) => urn === now.urn)?.inputs, now.inputs] as const);
    return Object.keys(schema.inputProperties)
      .filter((name) => name !== "adopt" && name !== "rotation")
      .filter((name) => pairs.every(([was, now]) => was === undefined || JSON.stringify(was[name]) === JSON.stringify(now?.[name])))
      .map((name) => `${type.split(":").at(-1) ?? ""}.${name}`);
  });
}
