/** The steps that make a machine Harbor, on a real Docker engine with real compose; Harbor itself is a stand-in. */
import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { z } from "zod";

import { renderTlsYml } from "../../components/edge/tls-yml.ts";
import type { HarborMachine } from "../../components/harbor/step-scripts.ts";
import type { HarborSettings, Tls } from "../../config/settings.ts";
import { makeInstaller } from "../../lab/installer.ts";
import { exampleEdge, exampleSettings, passwords } from "../unit/harbor/example-machine.ts";
import { makeEdgeObjects } from "./edge/edge-stack.ts";
import { dockerIsThere, startDockerEngine } from "./machine/docker-engine.ts";
import type { DockerEngine } from "./machine/docker-engine.ts";
import { harborSteps } from "./machine/harbor-steps.ts";
import type { HarborSteps } from "./machine/harbor-steps.ts";
import { buildImages } from "./machine/images.ts";
import { freePort } from "../../lab/free-port.ts";

// Not the engine's own default, which is 127.0.0.1: a port there would not have been published by us.
const LISTEN = "127.0.0.2";

const CONTAINERS = [
  "harbor-core",
  "harbor-db",
  "harbor-jobservice",
  "harbor-log",
  "harbor-portal",
  "nginx",
  "redis",
  "registry",
  "registryctl",
];
const container = z.object({ Id: z.string(), Name: z.string(), State: z.object({ Running: z.boolean() }) });
const projects = z.array(z.object({ name: z.string() }));

// In order: it is the life of one machine, each part of it beginning where the one before ended.
describe.skipIf(!(await dockerIsThere()))("Harbor on a real Docker engine", () => {
  let engine: DockerEngine;
  let folder: string;
  let steps: HarborSteps;
  /** Read by compose after the rendered files. */
  let additions: string;
  let settings: HarborSettings;

  beforeAll(async () => {
    engine = await startDockerEngine();
    folder = await mkdtemp(join(tmpdir(), "harbor-on-docker-"));
    settings = exampleSettings(
      {
        listenAddress: LISTEN,
        httpPort: await freePort(LISTEN),
        httpsPort: await freePort(LISTEN),
        loopbackPort: await freePort(),
        timeouts: { step: 60, health: 20 },
      },
      folder,
    );
    settings = {
      ...settings,
      installer: { ...(await makeInstaller(folder, settings.version)), cosign: false },
    };
    additions = join(folder, "test.yml");
    await writeFile(additions, "services: {}\n");
    const COMPOSE_FILE = ["docker-compose.yml", "docker-compose.override.yml", additions].join(delimiter);
    steps = harborSteps(engine, passwords, { COMPOSE_FILE });
    await buildImages(engine, settings.version);
  });
  afterAll(async () => {
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const machine = (changes: Partial<HarborSettings> = {}, tls: Tls = { mode: "none" }): HarborMachine => ({
    hostname: "registry.example.com",
    tls,
    harbor: { ...settings, ...changes },
    edge: exampleEdge,
  });

  /** Ids of all containers by name. */
  const containers = async () => {
    const ids = (await engine.docker(["ps", "--all", "--quiet"])).split("\n").filter(Boolean);
    if (ids.length === 0) return {};
    const found = z.array(container).parse(JSON.parse(await engine.docker(["inspect", ...ids])));
    return Object.fromEntries(
      found.map(({ Id, Name, State }) => [Name.slice(1), State.Running ? Id : `${Id} stopped`]),
    );
  };

  /** Ports of Harbor itself. */
  const published = async () => (await engine.docker(["port", "nginx"])).trim().split("\n").sort();

  const api = async (path: string, options: { method?: "GET" | "POST"; body?: unknown } = {}) => {
    const credentials = Buffer.from(`admin:${passwords.adminPassword}`).toString("base64");
    const response = await request(`http://${LISTEN}:${settings.httpPort}/api/v2.0${path}`, {
      method: options.method ?? "GET",
      headers: { authorization: `Basic ${credentials}`, "content-type": "application/json" },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
    return { status: response.statusCode, text: await response.body.text() };
  };

  const projectNames = async () =>
    projects.parse(JSON.parse((await api("/projects")).text)).map(({ name }) => name);

  it("comes up, healthy and on its own address only", async () => {
    await steps.up(machine());
    expect(Object.keys(await containers()).sort()).toEqual(CONTAINERS);
    expect(await published()).toEqual([`8080/tcp -> ${LISTEN}:${settings.httpPort}`]);
    expect((await api("/health")).text).toContain('"status":"healthy"');
  });

  it("changes nothing at the second run", async () => {
    const before = await containers();
    await steps.up(machine());
    expect(await containers()).toEqual(before);
  });

  it("starts again what was stopped, and only that", async () => {
    const before = await containers();
    await engine.docker(["stop", "registry"]);
    expect(await containers()).not.toEqual(before);
    await steps.up(machine());
    expect(await containers()).toEqual(before);
  });

  it("makes every container anew with a new configuration, and keeps what Harbor holds", async () => {
    const before = await containers();
    expect((await api("/projects", { method: "POST", body: { project_name: "kept" } })).status).toBe(201);
    await steps.up(machine({ logLevel: "debug" }));
    const after = await containers();
    expect(Object.keys(after).sort()).toEqual(CONTAINERS);
    for (const name of CONTAINERS) expect(after[name]).not.toBe(before[name]);
    expect(await projectNames()).toContain("kept");
  });

  it("is gone after destroy, but for its data", async () => {
    await steps.down(machine());
    expect(await containers()).toEqual({});
    expect(await engine.docker(["network", "ls", "--filter", "type=custom", "--quiet"])).toBe("");
    await expect(access(settings.installDir)).rejects.toThrow("ENOENT");
    await access(settings.dataDir);
  });

  it("tells the engine's own words when a port is taken, and finishes at the next run", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(settings.httpPort, LISTEN, resolve));
    await expect(steps.up(machine())).rejects.toThrow(/address already in use/);
    await new Promise((resolve) => taken.close(resolve));
    await steps.up(machine());
    expect(await projectNames()).toContain("kept");
  });

  it("comes behind its edge, and keeps what that needs when everything else of Harbor is thrown away", async () => {
    const objects = await makeEdgeObjects(engine, "0123abcd", settings.dataDir, {
      traefikImage: IDLE,
      socketProxyImage: IDLE,
    });
    await buildIdleEdge(engine, IDLE);
    // The engine's own socket, which isn't where a machine has it.
    const socket = engine.env["DOCKER_HOST"]?.replace("unix://", "") ?? "";
    const volumes = [`${socket}:/var/run/docker.sock:ro`];
    await writeFile(additions, stringify({ services: { "socket-proxy": { volumes } } }));
    const withEdge = machine({}, { mode: "self-signed", validityDays: 825, renewBeforeDays: 90 });
    const front = { objects, certificate: "", credentials: undefined };
    const printed = await steps.up(withEdge, front);

    expect(await published()).toEqual([`8080/tcp -> 127.0.0.1:${settings.loopbackPort}`]);
    const compose = (...args: string[]) =>
      engine.docker(["compose", "--project-directory", settings.installDir, ...args]);
    const traefik = (await compose("ps", "--quiet", "traefik")).trim();
    expect((await engine.docker(["port", traefik])).trim().split("\n").sort()).toEqual([
      `443/tcp -> ${LISTEN}:${settings.httpsPort}`,
      `80/tcp -> ${LISTEN}:${settings.httpPort}`,
    ]);
    const seen = await engine.docker([
      ...["exec", traefik, NODE, "-e"],
      "const fs = require('fs'); for (const f of ['/certs/server.crt', '/etc/traefik/edge/tls.yml']) process.stdout.write(fs.readFileSync(f))",
    ]);
    const [fingerprint = ""] = printed.split("\n");
    expect(seen).toBe(
      (await readFile(join(settings.dataDir, "edge/server.crt"), "utf8")) +
        renderTlsYml(
          { ...withEdge, tls: { mode: "self-signed", validityDays: 825, renewBeforeDays: 90 } },
          fingerprint,
        ),
    );

    await compose("down", "--volumes");
    expect(await containers()).toEqual({});
    await engine.docker(["network", "inspect", objects.network]);
    await engine.docker(["volume", "inspect", objects.volume]);
    expect(await steps.up(withEdge, front)).toBe(printed);
  });

  it("gives up its edge again, which the engine then lets go of", async () => {
    await writeFile(additions, "services: {}\n");
    await steps.up(machine());
    await engine.docker(["network", "rm", "harbor-cache-edge-0123abcd"]);
    await engine.docker(["volume", "rm", "harbor-cache-certs-0123abcd"]);
    await access(join(settings.dataDir, "edge/server.key"));
    expect(await published()).toEqual([`8080/tcp -> ${LISTEN}:${settings.httpPort}`]);
    expect(Object.keys(await containers()).sort()).toEqual(CONTAINERS);
    expect(await projectNames()).toContain("kept");
  });
});

const IDLE = "stand-in/idle-edge:1";
const NODE = "/node_modules/.bin/node";

/** Takes every argument and does nothing. */
async function buildIdleEdge(engine: DockerEngine, tag: string): Promise<void> {
  const entrypoint = [
    NODE,
    "-e",
    "process.once('SIGTERM', () => process.exit()); setInterval(() => {}, 1e9)",
    "--",
  ];
  await engine.docker(["build", "--quiet", "--tag", tag, "-"], {
    stdin: `FROM stand-in\nENTRYPOINT ${JSON.stringify(entrypoint)}\n`,
  });
}
