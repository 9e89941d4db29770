import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Harbor } from "../../../lab/harbor/harbor.ts";
import { startHarbor } from "../../../lab/harbor/harbor.ts";
import { basic } from "../../../lab/upstream/registry-client.ts";
import type { Upstream } from "../../../lab/upstream/server.ts";
import { startUpstream } from "../../../lab/upstream/server.ts";

const ADMIN = { username: "admin", password: "Harbor12345" };
const PROJECTS = "/api/v2.0/projects";

let dir: string;
let harbor: Harbor;
let upstream: Upstream;

beforeEach(async () => {
  dir = mkdtempSync(path.join(tmpdir(), "harbor-faults-"));
  upstream = await startUpstream({});
  harbor = await startHarbor({ adminPassword: ADMIN.password, dataDir: dir });
});
afterEach(async () => {
  await harbor.close();
  await upstream.close();
  rmSync(dir, { recursive: true, force: true });
});

async function ask(method: string, url: string, body?: unknown) {
  const response = await fetch(harbor.url + url, {
    method,
    headers: { authorization: basic(ADMIN), "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

const create = (name: string, more: object = {}) => ask("POST", PROJECTS, { project_name: name, ...more });
const names = (): string[] => harbor.app.state.projects.map(({ name }) => name);

test("a status in place of an answer: nothing is done, and the next request is fine", async () => {
  harbor.faults.next({ method: "POST", path: PROJECTS, fault: { kind: "status", status: 500 } });
  const headers = { "Retry-After": "1" };
  harbor.faults.next({
    method: "POST",
    path: /projects/,
    times: 2,
    fault: { kind: "status", status: 429, body: "<html>", headers },
  });
  expect((await ask("GET", PROJECTS)).status).toBe(200);
  expect(harbor.faults.pending).toBe(3);
  expect(await create("one")).toMatchObject({ status: 500, body: "" });
  for (const left of [1, 0]) {
    const limited = await create("one");
    expect(limited).toMatchObject({ status: 429, body: "<html>" });
    expect(limited.headers.get("retry-after")).toBe("1");
    expect(harbor.faults.pending).toBe(left);
  }
  expect(names()).toEqual(["library"]);
  expect((await create("one")).status).toBe(201);
});

test("a connection that breaks before or after the write took effect", async () => {
  harbor.faults.next({ method: "POST", fault: { kind: "reset", effect: "before" } });
  await expect(create("before")).rejects.toThrow("fetch failed");
  expect(names()).toEqual(["library"]);
  harbor.faults.next({ method: "POST", fault: { kind: "reset", effect: "after" } });
  await expect(create("after")).rejects.toThrow("fetch failed");
  expect(names()).toEqual(["library", "after"]);
  expect((await create("after")).status).toBe(409);
});

test("an answer that takes its time", async () => {
  harbor.faults.next({ fault: { kind: "latency", ms: 200 } });
  const started = performance.now();
  expect((await ask("GET", PROJECTS)).status).toBe(200);
  expect(performance.now() - started).toBeGreaterThan(190);
});

test("a restart breaks the connection, refuses new ones for a while and keeps what was there", async () => {
  await create("kept");
  harbor.faults.next({ path: PROJECTS, fault: { kind: "restart", downMs: 300 } });
  await expect(create("lost")).rejects.toThrow("fetch failed");
  await expect(ask("GET", PROJECTS)).rejects.toThrow("fetch failed");
  await expect
    .poll(() =>
      ask("GET", PROJECTS).then(
        ({ status }) => status,
        () => 0,
      ),
    )
    .toBe(200);
  expect(names()).toEqual(["library", "kept"]);
});

test("read-only: writes are refused, reads and the setting itself are not", async () => {
  harbor.faults.readOnly(true);
  expect(await create("one")).toMatchObject({
    status: 403,
    body: expect.stringContaining("read only") as string,
  });
  expect((await ask("GET", PROJECTS)).status).toBe(200);
  expect((await ask("PUT", "/api/v2.0/configurations", { read_only: false })).status).toBe(200);
  expect((await create("one")).status).toBe(201);
});

test("without jobservice no proxy-cache project can be made, an ordinary one can; its upstream may be unhealthy", async () => {
  const registry = { name: "up", type: "docker-registry", url: upstream.url };
  expect((await ask("POST", "/api/v2.0/registries", registry)).status).toBe(201);
  harbor.faults.stop("jobservice");
  expect((await ask("GET", "/api/v2.0/health")).body).toContain('"status":"unhealthy"');
  expect((await create("cache", { registry_id: 1 })).status).toBe(500);
  expect((await create("plain")).status).toBe(201);
  expect(names()).toEqual(["library", "plain"]);
  harbor.faults.clear();
  expect((await create("cache", { registry_id: 1 })).status).toBe(201);
  harbor.faults.endpoint("up", "unhealthy");
  expect((await ask("GET", "/api/v2.0/registries/1")).body).toContain('"status":"unhealthy"');
  expect(() => {
    harbor.faults.endpoint("other", "unhealthy");
  }).toThrow("no registry endpoint other");
});
