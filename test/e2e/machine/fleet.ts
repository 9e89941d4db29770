/** A fleet of real parts on this machine: a Harbor machine and three nodes behind sshd, Docker, and an upstream. */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";

import { pullClient } from "../../../lab/client/clients.ts";
import { makeInstaller } from "../../../lab/installer.ts";
import type { Environment, LabNode } from "../../../lab/scenario.ts";
import { fillConfiguration } from "../../../lab/stack-configuration.ts";
import { makeImage, pushImage } from "../../../lab/upstream/image.ts";
import { ensureEngine, PROJECT_ROOT } from "../../../tools/engine.ts";
import { Stack } from "../../../tools/stack.ts";
import { startDockerEngine } from "./docker-engine.ts";
import type { DockerEngine } from "./docker-engine.ts";
import { startDockerRegistry } from "./docker-registry.ts";
import { buildImages } from "./images.ts";
import { freePort } from "../../../lab/free-port.ts";
import { holding, makeKey, startSshd } from "./sshd.ts";
import type { Sshd } from "./sshd.ts";

const HARBOR_VERSION = "2.15.2";
/** In Pulumi.lab.yaml. */
const PROJECT = "upstream";
const REPOSITORY = "team/hello";
const TAGS = { pulled: "1", kept: "2", verified: "3" };

export interface FleetNode extends LabNode {
  /** The node's `systemctl reload` hangs while the file `hang` is in this folder, and then makes the file `hanging`. */
  readonly folder: string;
}

export interface Fleet extends Environment {
  readonly nodes: readonly FleetNode[];
  readonly docker: DockerEngine;
  /** For what a test needs beside it; deleted at the end. */
  readonly scratch: string;
  stop(): Promise<void>;
}

export async function startFleet(): Promise<Fleet> {
  const cleanups: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const clean of cleanups.reverse()) await clean();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), "fleet-"));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    const docker = await startDockerEngine();
    cleanups.push(() => docker.stop());
    await buildImages(docker, HARBOR_VERSION);
    // Harbor's container and the nodes have to reach it by one name.
    const upstream = await startDockerRegistry(join(folder, "upstream"), docker.gateway);
    cleanups.push(() => upstream.stop());
    for (const tag of Object.values(TAGS))
      await pushImage(`http://${upstream.name}`, REPOSITORY, tag, makeImage(`hello ${tag}`));

    const key = await makeKey(join(folder, "client"), "key");
    const machine = async (
      name: string,
      env: Readonly<Record<string, string>>,
      settings: readonly string[] = [],
    ) => {
      const options = { folder: join(folder, name, "sshd"), authorizedKey: key.publicKey, env, settings };
      const sshd = await startSshd(options);
      cleanups.push(() => sshd.stop());
      return sshd;
    };
    const path = (first: string) => [first, "/usr/sbin", "/usr/bin", "/sbin", "/bin"].join(delimiter);
    const harbor = await machine("harbor", { ...docker.env, PATH: path(docker.bin) });
    const nodes = await Promise.all(
      ["node-1", "node-2", "node-3"].map(async (name) => {
        const own = join(folder, name);
        const containers = join(own, "etc/containers");
        await mkdir(join(own, "bin"), { recursive: true });
        await writeFile(join(own, "bin/systemctl"), systemctl(own), { mode: 0o755 });
        await symlink(join(PROJECT_ROOT, "lab/machine/bin/journalctl"), join(own, "bin/journalctl"));
        await writeFile(join(own, "bin/crictl"), crictl(own), { mode: 0o755 });
        // As a distribution's package brings them.
        await mkdir(join(containers, "registries.conf.d"), { recursive: true });
        await writeFile(join(containers, "registries.conf"), "");
        await writeFile(join(containers, "policy.json"), '{"default":[{"type":"insecureAcceptAnything"}]}');
        await mkdir(join(own, "podman/.config"), { recursive: true });
        await symlink(containers, join(own, "podman/.config/containers"));
        const env = { LAB_MACHINE: own, PATH: path(join(own, "bin")) };
        const sshd = await machine(name, env, [holding(own)]);
        return { name, folder: own, containers, sshd };
      }),
    );

    const installDir = join(folder, "opt/harbor");
    const dataDir = join(folder, "data");
    const httpPort = await freePort();
    const example = await readFile(join(PROJECT_ROOT, "Pulumi.lab.yaml"), "utf8");
    const configuration = fillConfiguration(example, {
      user: userInfo().username,
      machine: { ...reach(harbor), installDir, dataDir, httpPort },
      installer: await makeInstaller(join(folder, "installer"), HARBOR_VERSION),
      upstream: upstream.name,
      image: `${upstream.name}/${REPOSITORY}:${TAGS.verified}`,
      nodes: nodes.map(({ sshd }) => reach(sshd)),
    });
    /** On the machine, as its administrator would. */
    const compose = async (command: string) => {
      await docker.docker(["compose", "--project-directory", installDir, command]);
    };
    const stack = new Stack({
      engine: await ensureEngine(),
      name: "lab",
      backend: join(folder, "backend"),
      configFile: join(folder, "Pulumi.lab.yaml"),
      passphrase: "of the test",
    });
    await writeFile(stack.options.configFile, configuration);
    await stack.init();
    for (const owner of ["machine", "nodes"])
      await stack.setConfig(`harbor-cache:${owner}.privateKey`, key.privateKey, { secret: true });
    return {
      ...{ stack, nodes, docker, stop, scratch: join(folder, "scratch") },
      harbor: {
        ...{ registry: `localhost:${httpPort}`, project: PROJECT, installDir, dataDir },
        accessLog: join(dataDir, "log/proxy.log"),
        stop: () => compose("stop"),
        start: () => compose("start"),
      },
      upstream: { ...upstream, registry: upstream.name, repository: REPOSITORY, tags: TAGS },
      client: await pullClient(join(folder, "skopeo")),
      cachingSeconds: 20,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const reach = ({ port, hostKey }: Sshd) => ({ port, hostKey });

/** The lab's stand-in for CRI-O, with reloads that hang while the test wants it. */
function systemctl(folder: string): string {
  return [
    "#!/bin/sh",
    `while [ "$1" = reload ] && [ -e ${folder}/hang ]; do`,
    `  : >${folder}/hanging`,
    "  sleep 0.1",
    "done",
    `exec ${PROJECT_ROOT}/lab/machine/bin/systemctl "$@"`,
    "",
  ].join("\n");
}

/** CRI-O's own library, in podman: it pulls by the node's files into a storage of the node's own. */
function crictl(folder: string): string {
  const storage = `--root ${folder}/podman/storage --runroot ${folder}/podman/run --storage-driver vfs`;
  return [
    "#!/bin/sh",
    `export HOME=${folder}/podman`,
    "case $1 in",
    `  pull) exec podman ${storage} pull --quiet "$2" ;;`,
    `  inspecti) exec podman ${storage} image inspect "$2" ;;`,
    `  rmi) exec podman ${storage} rmi "$2" ;;`,
    "esac",
    "exit 1",
    "",
  ].join("\n");
}
