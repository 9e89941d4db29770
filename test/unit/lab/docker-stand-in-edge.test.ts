/** What the compose stand-in makes of the edge's part of the override. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import type { EdgeTls } from "../../../components/edge/edge-machine.ts";
import { renderComposeOverride } from "../../../components/harbor/compose-override.ts";
import { beganAt } from "../../../lab/background.ts";
import { loadProject, networkNames } from "../../../lab/machine/docker/compose-file.ts";
import type { Project } from "../../../lab/machine/docker/compose-file.ts";
import { releaseObjects, takeObjects } from "../../../lab/machine/docker/compose-objects.ts";
import { ContainerStore } from "../../../lab/machine/docker/containers.ts";
import { releaseEdge } from "../../../lab/machine/docker/edge-process.ts";
import { ObjectStore } from "../../../lab/machine/docker/objects.ts";
import { exampleMachine, front, selfSigned, letsEncrypt } from "../harbor/example-machine.ts";

const { network, volume } = front.objects;
const images = { traefikImage: "traefik:v3.7.10", socketProxyImage: "tecnativa/docker-socket-proxy:v0.4.2" };
let machine: string;
let install: string;
let engine: ObjectStore;

beforeEach(() => {
  machine = mkdtempSync(join(tmpdir(), "docker-stand-in-"));
  install = join(machine, "harbor");
  mkdirSync(install);
  engine = new ObjectStore(machine);
  writeFileSync(
    join(install, "docker-compose.yml"),
    "services: { proxy: { image: 'goharbor/nginx-photon:v2.15.2', networks: [harbor] } }\nnetworks: { harbor: { external: false } }\n",
  );
});
afterEach(() => {
  rmSync(machine, { recursive: true });
});

function override(text: string) {
  writeFileSync(join(install, "docker-compose.override.yml"), text);
  return loadProject(install);
}

function rendered(tls: EdgeTls = selfSigned, changes: Partial<typeof images> = {}) {
  const from = { ...exampleMachine(), tls };
  const objects = { ...front.objects, ...images, ...changes };
  return override(renderComposeOverride(from.harbor, { machine: from, objects }));
}

function makeObjects(): void {
  engine.change((kept) => {
    const Created = new Date().toISOString();
    kept.networks[network] = {
      ...{ Id: "1", Name: network, Created, Scope: "local", Driver: "bridge", EnableIPv6: false },
      ...{ Internal: false, Attachable: false, Ingress: false, Options: {}, Labels: {}, containers: [] },
      IPAM: { Driver: "default", Options: null, Config: [] },
    };
    kept.volumes[volume] = {
      ...{ Name: volume, Driver: "local", Mountpoint: "/v", CreatedAt: Created, Scope: "local" },
      ...{ Options: { device: "/data/edge" }, Labels: null, containers: [] },
    };
  });
}

it("frees what Traefik listened on before anything else is started, where Traefik goes or is made anew", async () => {
  const store = new ContainerStore(machine, "harbor");
  const runs = async (project: Project, recreate: boolean) => {
    const program = "stand-in of the stand-in";
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", program]);
    const ended = once(child, "exit");
    await once(child, "spawn");
    const pid = child.pid ?? 0;
    const edge = { pid, program, began: beganAt(pid), hash: "h" };
    store.save({ containers: {}, edge });
    await releaseEdge(project, store, recreate);
    const kept = store.load().edge;
    child.kill("SIGKILL");
    await ended;
    expect(kept).toEqual(child.signalCode === "SIGKILL" ? edge : undefined);
    return kept !== undefined;
  };
  expect(await runs(rendered(), false)).toBe(true);
  expect(await runs(rendered(), true)).toBe(false);
  expect(await runs(override("services: { proxy: { ports: ['127.0.0.1:80:8080'] } }"), false)).toBe(false);
});

it("reads the rendered services, each on its networks", () => {
  const project = rendered();
  expect(Object.keys(project.services)).toEqual(["proxy", "traefik", "socket-proxy"]);
  expect(networkNames(project, "proxy")).toEqual(["harbor_harbor", network]);
  expect(networkNames(project, "traefik")).toEqual([network, "harbor_socket"]);
  expect(networkNames(project, "socket-proxy")).toEqual(["harbor_socket"]);
});

it("wants the external network and volume to be there, and holds them while containers use them", () => {
  const project = rendered();
  expect(() => {
    takeObjects(engine, project);
  }).toThrow(`network ${network} declared as external, but could not be found`);
  makeObjects();
  engine.change((kept) => {
    kept.volumes = {};
  });
  expect(() => {
    takeObjects(engine, project);
  }).toThrow(`external volume "${volume}" not found`);
  makeObjects();
  takeObjects(engine, project);
  takeObjects(engine, project);
  const users = () => [
    engine.read().networks[network]?.containers,
    engine.read().volumes[volume]?.containers,
  ];
  expect(users()).toEqual([["harbor-proxy-1", "harbor-traefik-1"], ["harbor-traefik-1"]]);
  releaseObjects(engine, "harbor");
  expect(users()).toEqual([[], []]);
});

it("pulls the images that there are, and no others", () => {
  makeObjects();
  takeObjects(engine, rendered());
  expect(Object.values(engine.read().images).flatMap(({ RepoTags }) => RepoTags)).toEqual([
    "traefik:v3.7.10",
    "tecnativa/docker-socket-proxy:v0.4.2",
  ]);
  const project = rendered(selfSigned, { traefikImage: "docker.io/somebody/else:1" });
  expect(() => {
    takeObjects(engine, project);
  }).toThrow("manifest unknown");
});

it("refuses what compose would refuse", () => {
  const refusals = {
    "services: { proxy: { labels: { a: '$HOME' } } }": /variables are not known/,
    "services: { proxy: { healthcheck: { interval: soon } } }": /invalid duration/,
    "services: { proxy: { healthcheck: { tests: [] } } }": /tests/,
    "networks: { edge: { external: true, driver: bridge } }": /conflicting parameters/,
    "volumes: { certs: { external: true, driver_opts: {} } }": /conflicting parameters/,
    "networks: { edge: { externally: true } }": /externally/,
  };
  for (const [text, words] of Object.entries(refusals)) expect(() => override(text)).toThrow(words);
  expect(override("services: { proxy: { labels: { a: '$$HOME' } } }").services["proxy"]?.labels).toEqual({
    a: "$HOME",
  });
});

it("wants the file with the key where there is one", () => {
  const acme = {
    ...letsEncrypt,
    credentials: { accessKeyId: "AKIAEXAMPLE0000", secretAccessKey: "kept away" as never },
  } as const;
  expect(() => rendered(acme)).toThrow(/env file .*edge\/acme\.env not found/);
});
