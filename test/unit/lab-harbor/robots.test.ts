import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import type { Harbor } from "../../../lab/harbor/harbor.ts";
import { startHarbor } from "../../../lab/harbor/harbor.ts";
import { basic } from "../../../lab/upstream/registry-client.ts";
import type { Upstream } from "../../../lab/upstream/server.ts";
import { startUpstream } from "../../../lab/upstream/server.ts";

const ADMIN = { username: "admin", password: "Harbor12345" };
const created = z.object({ id: z.int(), name: z.string(), secret: z.string() });
type Credentials = typeof ADMIN;

let dir: string;
let harbor: Harbor;
let upstream: Upstream;
let now: Date;

beforeEach(async () => {
  dir = mkdtempSync(path.join(tmpdir(), "harbor-robots-"));
  now = new Date("2026-01-01T00:00:00Z");
  upstream = await startUpstream({});
  harbor = await startHarbor({
    adminPassword: ADMIN.password,
    dataDir: dir,
    wrongPasswordDelayMs: 5,
    clock: () => now,
  });
});
afterEach(async () => {
  await harbor.close();
  await upstream.close();
  rmSync(dir, { recursive: true, force: true });
});

async function ask(as: Credentials, method: string, url: string, body?: unknown) {
  const response = await fetch(harbor.url + url, {
    method,
    headers: { authorization: basic(as), "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
}

const api = (as: Credentials, method: string, url: string, body?: unknown) =>
  ask(as, method, `/api/v2.0${url}`, body);

/** `system` and `everywhere`: permissions as `resource:action`; `everywhere` counts for all projects. */
function robot(name: string, given: { system?: string[]; everywhere?: string[]; duration?: number }) {
  const permission = (kind: string, namespace: string, names: readonly string[]) => ({
    kind,
    namespace,
    access: names.map((one) => {
      const [resource, action] = one.split(":");
      return { resource, action };
    }),
  });
  return {
    name,
    level: "system",
    duration: given.duration ?? -1,
    permissions: [
      ...(given.system === undefined ? [] : [permission("system", "/", given.system)]),
      ...(given.everywhere === undefined ? [] : [permission("project", "*", given.everywhere)]),
    ],
  };
}

async function make(given: object, as = ADMIN): Promise<Credentials & { id: number }> {
  const { status, body } = await api(as, "POST", "/robots", given);
  expect(status).toBe(201);
  const { id, name, secret } = created.parse(body);
  return { id, username: name, password: secret };
}

test("a robot of the system does what it was given, and nothing else", async () => {
  const keeper = await make(
    robot("keeper", {
      system: ["registry:create", "registry:list", "registry:read", "project:create", "quota:list"],
      everywhere: ["project:read", "project:update", "member:list"],
    }),
  );
  const registry = { name: "up", type: "docker-registry", url: upstream.url };
  expect((await api(keeper, "POST", "/registries", registry)).status).toBe(201);
  const cache = { project_name: "cache", registry_id: 1 };
  expect((await api(keeper, "POST", "/projects", cache)).status).toBe(201);
  expect((await api(keeper, "GET", "/projects/cache")).body).toMatchObject({ owner_id: 1, registry_id: 1 });
  expect((await api(keeper, "PUT", "/projects/cache", { metadata: { public: "true" } })).status).toBe(200);
  expect((await api(keeper, "GET", "/projects/cache/members")).status).toBe(200);
  expect((await api(keeper, "GET", "/quotas")).status).toBe(200);
  const refused = { status: 403, body: { errors: [{ code: "FORBIDDEN", message: keeper.username }] } };
  expect(await api(keeper, "DELETE", "/registries/1")).toEqual(refused);
  expect(await api(keeper, "PUT", "/quotas/1", { hard: { storage: 1 } })).toEqual(refused);
  expect(await api(keeper, "DELETE", "/projects/cache")).toEqual(refused);
  expect(await api(keeper, "POST", "/projects/cache/members", {})).toEqual(refused);
  expect(await api(keeper, "GET", "/robots")).toEqual(refused);
});

test("settings, and changes of robots, are for administrators only: no robot can be given them", async () => {
  for (const permission of ["configuration:read", "configuration:update", "robot:update"]) {
    const answer = await api(ADMIN, "POST", "/robots", robot("too-much", { system: [permission] }));
    expect(answer).toEqual({
      status: 400,
      body: { errors: [{ code: "BAD_REQUEST", message: `bad request permission: ${permission}` }] },
    });
  }
  const keeper = await make(robot("keeper", { system: ["robot:create", "robot:read", "robot:delete"] }));
  expect((await api(keeper, "GET", "/configurations")).status).toBe(403);
  expect((await api(keeper, "PUT", "/configurations", { read_only: true })).status).toBe(403);
  expect((await api(keeper, "POST", "/system/oidc/ping", { url: upstream.url })).status).toBe(403);
  expect((await api(keeper, "PATCH", `/robots/${keeper.id}`, {})).status).toBe(403);
  expect((await api(keeper, "GET", `/robots/${keeper.id}`)).status).toBe(200);
  expect((await api(keeper, "DELETE", `/robots/${keeper.id}`)).status).toBe(200);
});

test("a robot makes robots that may no more than it may itself", async () => {
  const keeper = await make(
    robot("keeper", { system: ["robot:create"], everywhere: ["repository:pull", "repository:list"] }),
  );
  const puller = await make(robot("puller", { everywhere: ["repository:pull"] }), keeper);
  expect((await api(ADMIN, "GET", `/robots/${puller.id}`)).body).toMatchObject({
    creator_type: "robot",
    creator_ref: keeper.id,
  });
  const more = await api(keeper, "POST", "/robots", robot("more", { everywhere: ["repository:push"] }));
  expect(more).toMatchObject({ status: 403, body: { errors: [{ code: "DENIED" }] } });
});

test("a robot pulls from private projects with a token, until it is disabled or its time is over", async () => {
  await api(ADMIN, "POST", "/projects", { project_name: "private" });
  const given = robot("puller", { everywhere: ["repository:pull"], duration: 2 });
  const puller = await make(given);
  const scope = "/service/token?service=harbor-registry&scope=repository:private/app:pull,push";
  const { body } = await ask(puller, "GET", scope);
  const { token } = z.object({ token: z.string() }).parse(body);
  const claims = Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
  expect(JSON.parse(claims)).toMatchObject({ sub: "robot$puller", access: [{ actions: ["pull"] }] });
  expect((await ask(puller, "GET", "/v2/private/app/manifests/1")).status).toBe(404);
  expect((await ask({ ...puller, password: "wrong" }, "GET", "/v2/")).status).toBe(401);
  now = new Date("2026-01-02T23:00:00Z");
  expect((await ask(puller, "GET", "/v2/")).status).toBe(200);
  now = new Date("2026-01-03T01:00:00Z");
  expect((await ask(puller, "GET", "/v2/")).status).toBe(401);
  const update = { ...given, name: puller.username, duration: -1 };
  expect((await api(ADMIN, "PUT", `/robots/${puller.id}`, update)).status).toBe(200);
  expect((await ask(puller, "GET", "/v2/")).status).toBe(200);
  await api(ADMIN, "PUT", `/robots/${puller.id}`, { ...update, disable: true });
  expect((await ask(puller, "GET", "/v2/")).status).toBe(401);
});
