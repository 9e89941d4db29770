/** The embedded lab: machines, upstream and stack of `make lab`, on loopback and below `.lab`, without root. */
import { appendFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { z } from "zod";

import type { Engine } from "../tools/engine.ts";
import { PROJECT_ROOT } from "../tools/engine.ts";
import { mustRun } from "../tools/run.ts";
import { Stack } from "../tools/stack.ts";
import { startInBackground, stopInBackground } from "./background.ts";
import type { BackgroundProcess } from "./background.ts";
import { pullClient } from "./client/clients.ts";
import * as folder from "./folder.ts";
import { freePort } from "./free-port.ts";
import { makeInstaller } from "./installer.ts";
import { generateKeyPair } from "./machine/ssh-keys.ts";
import type { Environment } from "./scenario.ts";
import { fillConfiguration } from "./stack-configuration.ts";
import type { Endpoint } from "./stack-configuration.ts";
import { makeImage, pushImage } from "./upstream/image.ts";

const HARBOR_VERSION = "2.15.2";
/** In Pulumi.lab.yaml. */
const PROJECT = "upstream";
const REPOSITORY = "lab/hello";
const TAGS = { pulled: "1", kept: "2", verified: "3" };

const program = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const machines = z.record(z.string(), z.object({ port: z.number(), hostKey: z.string() }));

export interface EmbeddedLab extends Environment {
  /** The machine of Harbor and the nodes, by name. */
  readonly machines: Readonly<Record<string, Endpoint>>;
}

/** Starts everything but the stack's own resources, in an empty folder. */
export async function startEmbeddedLab(engine: Engine): Promise<EmbeddedLab> {
  await mkdir(folder.LOGS, { recursive: true });
  const key = generateKeyPair();
  const stack = makeStack(engine);
  const [machine, upstream, installer, httpPort, client] = await Promise.all([
    startMachines(key.publicKey),
    startUpstream(),
    makeInstaller(join(folder.LAB, "installer"), HARBOR_VERSION),
    freePort(),
    pullClient(join(folder.LAB, "client")),
    stack.init(),
    writeFile(folder.CLIENT_KEY, key.privateKey, { mode: 0o600 }),
  ]);
  const endpoint = (name: string): Endpoint => {
    const found = machine[name];
    if (found === undefined) throw new Error(`the machine ${name} did not start`);
    return found;
  };
  const example = await readFile(join(PROJECT_ROOT, "Pulumi.lab.yaml"), "utf8");
  const filled = fillConfiguration(example, {
    user: userInfo().username,
    machine: {
      ...endpoint(folder.HARBOR_MACHINE),
      installDir: folder.installFolder,
      dataDir: folder.dataFolder,
      httpPort,
    },
    installer,
    upstream: upstream.registry,
    image: `${upstream.registry}/${REPOSITORY}:${TAGS.verified}`,
    nodes: folder.NODES.map(endpoint),
  });
  await writeFile(folder.CONFIG_FILE, filled);
  await stack.setConfig("harbor-cache:machine.privateKey", key.privateKey, { secret: true });
  await stack.setConfig("harbor-cache:nodes.privateKey", key.privateKey, { secret: true });
  return {
    stack,
    machines: machine,
    nodes: folder.NODES.map((name) => ({ name, containers: folder.containersFolder(name) })),
    harbor: {
      registry: `localhost:${httpPort}`,
      project: PROJECT,
      installDir: folder.installFolder,
      dataDir: folder.dataFolder,
      accessLog: join(folder.dataFolder, "log/proxy.log"),
      stop: () => compose("stop"),
      start: () => compose("start"),
    },
    upstream: { ...upstream, repository: REPOSITORY, tags: TAGS },
    client,
    cachingSeconds: 20,
  };
}

function makeStack(engine: Engine): Stack {
  const log = join(folder.LOGS, "engine.log");
  return new Stack({
    engine,
    name: "lab",
    backend: folder.BACKEND,
    configFile: folder.CONFIG_FILE,
    // An agent that has gone would be an error of every step on the machine.
    env: { SSH_AUTH_SOCK: "" },
    onOutput: (text) => {
      appendFileSync(log, text, { mode: 0o600 });
    },
  });
}

async function startMachines(authorizedKey: string): Promise<z.infer<typeof machines>> {
  const names = [folder.HARBOR_MACHINE, ...folder.NODES];
  for (const node of folder.NODES) {
    await mkdir(folder.dropInFolder(node), { recursive: true });
    // As a distribution's package brings it.
    await writeFile(
      join(folder.containersFolder(node), "registries.conf"),
      'unqualified-search-registries = ["docker.io"]\n',
    );
  }
  const { line } = await start(
    "machine/main.ts",
    ["--directory", folder.LAB, "--authorized-key", authorizedKey, ...names],
    /^\{/,
    "machines.log",
  );
  return machines.parse(JSON.parse(line));
}

async function startUpstream() {
  const data = join(folder.LAB, "upstream");
  const run = (port: number) =>
    start(
      "upstream/main.ts",
      ["--data-dir", data, "--port", String(port)],
      /^upstream listening /,
      "upstream.log",
    );
  let running = await run(0);
  const url = new URL(running.line.split(" ").at(-1) ?? "");
  for (const tag of Object.values(TAGS)) {
    await pushImage(url.origin, REPOSITORY, tag, makeImage(`hello ${tag} from the lab,`));
  }
  return {
    registry: url.host,
    stop: () => stopInBackground(running),
    start: async () => {
      running = await run(Number(url.port));
    },
  };
}

function start(path: string, args: readonly string[], ready: RegExp, log: string) {
  return startInBackground(program(path), args, {
    log: join(folder.LOGS, log),
    ready,
    started: (one: BackgroundProcess) => {
      appendFileSync(folder.PROCESSES, `${JSON.stringify(one)}\n`);
    },
  });
}

/** On the machine, as its administrator would. */
async function compose(command: string): Promise<void> {
  await mustRun(program("machine/bin/docker"), ["compose", command], {
    cwd: folder.installFolder,
    env: { ...process.env, LAB_MACHINE: folder.machineFolder(folder.HARBOR_MACHINE) },
    timeout: 60,
  });
}
