/** The steps that make a machine Harbor, on a real Docker engine with real compose; Harbor itself is a stand-in. */
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";

import type { HarborMachine } from "../../components/harbor/step-scripts.ts";
import type { HarborSettings, Tls } from "../../config/settings.ts";
import { makeInstaller } from "../../lab/installer.ts";
import { exampleSettings, passwords } from "../unit/harbor/example-machine.ts";
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
  let settings: HarborSettings;

  beforeAll(async () => {
    engine = await startDockerEngine();
    folder = await mkdtemp(join(tmpdir(), "harbor-on-docker-"));
    settings = exampleSettings(
      {
        listenAddress: LISTEN,
        httpPort: await freePort(LISTEN),
        httpsPort: await freePort(LISTEN),
        timeouts: { step: 60, health: 20 },
      },
      folder,
    );
    settings = {
      ...settings,
      installer: { ...(await makeInstaller(folder, settings.version)), cosign: false },
    };
    steps = harborSteps(engine, passwords);
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

  it("changes to HTTPS, which its own CA proves", async () => {
    const ca = await steps.up(machine({}, { mode: "self-signed", validityDays: 825, renewBeforeDays: 90 }));
    expect(await published()).toEqual([
      `8080/tcp -> ${LISTEN}:${settings.httpPort}`,
      `8443/tcp -> ${LISTEN}:${settings.httpsPort}`,
    ]);
    const url = `https://${LISTEN}:${settings.httpsPort}/api/v2.0/ping`;
    const ask = async (options: { readonly ca?: string }) => {
      const dispatcher = new Agent({ connect: { servername: "registry.example.com", ...options } });
      try {
        return (await request(url, { dispatcher })).statusCode;
      } finally {
        await dispatcher.destroy();
      }
    };
    expect(await ask({ ca })).toBe(200);
    await expect(ask({})).rejects.toThrow(/unable to verify/);
    expect(await readFile(join(settings.installDir, "tls/ca.crt"), "utf8")).toBe(ca);
  });
});
