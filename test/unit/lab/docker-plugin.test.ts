import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { z } from "zod";

import { engineApi } from "../../../lab/machine/docker/api/engine-api.ts";
import { ObjectStore } from "../../../lab/machine/docker/objects.ts";
import { dockerPlugin } from "../../../lab/plugins/docker/server.ts";
import type { Call, Plugin } from "../../../lab/plugins/plugin-server.ts";
import { publishedTypes } from "../../../lab/plugins/published-types/published-types.ts";
import { UNKNOWN } from "../../../provider/values.ts";
import type { Properties } from "../../../provider/values.ts";

const NETWORK = "docker:index/network:Network";
const VOLUME = "docker:index/volume:Volume";
const IMAGE = "docker:index/remoteImage:RemoteImage";
const SSH_OPTS = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=15"];
const BIND = { type: "none", o: "bind", device: "/data/edge" };

const originalPath = process.env["PATH"];
let folder: string;
let machine: string;
let server: Server;
/** Over the fake ssh and the lab's `docker system dial-stdio`. */
let overSsh: Plugin;
/** At the same engine, with nothing between. */
let plugin: Plugin;
const others: Plugin[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "docker-plugin-"));
  machine = join(folder, "machine");
  const docker = dirname(fileURLToPath(new URL("../../../lab/machine/bin/docker", import.meta.url)));
  await writeFile(
    join(folder, "ssh"),
    [
      "#!/bin/sh",
      `echo "$*" >>${folder}/calls`,
      'case $* in *"-p 1 "*) echo "ssh: connect to host down port 1: Connection refused" >&2; exit 255 ;; esac',
      'while [ "$1" != -- ]; do shift; done',
      "shift 2",
      `PATH=${docker}:$PATH LAB_MACHINE=${machine} exec "$@"`,
      "",
    ].join("\n"),
    { mode: 0o755 },
  );
  process.env["PATH"] = [folder, originalPath].join(delimiter);
  server = engineApi(machine);
  await new Promise<void>((resolve) => server.listen(join(folder, "docker.sock"), resolve));
  overSsh = await configured({
    host: "ssh://ops@harbor.internal:2222",
    sshOpts: JSON.stringify(SSH_OPTS),
    disableDockerDaemonCheck: "true",
  });
  plugin = await configured({ host: `unix://${folder}/docker.sock` });
});

afterEach(async () => {
  await rm(join(machine, "docker-engine"), { recursive: true, force: true });
});

afterAll(async () => {
  for (const one of others) one.close?.();
  process.env["PATH"] = originalPath;
  server.close();
  server.closeAllConnections();
  await rm(folder, { recursive: true });
});

async function configured(configuration: Properties): Promise<Plugin> {
  const made = dockerPlugin({ inUseMs: 600 });
  others.push(made);
  await made.configure?.(configuration, () => undefined);
  return made;
}

const callOf = (type: string, preview = false): Call => {
  const signal = AbortSignal.timeout(30_000);
  return { urn: "urn", type, name: "it", preview, signal, log: () => undefined };
};

const create = (type: string, inputs: Properties, by = plugin) => by.create(callOf(type), inputs);
const read = async (type: string, id: string, inputs: Properties, state: Properties, by = plugin) =>
  by.read?.(callOf(type), id, inputs, state);
const remove = async (type: string, id: string, state: Properties, by = plugin) => {
  await by.delete(callOf(type), id, state);
};
const text = (value: unknown) => z.string().parse(value);
const kept = () => new ObjectStore(machine).read();

test("over ssh: a network, a volume and an image are made, read, and deleted but for the kept image", async () => {
  const labels = [{ label: "owner", value: "harbor-cache" }];
  const network = await create(
    NETWORK,
    { name: "edge", internal: true, labels, ipamDriver: "default" },
    overSsh,
  );
  const volume = await create(VOLUME, { name: "certs", driver: "local", driverOpts: BIND }, overSsh);
  const image = await create(
    IMAGE,
    { name: "docker.io/library/traefik:v3.7.10", keepLocally: true },
    overSsh,
  );

  expect(network.state).toMatchObject({
    name: "edge",
    driver: "bridge",
    internal: true,
    scope: "local",
    labels,
  });
  expect(network.id).toBe(kept().networks["edge"]?.Id);
  expect([volume.id, volume.state["driverOpts"]]).toEqual(["certs", BIND]);
  expect(volume.state["mountpoint"]).toBe(kept().volumes["certs"]?.Mountpoint);
  expect(image.state["repoDigest"]).toMatch(/^traefik@sha256:[0-9a-f]{64}$/);
  expect(image.id).toBe(`${text(image.state["imageId"])}docker.io/library/traefik:v3.7.10`);
  const types = publishedTypes("@pulumi/docker");
  const states = { [NETWORK]: network.state, [VOLUME]: volume.state, [IMAGE]: image.state };
  for (const [type, state] of Object.entries(states)) expect(types.outputs(type)(state)).toEqual([]);

  for (const [type, { id, state }] of Object.entries({
    [NETWORK]: network,
    [VOLUME]: volume,
    [IMAGE]: image,
  })) {
    expect(await read(type, id, {}, state, overSsh)).toMatchObject({ id, state });
    await remove(type, id, state, overSsh);
  }
  expect(kept()).toMatchObject({ networks: {}, volumes: {} });
  expect(Object.values(kept().images)).toHaveLength(1);
  // Some fifteen requests: connections are kept.
  expect((await readFile(join(folder, "calls"), "utf8")).trim().split("\n").length).toBeLessThan(5);
});

test("nothing is connected before the first request, and then the error has ssh's words", async () => {
  await rm(join(folder, "calls"), { force: true });
  const dead = await configured({ host: "ssh://ops@down:1", disableDockerDaemonCheck: "true" });
  expect(existsSync(join(folder, "calls"))).toBe(false);
  await expect(create(NETWORK, { name: "edge" }, dead)).rejects.toThrow(
    /command \[ssh -o ConnectTimeout=30 -T -l ops -p 1 -- down docker system dial-stdio\] has exited with exit status 255.*stderr=ssh: connect to host down port 1: Connection refused/,
  );
  await expect(configured({ host: "ssh://ops@down:1" })).rejects.toThrow("Connection refused");
  await expect(
    configured({ host: `unix://${folder}/none.sock`, disableDockerDaemonCheck: "true" }),
  ).rejects.toThrow("none.sock");
  await expect(configured({ host: "tcp://down:2375" })).rejects.toThrow("ssh:// and unix:// only");
});

test("a preview asks nobody", async () => {
  const unknown = await configured({ host: UNKNOWN, sshOpts: UNKNOWN });
  const { id, state } = await unknown.create(callOf(IMAGE, true), { name: "traefik:v3.7.10" });
  expect([id, state]).toEqual(["", { name: "traefik:v3.7.10", imageId: UNKNOWN, repoDigest: UNKNOWN }]);
  const volume = await unknown.create(callOf(VOLUME, true), { name: "certs", driver: "local" });
  expect(volume.state).toEqual({ name: "certs", driver: "local", mountpoint: UNKNOWN });
  await expect(create(VOLUME, { name: "certs" }, unknown)).rejects.toThrow("isn't configured");
});

test("a refresh shows what changed on the machine and what is gone", async () => {
  const inputs = { name: "certs", driver: "local", driverOpts: BIND };
  const { id, state } = await create(VOLUME, inputs);
  expect(await read(VOLUME, id, inputs, state)).toEqual({ id, inputs, state });
  new ObjectStore(machine).change(({ volumes }) => {
    if (volumes["certs"] !== undefined) volumes["certs"].Options = { ...BIND, device: "/elsewhere" };
  });
  const drifted = await read(VOLUME, id, inputs, state);
  expect(drifted?.inputs["driverOpts"]).toEqual({ ...BIND, device: "/elsewhere" });
  expect(plugin.diff(VOLUME, id, inputs, drifted?.state ?? {}, inputs).detailed).toEqual({
    "driverOpts.device": { kind: "update-replace" },
  });
  await remove(VOLUME, id, state);
  expect(await read(VOLUME, id, inputs, state)).toBeUndefined();
  await remove(VOLUME, id, state);
});

test("networks and volumes are imported by id, images can't be", async () => {
  const made = await create(NETWORK, { name: "edge", internal: true });
  const imported = await read(NETWORK, made.id, {}, {});
  expect(imported?.inputs).toMatchObject({ name: "edge", internal: true, driver: "bridge" });
  expect(imported?.inputs).not.toHaveProperty("scope");
  expect(
    plugin.diff(NETWORK, made.id, {}, imported?.state ?? {}, {
      ...{ name: "edge", internal: true, ipamDriver: "default" },
    }).detailed,
  ).toEqual({});
  await create(VOLUME, { name: "certs" });
  expect((await read(VOLUME, "certs", {}, {}))?.inputs).toMatchObject({ name: "certs", driver: "local" });
  expect(await read(VOLUME, "other", {}, {})).toBeUndefined();
  await expect(read(IMAGE, "sha256:0", {}, {})).rejects.toThrow("doesn't support import");
});

test("what is in use is waited for, and then an error", async () => {
  const [network, volume] = [
    await create(NETWORK, { name: "edge" }),
    await create(VOLUME, { name: "certs" }),
  ];
  const store = new ObjectStore(machine);
  const use = (containers: string[]) => {
    store.change(({ networks, volumes }) => {
      for (const one of [networks["edge"], volumes["certs"]])
        if (one !== undefined) one.containers = containers;
    });
  };
  use(["traefik"]);
  await expect(remove(NETWORK, network.id, network.state)).rejects.toThrow("has active endpoints");
  await expect(remove(VOLUME, volume.id, volume.state)).rejects.toThrow("volume is in use");
  setTimeout(use, 100, []);
  await Promise.all([remove(NETWORK, network.id, network.state), remove(VOLUME, volume.id, volume.state)]);
  expect(kept()).toMatchObject({ networks: {}, volumes: {} });
});

test("an image is pulled where it is missing, deleted unless it is kept, and refused where there is none", async () => {
  const name = "tecnativa/docker-socket-proxy:v0.4.2";
  const image = await create(IMAGE, { name });
  expect(await create(IMAGE, { name })).toEqual(image);
  await remove(IMAGE, image.id, { ...image.state, keepLocally: true });
  expect(Object.keys(kept().images)).toHaveLength(1);
  await remove(IMAGE, image.id, image.state);
  expect(kept().images).toEqual({});
  expect(await read(IMAGE, image.id, {}, image.state)).toBeUndefined();
  await remove(IMAGE, image.id, image.state);

  const pinned = text(image.state["repoDigest"]);
  expect((await create(IMAGE, { name: pinned })).state["repoDigest"]).toBe(pinned);
  expect(await plugin.update(callOf(IMAGE), "id", image.state, { name, keepLocally: true })).toEqual({
    ...image.state,
    keepLocally: true,
  });
  await expect(create(IMAGE, { name: "alpine:3" })).rejects.toThrow(
    "unable to pull image alpine:3: Error response from daemon: manifest for alpine:3 not found: manifest unknown",
  );
});

test("a network's name is taken once; what is gone already is deleted without an error", async () => {
  const { id, state } = await create(NETWORK, { name: "edge" });
  await expect(create(NETWORK, { name: "edge" })).rejects.toThrow("network with name edge already exists");
  await remove(NETWORK, id, state);
  expect(await read(NETWORK, id, {}, state)).toBeUndefined();
  await remove(NETWORK, id, state);
});
