/**
 * A machine is lost, and the program makes a new one Harbor on the same data: the whole program on the real engine, with
 * real sshd, Docker, compose, Traefik and a CA that speaks ACME. Harbor itself is the lab's stand-in.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { LookupFunction } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";

import { dnsChallengePolicy } from "../../components/host/aws-policies.ts";
import { freePort } from "../../lab/free-port.ts";
import { makeInstaller } from "../../lab/installer.ts";
import { readAll } from "../../lab/upstream/http-client.ts";
import { makeImage, pushImage } from "../../lab/upstream/image.ts";
import { ask, MANIFEST_TYPES } from "../../lab/upstream/registry-client.ts";
import { edgeProgramsAreThere } from "../../tools/edge-programs.ts";
import { ensureEngine, PROJECT_ROOT } from "../../tools/engine.ts";
import { Stack } from "../../tools/stack.ts";
import { findProgram } from "../../tools/test-programs.ts";
import { forgetSshFiles } from "../ssh-files.ts";
import { serveDns } from "./edge/dns.ts";
import { renderAdditions } from "./edge/edge-stack.ts";
import { servedCertificate, waitFor } from "./edge/https-client.ts";
import { makeTraefikImage } from "./edge/images.ts";
import { startPebble } from "./edge/pebble.ts";
import type { Pebble } from "./edge/pebble.ts";
import { startRoute53 } from "./edge/route53.ts";
import type { Route53 } from "./edge/route53.ts";
import { makeSocketProxyImage } from "./edge/socket-proxy.ts";
import { dockerIsThere, startDockerEngine } from "./machine/docker-engine.ts";
import type { DockerEngine } from "./machine/docker-engine.ts";
import { startDockerRegistry } from "./machine/docker-registry.ts";
import type { DockerRegistry } from "./machine/docker-registry.ts";
import { buildImages } from "./machine/images.ts";
import { makeKey, startSshd } from "./machine/sshd.ts";
import type { KeyPair, Sshd } from "./machine/sshd.ts";

const LISTEN = "127.0.0.5";
const ZONE = "example.com";
const HOSTNAME = "registry.example.com";
const HARBOR_VERSION = "2.15.2";
const IMAGE = makeImage("kept");
const KEYS = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};

const possible =
  (await dockerIsThere()) &&
  (await edgeProgramsAreThere()) &&
  (await findProgram("sshd")) !== undefined &&
  (await findProgram("docker-registry")) !== undefined;

// In order: the second machine comes after the first.
describe.skipIf(!possible)("a machine made again on the same data", () => {
  const stops: (() => Promise<unknown>)[] = [];
  let folder: string;
  let key: KeyPair;
  let engine: DockerEngine;
  let route53: Route53;
  let pebble: Pebble;
  let upstream: DockerRegistry;
  let stack: Stack;
  let httpsPort: number;
  let fingerprint: string | undefined;
  const installDir = () => join(folder, "opt/harbor");

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebuild-"));
    stops.push(() => rm(folder, { recursive: true, force: true }));
    key = await makeKey(join(folder, "client"), "key");
    engine = await newEngine();
    // It stays when the first machine is lost: the world outside listens there.
    const address = engine.gateway;
    upstream = await startDockerRegistry(join(folder, "upstream"), address);
    stops.push(() => upstream.stop());
    await pushImage(`http://${upstream.name}`, "team/hello", "1", IMAGE);
    const images = await startDockerRegistry(join(folder, "images"), "127.0.0.1");
    stops.push(() => images.stop());
    const edge = {
      traefikImage: `${images.name}/traefik:v3`,
      socketProxyImage: `${images.name}/socket-proxy:1`,
    };
    await makeTraefikImage(engine, edge.traefikImage);
    await makeSocketProxyImage(engine, edge.socketProxyImage);
    for (const image of Object.values(edge)) await engine.docker(["push", "--quiet", image]);

    route53 = await startRoute53({
      ...{ address, zone: ZONE, credentials: { accessKeyId: KEYS.accessKeyId } },
      policy: (zoneId) => JSON.stringify(dnsChallengePolicy("aws", zoneId, HOSTNAME)),
    });
    stops.push(() => route53.stop());
    const dns = await serveDns(address, { name: ZONE, txt: (name) => route53.txt(name) });
    stops.push(() => dns.stop());
    pebble = await startPebble({
      ...{ address, dnsServer: `${address}:53`, folder: join(folder, "pebble") },
      validitySeconds: 90 * 86_400,
    });
    stops.push(() => pebble.stop());

    httpsPort = await freePort(LISTEN);
    stack = new Stack({
      engine: await ensureEngine(),
      name: "test",
      backend: join(folder, "backend"),
      configFile: join(folder, "Pulumi.test.yaml"),
      passphrase: "of the test",
      env: {
        NODE_OPTIONS: `--import ${join(PROJECT_ROOT, "test/e2e/edge/hosts-file.ts")}`,
        TEST_HOST: HOSTNAME,
        TEST_ADDRESS: LISTEN,
      },
    });
    const tls = {
      mode: "letsencrypt-route53",
      email: "ops@example.com",
      hostedZoneId: route53.zoneId,
      caServer: pebble.directory,
      caCertificate: pebble.certificates,
      credentials: { accessKeyId: KEYS.accessKeyId },
    };
    const harbor = {
      ...{ version: HARBOR_VERSION, installDir: installDir(), dataDir: join(folder, "data") },
      installer: { ...(await makeInstaller(join(folder, "installer"), HARBOR_VERSION)), cosign: false },
      listenAddress: LISTEN,
      ...{ httpPort: await freePort(LISTEN), httpsPort, loopbackPort: await freePort() },
      requirements: { cpus: 1, memoryGiB: 0.1, diskGiB: 0.1 },
      timeouts: { step: 120, health: 60 },
    };
    const registry = {
      name: upstream.name,
      endpoint: `http://${upstream.name}`,
      project: "upstream",
      insecure: true,
    };
    const settings = {
      ...{ hostname: HOSTNAME, tls, harbor, edge, registries: [registry] },
      nodes: { pools: [] },
      protect: false,
      machine: { address: "127.0.0.1", user: userInfo().username },
    };
    const config = Object.entries(settings).map(([name, value]) => [`harbor-cache:${name}`, value]);
    await writeFile(stack.options.configFile, stringify({ config: Object.fromEntries(config) as object }));
    await stack.init();
    const secrets = {
      "machine.privateKey": key.privateKey,
      "tls.credentials.secretAccessKey": KEYS.secretAccessKey,
    };
    for (const [path, value] of Object.entries(secrets))
      await stack.setConfig(`harbor-cache:${path}`, value, { secret: true });
    await newMachine("one");
  });
  async function newEngine(): Promise<DockerEngine> {
    const started = await startDockerEngine();
    stops.push(() => started.stop());
    return started;
  }
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  /** A machine with Docker and nothing else, which the settings then name. */
  async function newMachine(name: string): Promise<Sshd> {
    await buildImages(engine, HARBOR_VERSION);
    const additions = join(folder, `${name}.yml`);
    const environment = { AWS_ENDPOINT_URL: route53.url };
    const dns = [new URL(route53.url).hostname];
    await writeFile(additions, renderAdditions(engine, { environment, dns }));
    const machine = await startSshd({
      folder: join(folder, name),
      authorizedKey: key.publicKey,
      env: {
        ...engine.env,
        PATH: [engine.bin, "/usr/sbin", "/usr/bin", "/sbin", "/bin"].join(delimiter),
        COMPOSE_FILE: ["docker-compose.yml", "docker-compose.override.yml", additions].join(delimiter),
      },
    });
    stops.push(() => machine.stop());
    stops.push(() => forgetSshFiles(machine.hostKey));
    await stack.setConfig("harbor-cache:machine.port", String(machine.port));
    await stack.setConfig("harbor-cache:machine.hostKey", machine.hostKey);
    first ??= machine;
    return machine;
  }
  let first: Sshd | undefined;

  const lookup: LookupFunction = (_host, options, callback) => {
    if (options.all === true) callback(null, [{ address: LISTEN, family: 4 }]);
    else callback(null, LISTEN, 4);
  };
  const harbor = () => ({ url: `https://${HOSTNAME}:${httpsPort}`, ca: pebble.certificates, lookup });
  /** Status and size of what Harbor's cache answers. */
  const pull = async (part: string, method = "GET") => {
    const path = `/v2/upstream/team/hello/${part}`;
    const answer = await ask(harbor(), path, { method, headers: { accept: MANIFEST_TYPES } });
    return { status: answer.status, bytes: (await readAll(answer.body)).length };
  };
  const artifacts = async () => {
    const { harborAdminPassword: password } = await stack.outputs();
    const authorization = `Basic ${Buffer.from(`admin:${String(password)}`).toString("base64")}`;
    const path = "/api/v2.0/projects/upstream/repositories/team%252Fhello/artifacts?with_tag=true";
    return (await readAll((await ask(harbor(), path, { headers: { authorization } })).body)).toString();
  };
  // Of an index Harbor caches a version of its own, which only the tag leads to.
  const parts = [
    "manifests/1",
    ...IMAGE.manifests.map(({ digest }) => `manifests/${digest}`),
    ...IMAGE.blobs.map(({ digest }) => `blobs/${digest}`),
  ];
  const statuses = async () => {
    const found: string[] = [];
    for (const part of parts) found.push(`${(await pull(part)).status} ${part}`);
    return found;
  };
  const served = async () =>
    (await servedCertificate({ address: LISTEN, port: httpsPort, hostname: HOSTNAME }))?.fingerprint;

  it("becomes Harbor with a certificate, and caches an image", async () => {
    await stack.mustRun("up");
    expect(pebble.orders()).toBe(1);
    expect(route53.calls.filter(({ allowed }) => !allowed)).toEqual([]);
    fingerprint = await served();
    // A tag is cached for who asks by HEAD, and then by digest.
    expect((await pull("manifests/1", "HEAD")).status).toBe(200);
    expect((await pull(`manifests/${IMAGE.index.digest}`)).status).toBe(200);
    expect(await statuses()).toEqual(parts.map((part) => `200 ${part}`));
    // Harbor caches an index in the background.
    await waitFor("the cached tag", 60, async () =>
      (await artifacts()).includes('"name":"1"') ? true : undefined,
    );
    expect(await stack.pending()).toEqual({});
  });

  it("is Harbor again on a new machine, with the projects, images and certificate of the old one", async () => {
    await first?.stop();
    const containers = (await engine.docker(["ps", "--all", "--quiet"])).trim().split("\n");
    await engine.docker(["rm", "--force", "--volumes", ...containers]);
    await rm(installDir(), { recursive: true });
    await upstream.stop();
    engine = await newEngine();
    await newMachine("two");

    const { output } = await stack.mustRun("up");
    expect(output).not.toMatch(/harbor:Project .*(created|replaced|deleted)/);
    expect(await engine.docker(["ps", "--quiet"])).not.toBe("");
    expect(await served()).toBe(fingerprint);
    expect(pebble.orders()).toBe(1);
    expect(await statuses()).toEqual(parts.map((part) => `200 ${part}`));
    expect(await stack.pending()).toEqual({});
  });

  it("leaves the data alone when everything is destroyed", async () => {
    await stack.mustRun("destroy");
    expect(await engine.docker(["ps", "--all", "--quiet"])).toBe("");
    expect(await engine.docker(["network", "ls", "--quiet", "--filter", "name=harbor-cache"])).toBe("");
    expect(await engine.docker(["volume", "ls", "--quiet", "--filter", "name=harbor-cache"])).toBe("");
    expect(await readFile(join(folder, "data/edge/acme.json"), "utf8")).toContain(HOSTNAME);
  });
});
