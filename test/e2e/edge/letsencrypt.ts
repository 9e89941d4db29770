/**
 * The edge with certificates of an ACME CA by DNS-01: real Traefik, real Docker engine and compose, Pebble as CA. Route53
 * is moto behind a gate with the machine's role and policy, and a DNS server shows its records.
 */
import { mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { dnsChallengePolicy } from "../../../components/host/aws-policies.ts";
import type { EdgeMachine } from "../../../components/edge/edge-machine.ts";
import { freePort } from "../../../lab/free-port.ts";
import { exampleSettings } from "../../unit/harbor/example-machine.ts";
import { serveDns } from "./dns.ts";
import { edgeStack, makeEdgeObjects } from "./edge-stack.ts";
import type { Additions, EdgeStack } from "./edge-stack.ts";
import { makeEdgeImages, makeHarborFrontImage } from "./images.ts";
import { serveInstanceMetadata } from "./instance-metadata.ts";
import type { InstanceMetadata } from "./instance-metadata.ts";
import { startPebble } from "./pebble.ts";
import type { Pebble } from "./pebble.ts";
import { startRoute53 } from "./route53.ts";
import type { Route53 } from "./route53.ts";
import { ask, servedCertificate, waitFor } from "./https-client.ts";
import { startDockerEngine } from "../machine/docker-engine.ts";
import type { DockerEngine } from "../machine/docker-engine.ts";

const LISTEN = "127.0.0.3";
const ZONE = "example.com";
const HOSTNAME = "registry.example.com";
const RECORD = `_acme-challenge.${HOSTNAME}`;
const DAY = 86_400;

/** In order: it is the life of one data folder and of the machines that have it, one after the other. */
export function describeLetsEncrypt(): void {
  describe("with Let's Encrypt", life);
}

function life(): void {
  const stops: (() => Promise<void>)[] = [];
  let folder: string;
  let engine: DockerEngine;
  /** Where containers reach the CA and Route53. */
  let address: string;
  let route53: Route53;
  let metadata: InstanceMetadata;
  let pebble: Pebble;
  let shortLived: Pebble;
  let stack: EdgeStack;
  let ports: { readonly httpPort: number; readonly httpsPort: number; readonly loopbackPort: number };
  let serial: string;
  /** The machine's role is found where AWS's would be, and Route53 at the stand-in. */
  let additions: Additions;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "edge-"));
    stops.push(() => rm(folder, { recursive: true, force: true }));
    engine = await newEngine();
    address = engine.gateway;
    metadata = await serveInstanceMetadata(address);
    stops.push(() => metadata.stop());
    route53 = await startRoute53({
      ...{ address, zone: ZONE, credentials: metadata.credentials },
      policy: (zoneId) => JSON.stringify(dnsChallengePolicy("aws", zoneId, HOSTNAME)),
    });
    stops.push(() => route53.stop());
    const dns = await serveDns(address, { name: ZONE, txt: (name) => route53.txt(name) });
    stops.push(() => dns.stop());
    const ca = { address, dnsServer: `${address}:53` };
    pebble = await startPebble({ ...ca, folder: join(folder, "pebble"), validitySeconds: 90 * DAY });
    stops.push(() => pebble.stop());
    // Traefik renews what ends within 20 minutes where certificates last for an hour.
    shortLived = await startPebble({ ...ca, folder: join(folder, "short"), validitySeconds: 20 * 60 + 10 });
    stops.push(() => shortLived.stop());
    additions = {
      environment: { AWS_ENDPOINT_URL: route53.url, AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url },
      dns: [address],
    };
    ports = {
      httpPort: await freePort(LISTEN),
      httpsPort: await freePort(LISTEN),
      loopbackPort: await freePort(),
    };
    stack = await newMachine("one");
  });
  async function newEngine(): Promise<DockerEngine> {
    const started = await startDockerEngine();
    stops.push(() => started.stop());
    return started;
  }
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  const machine = (ca: Pebble): EdgeMachine => ({
    hostname: HOSTNAME,
    edge: { traefikImage: "", socketProxyImage: "", accessLog: true, hstsSeconds: 31_536_000 },
    tls: {
      mode: "letsencrypt-route53",
      email: "ops@example.com",
      hostedZoneId: route53.zoneId,
      staging: false,
      caServer: ca.directory,
      caCertificate: ca.certificates,
      resolvers: [],
    },
    harbor: { ...exampleSettings({}, folder), ...ports, listenAddress: LISTEN },
  });

  /** Everything on the engine and beside compose is new; the data folder is what it is. */
  async function newMachine(identity: string): Promise<EdgeStack> {
    const installDir = join(folder, `harbor-${identity}`);
    await mkdir(installDir);
    const images = await makeEdgeImages(engine);
    await makeHarborFrontImage(engine);
    const { dataDir } = exampleSettings({}, folder);
    return edgeStack(engine, installDir, await makeEdgeObjects(engine, identity, dataDir, images));
  }

  const client = () => ({ address: LISTEN, port: ports.httpsPort, hostname: HOSTNAME });
  const served = () => servedCertificate(client());
  const servedOf = (ca: Pebble) =>
    waitFor("a certificate of the CA", 60, async () => {
      const certificate = await served();
      return certificate?.issuer.includes("Pebble") === true ? certificate : undefined;
    }).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${ca.directory}\n${await stack.log()}`);
    });

  it("gets a certificate by what the role may do, and by nothing else", async () => {
    await stack.up(machine(pebble), "", additions);
    serial = (await servedOf(pebble)).serialNumber;
    expect(pebble.orders()).toBe(1);
    expect(route53.calls.filter(({ allowed }) => !allowed)).toEqual([]);
    expect(new Set(route53.calls.map(({ action }) => action))).toEqual(
      new Set(["route53:ChangeResourceRecordSets", "route53:GetChange", "route53:ListResourceRecordSets"]),
    );
    for (const { context } of route53.calls.filter(({ action }) =>
      action.endsWith("ChangeResourceRecordSets"),
    ))
      expect(context).toEqual({
        "route53:ChangeResourceRecordSetsNormalizedRecordNames": [RECORD],
        "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"],
      });
    expect(await route53.txt(RECORD)).toEqual([]);
  });

  it("serves Harbor by that certificate to who trusts the CA", async () => {
    const answer = await ask({ ...client(), ca: pebble.certificates, path: "/api/v2.0/ping" });
    expect(answer.status).toBe(200);
    expect(answer.seen).toMatchObject({
      path: "/api/v2.0/ping",
      headers: { host: `${HOSTNAME}:${ports.httpsPort}` },
    });
    await expect(ask({ ...client(), path: "/" })).rejects.toThrow(/self-signed|unable to/);
  });

  it("keeps the account's key and the certificate's for root alone", async () => {
    const path = join(folder, "data/edge/acme.json");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, "data/edge"))).mode & 0o777).toBe(0o700);
    expect(await readFile(path, "utf8")).toContain('"letsencrypt"');
  });

  it("keeps network and certificate through `down -v`, and orders nothing after it", async () => {
    await stack.compose("down", "--volumes", "--timeout", "5");
    expect(await engine.docker(["ps", "--all", "--quiet"])).toBe("");
    expect(
      await engine.docker(["network", "ls", "--quiet", "--filter", "name=harbor-cache-edge-one"]),
    ).not.toBe("");
    expect(await engine.docker(["volume", "ls", "--quiet"])).toContain("harbor-cache-certs-one");
    await stack.compose("up", "--detach");
    expect((await servedOf(pebble)).serialNumber).toBe(serial);
    expect(pebble.orders()).toBe(1);
  });

  it("orders nothing on a new machine with the same data folder", async () => {
    await stack.compose("down");
    // The first engine's bridge stays: the CA and Route53 listen there.
    engine = await newEngine();
    stack = await newMachine("two");
    await stack.up(machine(pebble), "", additions);
    expect((await servedOf(pebble)).serialNumber).toBe(serial);
    expect(pebble.orders()).toBe(1);
  });

  it("serves a renewed certificate without a restart", async () => {
    await stack.compose("down");
    await rm(join(folder, "data/edge/acme.json"));
    // One flag more, as certificates that end in minutes are wanted here.
    const flags = ["--certificatesresolvers.letsencrypt.acme.certificatesduration=1"];
    await stack.up(machine(shortLived), "", { ...additions, flags });
    const first = await servedOf(shortLived);
    const container = await stack.traefik();
    const renewed = await waitFor("a renewed certificate", 150, async () => {
      const certificate = await served();
      return certificate?.serialNumber === first.serialNumber ? undefined : certificate;
    });
    expect(new Date(renewed.validFrom).getTime()).toBeGreaterThan(new Date(first.validFrom).getTime());
    expect(shortLived.orders()).toBe(2);
    expect(await stack.traefik()).toBe(container);
  }, 240_000);

  it("renews at the start what ends within 30 days", async () => {
    const before = (await servedOf(shortLived)).serialNumber;
    const orders = shortLived.orders();
    await stack.up(machine(shortLived), "", additions);
    await waitFor("a certificate renewed at the start", 60, async () => {
      const certificate = await served();
      return certificate?.issuer.includes("Pebble") === true && certificate.serialNumber !== before
        ? certificate
        : undefined;
    });
    expect(shortLived.orders()).toBe(orders + 1);
  });
}
