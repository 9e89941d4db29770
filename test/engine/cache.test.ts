import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { startHarbor } from "../../lab/harbor/harbor.ts";
import { ensureEngine, PROJECT_ROOT } from "../../tools/engine.ts";
import { Stack } from "../../tools/stack.ts";
import { filesWithSecrets, secretsIn, watchArguments } from "./secret-watch.ts";

const ADMIN_PASSWORD = "Adm1n-Passw0rd-of-the-engine-test";
const UPSTREAM_PASSWORD = "Upstr3am-Passw0rd-of-the-engine-test";
const SECRETS = [ADMIN_PASSWORD, UPSTREAM_PASSWORD];

/** Answers Harbor's ping of an upstream, and can be taken away. */
async function startPingable(port = 0) {
  const server = createServer((_request, response) => {
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const taken = (server.address() as AddressInfo).port;
  return { port: taken, close: () => new Promise((resolve) => server.close(resolve)) };
}

let folder: string;
let harbor: Awaited<ReturnType<typeof startHarbor>>;
let upstream: Awaited<ReturnType<typeof startPingable>>;
let stack: Stack;
let stopWatching: ReturnType<typeof watchArguments>;
const said: string[] = [];

const registry = (name: string, more: object = {}) => ({
  name,
  endpoint: `http://127.0.0.1:${upstream.port}`,
  type: "docker-registry",
  project: `proxy.${name}`,
  public: true,
  quotaBytes: -1,
  cache: {},
  insecure: false,
  aliases: [],
  ...more,
});
const configure = (...registries: object[]) =>
  stack.setConfig("cache-program:registries", JSON.stringify(registries));

async function api(path: string, init: RequestInit = {}): Promise<unknown> {
  const response = await fetch(`${harbor.url}/api/v2.0${path}`, {
    ...init,
    headers: {
      authorization: `Basic ${Buffer.from(`admin:${ADMIN_PASSWORD}`).toString("base64")}`,
      "content-type": "application/json",
    },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}
const projectNames = async () => {
  const projects = (await api("/projects?page_size=100")) as { name: string }[];
  return projects.map(({ name }) => name).sort();
};
/** URN of a resource of the program in the state. */
const urns = async (type: string) => {
  const state = JSON.parse(await stack.state()) as {
    deployment: { resources?: { urn: string; type: string }[] };
  };
  return (state.deployment.resources ?? []).filter((one) => one.type === type).map(({ urn }) => urn);
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "engine-cache-"));
  upstream = await startPingable();
  harbor = await startHarbor({
    port: 0,
    dataDir: join(folder, "harbor"),
    adminPassword: ADMIN_PASSWORD,
    externalUrl: "http://localhost",
  });
  stack = new Stack({
    engine: await ensureEngine(),
    name: "test",
    project: join(PROJECT_ROOT, "test/engine/cache-program"),
    backend: join(folder, "backend"),
    configFile: join(folder, "Pulumi.test.yaml"),
    passphrase: "of the test",
    onOutput: (text) => said.push(text),
  });
  stopWatching = watchArguments(SECRETS);
  await stack.init();
  await stack.setConfig("cache-program:url", harbor.url);
  await stack.setConfig("cache-program:password", ADMIN_PASSWORD, { secret: true });
  await stack.setConfig("cache-program:upstreamPassword", UPSTREAM_PASSWORD, { secret: true });
  await configure(registry("one.example"));
});

afterAll(async () => {
  await harbor.close();
  await upstream.close();
  await rm(folder, { recursive: true, force: true });
});

test("a preview on an empty stack works with an unknown connection and touches nothing", async () => {
  const before = await projectNames();
  // Stack, Password, Provider, Cache, Registry, Project, RetentionPolicy.
  expect(await stack.pending()).toEqual({ create: 7 });
  expect(await projectNames()).toEqual(before);
});

test("up makes the endpoint and the project", async () => {
  await stack.mustRun("up");
  expect(await projectNames()).toContain("proxy.one.example");
  const { projects } = await stack.outputs();
  expect(projects).toEqual({ "one.example": "proxy.one.example" });
});

test("a second up changes nothing", async () => {
  expect(await stack.upAsPreviewed("--expect-no-changes")).toEqual({});
});

test("a change of one registry touches only that one", async () => {
  await configure(registry("one.example"), registry("two.example"));
  await stack.mustRun("up");
  await configure(registry("one.example", { quotaBytes: 1024 ** 3 }), registry("two.example"));
  expect(await stack.upAsPreviewed()).toEqual({ update: 1 });
  const project = (await api("/projects/proxy.one.example/summary")) as { quota: { hard: object } };
  expect(project.quota.hard).toEqual({ storage: 1024 ** 3 });
});

test("credentials go to Harbor and a changed password is one update", async () => {
  const withPassword = registry("two.example", { public: false, password: "given" });
  await configure(registry("one.example", { quotaBytes: 1024 ** 3 }), withPassword);
  expect(await stack.upAsPreviewed()).toEqual({ update: 2 });
  expect(await stack.pending()).toEqual({});
  await stack.setConfig("cache-program:upstreamPassword", `${UPSTREAM_PASSWORD}-2`, { secret: true });
  expect(await stack.upAsPreviewed()).toEqual({ update: 1 });
});

test("a project that somebody changed is seen by refresh and mended by up", async () => {
  await api("/projects/proxy.one.example", {
    method: "PUT",
    body: JSON.stringify({ metadata: { public: "false" } }),
  });
  expect(await stack.upAsPreviewed("--refresh")).toEqual({ update: 1 });
  const project = (await api("/projects/proxy.one.example")) as { metadata: { public: string } };
  expect(project.metadata.public).toBe("true");
  expect(await stack.pending("--refresh")).toEqual({});
});

test("an object that is gone is seen by refresh and made again", async () => {
  await api("/projects/proxy.one.example", { method: "DELETE" });
  expect(await stack.upAsPreviewed("--refresh")).toMatchObject({ create: 2 });
  expect(await projectNames()).toContain("proxy.one.example");
});

test("an endpoint made by hand is imported by its name", async () => {
  await api("/registries", {
    method: "POST",
    body: JSON.stringify({
      name: "by-hand",
      type: "docker-registry",
      url: `http://127.0.0.1:${upstream.port}`,
      description: "made in the portal",
    }),
  });
  const provider = (await urns("pulumi:providers:harborcache")).find((urn) => urn.endsWith("::harbor"));
  const imported = await stack.must([
    ...["import", "harborcache:harbor:Registry", "by-hand", "by-hand", "--yes", "--generate-code=false"],
    ...["--protect=false", "--stack", "test", "--config-file", join(folder, "Pulumi.test.yaml")],
    ...["--provider", `harbor=${provider ?? ""}`],
  ]);
  expect(imported.output).toContain("1 imported");
  // The program doesn't know it, so that the next up removes it: it was taken over as a whole.
  expect(await stack.upAsPreviewed()).toEqual({ delete: 1 });
  expect(JSON.stringify(await api("/registries"))).not.toContain("by-hand");
});

test("a create that Harbor refused is finished by the next up", async () => {
  const gone = await startPingable();
  await gone.close();
  const third = registry("three.example", {
    endpoint: `http://127.0.0.1:${gone.port}`,
    public: false,
    password: "given",
  });
  const others = [
    registry("one.example", { quotaBytes: 1024 ** 3 }),
    registry("two.example", { public: false, password: "given" }),
  ];
  await configure(...others, third);
  const failed = await stack.run("up");
  expect(failed.code).not.toBe(0);
  expect(failed.output).toContain(`http://127.0.0.1:${gone.port}`);
  expect(failed.output).toContain("unhealthy");
  const back = await startPingable(gone.port);
  try {
    await stack.mustRun("up");
    expect(await projectNames()).toContain("proxy.three.example");
    expect(await stack.pending()).toEqual({});
    await configure(...others);
    await stack.mustRun("up");
  } finally {
    await back.close();
  }
});

test("another type is tried out before the project goes with its cache", async () => {
  const gone = await startPingable();
  await gone.close();
  const number = async () =>
    ((await api("/projects/proxy.one.example")) as { project_id: number }).project_id;
  const before = await number();
  const other = { type: "jfrog-artifactory", quotaBytes: 1024 ** 3 };
  const second = registry("two.example", { public: false, password: "given" });
  await configure(registry("one.example", { ...other, endpoint: `http://127.0.0.1:${gone.port}` }), second);
  expect((await stack.run("up")).output).toContain("unhealthy");
  expect(await number()).toBe(before);

  await configure(registry("one.example", other), second);
  expect(await stack.upAsPreviewed()).toEqual({ replace: 3 });
  expect(await number()).not.toBe(before);
  const names = ((await api("/registries")) as { name: string }[]).map(({ name }) => name).sort();
  expect(names).toEqual(["one.example (jfrog-artifactory)", "two.example"]);
});

test("a registry taken out of the settings goes, and nothing else", async () => {
  await api("/projects", { method: "POST", body: JSON.stringify({ project_name: "somebody-else" }) });
  await configure(registry("one.example"));
  await stack.mustRun("up");
  const left = await projectNames();
  expect(left).toEqual(expect.arrayContaining(["proxy.one.example", "somebody-else"]));
  expect(left).not.toContain("proxy.two.example");
  expect(((await api("/registries")) as { name: string }[]).map(({ name }) => name)).toEqual(["one.example"]);
});

test("destroy, with Harbor's machine going too, leaves Harbor's data alone and the next up takes it over", async () => {
  await stack.mustRun("destroy");
  expect(await projectNames()).toContain("proxy.one.example");
  const again = await stack.mustRun("up");
  expect(again.output).toContain("taken over with its cached images");
  expect(await stack.pending()).toEqual({});
  await stack.mustRun("destroy");
});

test("no secret was in the state, its history, the output or any process's arguments", async () => {
  const { found, seen } = await stopWatching();
  expect(seen).toBeGreaterThan(10);
  expect(found).toEqual([]);
  expect(await filesWithSecrets(join(folder, "backend"), SECRETS)).toEqual([]);
  expect(said.length).toBeGreaterThan(0);
  expect(secretsIn(said.join(""), SECRETS)).toEqual([]);
});
