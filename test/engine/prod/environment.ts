/**
 * Where Pulumi.prod.yaml can go up without an account of AWS: a cloud for the stand-in of the plugin aws, the machine
 * that it starts, a jump host that leads there, an upstream and two nodes, all on loopback.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { parseDocument } from "yaml";
import type { Document } from "yaml";
import { z } from "zod";

import { freePort } from "../../../lab/free-port.ts";
import { makeInstaller } from "../../../lab/installer.ts";
import { generateKeyPair } from "../../../lab/machine/ssh-keys.ts";
import { startMachine } from "../../../lab/machine/ssh-server.ts";
import { PROJECT_ROOT } from "../../../tools/engine.ts";
import type { Engine } from "../../../tools/engine.ts";
import { mustRun } from "../../../tools/run.ts";
import { Stack } from "../../../tools/stack.ts";
import { shellQuote } from "../../../components/host/shell.ts";
import { forgetSshFiles } from "../../ssh-files.ts";
import { CLIENT_KEY, NodeStandIn } from "../../unit/nodes/node-stand-in.ts";
import { placePrograms } from "./programs.ts";

const HOSTNAME = "registry.example.com";
export const VPCS = {
  production: "vpc-0123456789abcdef0",
  other: "vpc-0aaaaaaaaaaaaaaaa",
  default: "vpc-0dddddddddddddddd",
} as const;
/** All but `b` and `elsewhere` are in the same availability zone; `elsewhere` is in the other VPC. */
export const SUBNETS = {
  a: "subnet-0aaaaaaaaaaaaaaaa",
  b: "subnet-0bbbbbbbbbbbbbbbb",
  other: "subnet-0cccccccccccccccc",
  default: "subnet-0dddddddddddddddd",
  elsewhere: "subnet-0eeeeeeeeeeeeeeee",
} as const;
/** More zones of the same domain than Pulumi.prod.yaml names. */
export const ZONES = { otherPublic: "Z0FEDCBA9876543210FED", otherPrivate: "Z0FEDCBA9876543210ABC" } as const;
const AMI = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id";
const DEBIAN = "/aws/service/debian/release/13/latest/amd64";
const NEWER_AMI = "ami-0fedcba9876543210";

const call = z.looseObject({ action: z.string(), type: z.string().optional(), id: z.string().optional() });
export type AwsCall = z.output<typeof call>;

export interface Prod {
  readonly stack: Stack;
  readonly folder: string;
  readonly nodes: readonly NodeStandIn[];
  readonly said: string[];
  /** On the outside of Harbor's machine. */
  readonly ports: { readonly http: number; readonly https: number; readonly loopback: number };
  /** Below the project's folder: where `gitops.folder` is, in `before`. */
  readonly rendered: string;
  /** Clear texts that nothing may show. */
  readonly secrets: readonly string[];
  /** What the cloud was asked for, lookups too. */
  calls(): Promise<AwsCall[]>;
  /** Something else than the program changes what is there. */
  changeCloud(change: Record<string, unknown>): Promise<void>;
  /** Sets values by path below the settings, undefined takes one out; the result puts the file back. */
  configure(settings: Record<string, unknown>): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export async function startProd(folder: string, engine: Engine): Promise<Prod> {
  const [hostKey, jumpKey, jumpHostKey] = [generateKeyPair(), generateKeyPair(), generateKeyPair()];
  for (const name of ["cloud", "disk", "state"]) await mkdir(join(folder, name), { recursive: true });
  await placePrograms(join(folder, "programs"));
  await writeFile(join(folder, "host-key"), hostKey.privateKey, { mode: 0o600 });
  await writeFile(join(folder, "state/gib"), "500");
  await writeFile(join(folder, "cloud/cloud.json"), JSON.stringify(cloudWith(hostKey.publicKey)));

  await writeFile(join(folder, "hosts"), `127.0.0.1 localhost ${HOSTNAME}\n`);
  const machine = await startInNamespace(folder);
  const jump = await startMachine({
    directory: join(folder, "jump"),
    hostKey: jumpHostKey.privateKey,
    authorizedKey: jumpKey.publicKey,
    programs: join(folder, "programs"),
    user: "ops",
    // The network that EC2 gives the machine exists in the cloud only.
    route: (host, port) => ({
      host: "127.0.0.1",
      // Nothing listens on port 1.
      port: port === 22 && /^(10\.0\.1|203\.0\.113)\.\d+$/.test(host) ? machine.port : 1,
    }),
  });
  const upstream = createServer((_request, response) => response.end("{}"));
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const nodes = await Promise.all([0, 1].map(() => new NodeStandIn().start()));

  const said: string[] = [];
  const configFile = join(folder, "Pulumi.prod.yaml");
  const stack = new Stack({
    engine: { ...engine, pulumi: await withHosts(folder, engine.pulumi) },
    name: "prod",
    backend: join(folder, "backend"),
    configFile,
    passphrase: "of the test",
    // An agent that has gone would be an error of every step on the machine.
    env: { SSH_AUTH_SOCK: "", HARBOR_CACHE_LAB_AWS: join(folder, "cloud") },
    onOutput: (text) => said.push(text),
  });
  const ports = { http: await freePort(), https: await freePort(), loopback: await freePort() };
  const installer = await makeInstaller(join(folder, "installer"), "2.15.2");
  // Ignored by git, as all of .cache is.
  const rendered = `.cache/rendered-${randomBytes(6).toString("hex")}`;
  const document = parseDocument(await readFile(join(PROJECT_ROOT, "Pulumi.prod.yaml"), "utf8"));
  const settings: Record<string, unknown> = {
    // Let's Encrypt is not asked: the lab's CA signs.
    "tls.staging": true,
    "tls.caCertificate": await makeCa(join(folder, "machine/acme")),
    "machine.elasticIp": true,
    "machine.jump": { address: "127.0.0.1", port: jump.port, user: "ops", hostKey: jumpHostKey.publicKey },
    "harbor.installer": installer,
    "harbor.installDir": join(folder, "harbor"),
    "harbor.dataDir": join(folder, "data"),
    "harbor.httpPort": ports.http,
    "harbor.httpsPort": ports.https,
    "harbor.loopbackPort": ports.loopback,
    "harbor.requirements": { cpus: 1, memoryGiB: 1, diskGiB: 40 },
    "harbor.metrics": { enabled: false },
    "gitops.folder": `${rendered}/before`,
    // There is no cluster for dex's client: login has tests of its own.
    login: undefined,
    registries: [
      {
        name: "up.example",
        endpoint: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
        type: "docker-registry",
        insecure: true,
      },
    ],
    nodes: {
      user: "root",
      pools: [
        {
          name: "workers",
          reloadCommand: "reload",
          checkCommand: "true",
          dropInDir: "/node/registries.conf.d",
          certsDir: "/node/certs.d",
          nodes: nodes.map((node, index) => ({
            name: `worker-${index}`,
            address: "127.0.0.1",
            port: node.port,
            hostKey: node.hostKey.public,
          })),
        },
      ],
    },
  };
  change(document, settings);
  await writeFile(configFile, document.toString({ lineWidth: 0 }));
  await stack.init();
  await stack.setConfig("harbor-cache:machine.jump.privateKey", jumpKey.privateKey, { secret: true });
  await stack.setConfig("harbor-cache:nodes.privateKey", CLIENT_KEY.private, { secret: true });
  // Given ones: those that a stack makes are gone with it, and the data that are kept know the old ones.
  const passwords = ["adminPassword", "databasePassword"].map((name) => ({
    name,
    text: `Pa55-${name}-${randomBytes(8).toString("hex")}`,
  }));
  for (const { name, text } of passwords)
    await stack.setConfig(`harbor-cache:harbor.${name}`, text, { secret: true });

  const cloudFile = join(folder, "cloud/cloud.json");
  const cloud = async () =>
    z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(cloudFile, "utf8")));
  return {
    stack,
    folder,
    nodes,
    said,
    ports,
    rendered,
    // A line out of their middle: how line breaks are written differs from place to place.
    secrets: [
      ...[jumpKey.privateKey, CLIENT_KEY.private].map((key) => key.split("\n")[2] ?? key),
      ...passwords.map(({ text }) => text),
    ],
    calls: async () => {
      const lines = await readFile(join(folder, "cloud/calls.jsonl"), "utf8").catch(() => "");
      return lines
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => call.parse(JSON.parse(line)));
    },
    changeCloud: async (changed) => {
      await writeFile(cloudFile, JSON.stringify({ ...(await cloud()), ...changed }, undefined, 2));
    },
    configure: async (changed) => {
      const before = await readFile(configFile, "utf8");
      const now = parseDocument(before);
      change(now, changed);
      await writeFile(configFile, now.toString({ lineWidth: 0 }));
      return () => writeFile(configFile, before);
    },
    close: async () => {
      await machine.close();
      await jump.close();
      upstream.close();
      await Promise.all(nodes.map((node) => node.stop()));
      await forgetSshFiles(hostKey.publicKey);
      await rm(join(PROJECT_ROOT, rendered), { recursive: true, force: true });
    },
  };
}

function change(document: Document, settings: Record<string, unknown>): void {
  for (const [path, value] of Object.entries(settings)) {
    const [first = "", ...rest] = path.split(".");
    const keys = ["config", `harbor-cache:${first}`, ...rest];
    if (value === undefined) document.deleteIn(keys);
    else document.setIn(keys, document.createNode(value));
  }
}

/** A CA for the stand-in of Let's Encrypt; the result is its certificate. */
async function makeCa(folder: string): Promise<string> {
  await selfSigned(folder, "ca", "/CN=CA of the test");
  return readFile(join(folder, "ca.crt"), "utf8");
}

/** One for the cache's name, as somebody may have who needs no CA of ours. */
export async function makeCertificate(folder: string): Promise<{ certificate: string; privateKey: string }> {
  await selfSigned(folder, "own", "/CN=own", "-addext", `subjectAltName=DNS:${HOSTNAME}`);
  const [certificate, privateKey] = await Promise.all(
    ["own.crt", "own.key"].map((name) => readFile(join(folder, name), "utf8")),
  );
  return { certificate: certificate ?? "", privateKey: privateKey ?? "" };
}

async function selfSigned(folder: string, name: string, subject: string, ...more: string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const files = ["-keyout", join(folder, `${name}.key`), "-out", join(folder, `${name}.crt`), "-days", "60"];
  await mustRun("openssl", ["req", "-x509", ...curve, "-subj", subject, ...files, ...more]);
}

function cloudWith(hostKey: string) {
  const subnet = (id: string, zone: string, third: number, name = `production-private-${zone}`) => ({
    id,
    vpcId: VPCS.production,
    availabilityZone: `eu-west-1${zone}`,
    cidrBlock: `10.0.${third}.0/24`,
    tags: { Name: name },
  });
  return {
    vpcs: [
      { id: VPCS.production, cidrBlock: "10.0.0.0/16", tags: { Name: "production" } },
      { id: VPCS.other, cidrBlock: "10.0.0.0/16", tags: { Name: "other" } },
      { id: VPCS.default, cidrBlock: "172.31.0.0/16", default: true },
    ],
    subnets: [
      subnet(SUBNETS.a, "a", 1),
      subnet(SUBNETS.b, "b", 2),
      subnet(SUBNETS.other, "a", 3, "other"),
      { ...subnet(SUBNETS.elsewhere, "b", 4, "elsewhere"), vpcId: VPCS.other },
      { ...subnet(SUBNETS.default, "a", 5, ""), vpcId: VPCS.default, defaultForAz: true },
    ],
    images: [{ id: "ami-0123456789abcdef0" }, { id: NEWER_AMI }],
    parameters: { [AMI]: "ami-0123456789abcdef0", [DEBIAN]: NEWER_AMI },
    keyPairs: ["ops"],
    zones: [
      { id: "Z0123456789ABCDEFGHIJ", name: "example.com" },
      { id: "Z0ABCDEFGHIJ123456789", name: "example.com", private: true },
      { id: ZONES.otherPublic, name: "example.com" },
      { id: ZONES.otherPrivate, name: "example.com", private: true },
    ],
    hostKey,
  };
}

/** A newer image of Ubuntu's comes out. */
export const withNewerImage = { parameters: { [AMI]: NEWER_AMI, [DEBIAN]: NEWER_AMI } };

/** The CLI in a mount namespace of its own, where the name of the cache leads to loopback. */
async function withHosts(folder: string, pulumi: string): Promise<string> {
  const file = join(folder, "programs-outside/pulumi");
  const mounts = `mount --make-rprivate / && mount --bind '${folder}/hosts' /etc/hosts && exec '${pulumi}' "$@"`;
  await mkdir(join(folder, "programs-outside"), { recursive: true });
  await writeFile(file, `#!/bin/sh\nexec unshare --mount sh -c ${shellQuote(mounts)} pulumi "$@"\n`, {
    mode: 0o755,
  });
  return file;
}

async function startInNamespace(folder: string) {
  const script = join(PROJECT_ROOT, "test/engine/prod/namespace.sh");
  const program = join(PROJECT_ROOT, "test/engine/prod/machine.ts");
  const child = spawn("unshare", ["--mount", script, folder, process.execPath, program, folder], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const line = await Promise.race([
    once(createInterface(child.stdout), "line").then(([first]) => String(first)),
    once(child, "exit").then(([code]) => {
      throw new Error(`the machine ended with ${String(code)}`);
    }),
  ]);
  return {
    port: Number(line),
    close: async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}
