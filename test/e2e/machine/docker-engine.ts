/**
 * A real Docker engine of a test's own, started by hand as root: its own data, containerd, socket and bridge.
 * It leaves iptables and forwarding alone, which another engine on the same machine may be using: ports are published
 * by Docker's userland proxy, and containers reach this machine at the bridge's address, and nothing else.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { composeFolder } from "../../../tools/compose.ts";
import { mustRun, run } from "../../../tools/run.ts";
import { findProgram } from "../../../tools/test-programs.ts";
import { startServer } from "./processes.ts";
import type { Server } from "./processes.ts";

export interface DockerEngine {
  /** This machine's address on the engine's bridge: what containers reach it by, and only they and this machine. */
  readonly gateway: string;
  /** What `docker` needs to reach this engine, and to find compose. */
  readonly env: Readonly<Record<string, string>>;
  /** Folder of the `docker` that fits the engine. */
  readonly bin: string;
  /** Runs `docker`; a failure is an error with its words. */
  docker(args: readonly string[], options?: { readonly stdin?: string }): Promise<string>;
  /** Ends it with all its containers, networks and files. */
  stop(): Promise<void>;
}

/** An engine needs root, and Debian's docker.io and iproute2. */
export const dockerIsThere = async () =>
  process.getuid?.() === 0 &&
  (await findProgram("dockerd")) !== undefined &&
  (await findProgram("ip")) !== undefined;

export async function startDockerEngine(): Promise<DockerEngine> {
  const dockerd = await findProgram("dockerd");
  const docker = dockerd === undefined ? undefined : await clientOf(dockerd);
  if (dockerd === undefined || docker === undefined) throw new Error("Docker's engine is missing");
  const folder = await mkdtemp(join(tmpdir(), "docker-engine-"));
  const bridge = await makeBridge();
  const env = { DOCKER_HOST: `unix://${folder}/docker.sock`, DOCKER_CONFIG: join(folder, "client") };
  await mkdir(env.DOCKER_CONFIG);
  await writeFile(
    join(env.DOCKER_CONFIG, "config.json"),
    JSON.stringify({ cliPluginsExtraDirs: [composeFolder()] }),
  );
  await writeFile(join(folder, "daemon.json"), "{}");

  let server: Server | undefined;
  const call = (args: readonly string[], options: { readonly stdin?: string } = {}) =>
    mustRun(docker, args, { ...options, env: { ...process.env, ...env }, timeout: 120 });
  const stop = async () => {
    if (server !== undefined) {
      await removeContainers(call);
      await server.stop("SIGTERM", 20_000);
    }
    await run("ip", ["link", "delete", bridge.name]);
    await unmountBelow(folder);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    server = await startServer(
      dockerd,
      [
        ...["--config-file", join(folder, "daemon.json"), "--host", env.DOCKER_HOST],
        ...["--data-root", join(folder, "data"), "--exec-root", join(folder, "run")],
        ...["--pidfile", join(folder, "pid"), "--bridge", bridge.name],
        ...["--default-address-pool", `base=${bridge.composeSubnet},size=28`],
        ...["--iptables=false", "--ip6tables=false", "--ip-masq=false", "--ip-forward=false"],
        ...["--ip", "127.0.0.1"],
        ...(await privilegedRuntime(folder)),
        ...["--log-level", "warn", "--shutdown-timeout", "1"],
      ],
      {
        ready: async () =>
          (await run(docker, ["version"], { env: { ...process.env, ...env }, timeout: 10 })).code === 0,
      },
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { gateway: bridge.address, env, bin: dirname(docker), docker: call, stop };
}

/** The client of the engine's own package: one much newer would not speak its API. */
async function clientOf(dockerd: string): Promise<string | undefined> {
  const sibling = join(dirname(dirname(dockerd)), "bin/docker");
  return (await run(sibling, ["--version"]).catch(() => ({ code: 1 }))).code === 0
    ? sibling
    : findProgram("docker");
}

/**
 * A privileged container gets every capability that the kernel knows. Where root itself lacks one, as in many virtual
 * machines and containers, that fails: then a wrapper of runc leaves that one out.
 */
async function privilegedRuntime(folder: string): Promise<string[]> {
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(await readFile("/proc/self/status", "utf8"))?.[1];
  const sysResource = 24n;
  if (bounding === undefined || (BigInt(`0x${bounding}`) >> sysResource) % 2n === 1n) return [];
  const wrapper = join(folder, "runc-without-sys-resource");
  const script = [
    "#!/bin/sh",
    "previous=",
    'for word in "$@"; do',
    '  [ "$previous" != --bundle ] ||',
    `    sed -i 's/"CAP_SYS_RESOURCE",//g; s/,"CAP_SYS_RESOURCE"//g' "$word/config.json"`,
    "  previous=$word",
    "done",
    'exec runc "$@"',
    "",
  ];
  await writeFile(wrapper, script.join("\n"), { mode: 0o755 });
  return ["--add-runtime", `wrapped=${wrapper}`, "--default-runtime", "wrapped"];
}

interface Bridge {
  readonly name: string;
  readonly address: string;
  /** Where compose's networks get theirs. */
  readonly composeSubnet: string;
}

/** Addresses of 198.18.0.0/15, which is kept for tests of networks and never routed (RFC 2544). */
async function makeBridge(): Promise<Bridge> {
  const refusals: string[] = [];
  for (let number = 0; number < 32; number++) {
    const name = `harbortest${number}`;
    // Whoever makes it has it: that is decided by the kernel, also where two tests run at once.
    const made = await run("ip", ["link", "add", name, "type", "bridge"]);
    if (made.code !== 0) {
      refusals.push(made.stderr.trim());
      continue;
    }
    const address = `198.18.${number}.1`;
    await mustRun("ip", ["address", "add", `${address}/24`, "dev", name]);
    await mustRun("ip", ["link", "set", name, "up"]);
    return { name, address, composeSubnet: `198.19.${number}.0/24` };
  }
  throw new Error(`no network bridge could be made: ${refusals[0] ?? ""}`);
}

async function removeContainers(docker: (args: readonly string[]) => Promise<string>): Promise<void> {
  try {
    const containers = (await docker(["ps", "--all", "--quiet"])).split("\n").filter(Boolean);
    if (containers.length > 0) await docker(["rm", "--force", "--volumes", ...containers]);
    await docker(["network", "prune", "--force"]);
  } catch {
    // An engine that no longer answers is ended all the same.
  }
}

/** What an engine that was ended hard leaves mounted. */
async function unmountBelow(folder: string): Promise<void> {
  const mounts = (await readFile("/proc/self/mounts", "utf8"))
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((path) => path.startsWith(`${folder}/`));
  for (const path of mounts.reverse()) await run("umount", ["--lazy", path]);
}
