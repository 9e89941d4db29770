/**
 * Nodes for the benchmark: real sshd on loopback addresses. A node is one address with a folder of its own, where
 * commands run; as `/proc/self/cwd` each of them has it at the same path.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { freePort } from "../lab/free-port.ts";
import { killTree } from "../lab/machine/process-tree.ts";
import { generateKeyPair } from "../lab/machine/ssh-keys.ts";
import { findProgram } from "../tools/test-programs.ts";

/** Most addresses that one sshd listens on. */
const LISTENERS = 16;
/** Milliseconds for all of them to listen. */
const START = 60_000;

export interface FleetNode {
  readonly name: string;
  readonly address: string;
  readonly folder: string;
}

export interface Fleet {
  readonly nodes: readonly FleetNode[];
  readonly port: number;
  readonly user: string;
  /** PEM text; and its file. */
  readonly privateKey: string;
  readonly keyFile: string;
  /** `ssh-ed25519 AAAA…`, the same for all. */
  readonly hostKey: string;
  readonly knownHosts: string;
  /** Empty nodes, but for these folders. */
  reset(folders: Iterable<string>): Promise<void>;
  stop(): void;
}

export async function startFleet(folder: string, size: number): Promise<Fleet> {
  const sshd = await findProgram("sshd");
  if (sshd === undefined) throw new Error("sshd is missing: apt-get install openssh-server");
  // As root sshd wants this folder, which Debian makes when its own service starts.
  if (process.getuid?.() === 0) await mkdir("/run/sshd", { recursive: true, mode: 0o755 });

  const port = await freePort();
  const nodes = Array.from({ length: size }, (_, index): FleetNode => {
    const number = index + 1;
    const address = `127.1.${number >> 8}.${number & 255}`;
    return { name: `node-${number}`, address, folder: join(folder, "nodes", address) };
  });
  const [host, client] = [generateKeyPair(), generateKeyPair()];
  const files = {
    keyFile: join(folder, "key"),
    hostKeyFile: join(folder, "host-key"),
    knownHosts: join(folder, "known_hosts"),
    logIn: join(folder, "log-in"),
  };
  await writeFile(files.keyFile, client.privateKey, { mode: 0o600 });
  await writeFile(files.hostKeyFile, host.privateKey, { mode: 0o600 });
  await writeFile(join(folder, "authorized_keys"), `${client.publicKey}\n`, { mode: 0o600 });
  await writeFile(
    files.knownHosts,
    nodes.map(({ address }) => `[${address}]:${port} ${host.publicKey}\n`).join(""),
  );
  await writeFile(files.logIn, logInScript(join(folder, "nodes")));

  const daemons: ChildProcess[] = [];
  const stop = (): void => {
    for (const { pid } of daemons.splice(0)) if (pid !== undefined) killTree(pid);
  };
  try {
    const log = createWriteStream(join(folder, "sshd.log"));
    await new Promise((resolve) => log.once("open", resolve));
    for (let from = 0; from < size; from += LISTENERS) {
      const addresses = nodes.slice(from, from + LISTENERS).map(({ address }) => address);
      const config = join(folder, `sshd-${from}.conf`);
      await writeFile(config, sshdConfig(folder, files, addresses, port));
      daemons.push(spawn(sshd, ["-D", "-e", "-f", config], { stdio: ["ignore", log, log] }));
    }
    for (const { address } of nodes) await listening(address, port, join(folder, "sshd.log"));
  } catch (error) {
    stop();
    throw error;
  }
  return {
    nodes,
    port,
    user: userInfo().username,
    privateKey: client.privateKey,
    keyFile: files.keyFile,
    hostKey: host.publicKey,
    knownHosts: files.knownHosts,
    async reset(folders) {
      await rm(join(folder, "nodes"), { recursive: true, force: true });
      for (const node of nodes)
        for (const path of folders) await mkdir(join(node.folder, path), { recursive: true });
    },
    stop,
  };
}

/** Throws where a node hasn't these files, by their path in its folder, or was reloaded another number of times. */
export async function verify(
  nodes: readonly FleetNode[],
  files: ReadonlyMap<string, string>,
  reloads: number,
): Promise<void> {
  for (const node of nodes) {
    for (const [path, content] of files) {
      if ((await readFile(join(node.folder, path), "utf8").catch(() => undefined)) !== content)
        throw new Error(`${node.name} has not the ${path} that it should have (${node.folder})`);
    }
    const said = await readFile(join(node.folder, "reloads"), "utf8").catch(() => "");
    const times = said.split("\n").length - 1;
    if (times !== reloads) throw new Error(`${node.name} was reloaded ${times} times instead of ${reloads}`);
  }
}

export const foldersOf = (files: ReadonlyMap<string, string>): Set<string> =>
  new Set([...files.keys()].map((path) => dirname(path)));

const logInScript = (nodes: string): string =>
  [
    "set -- $SSH_CONNECTION",
    `HOME=${nodes}/$3`,
    "export HOME",
    'cd "$HOME" && exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"',
    "",
  ].join("\n");

function sshdConfig(
  folder: string,
  { hostKeyFile, logIn }: { readonly hostKeyFile: string; readonly logIn: string },
  addresses: readonly string[],
  port: number,
): string {
  return [
    ...addresses.map((address) => `ListenAddress ${address}:${port}`),
    `HostKey ${hostKeyFile}`,
    `AuthorizedKeysFile ${join(folder, "authorized_keys")}`,
    "AuthenticationMethods publickey",
    "PermitRootLogin prohibit-password",
    // Folders in /tmp are writable by everyone, which it would refuse.
    "StrictModes no",
    "UsePAM no",
    "UseDNS no",
    "PidFile none",
    "PrintMotd no",
    "PrintLastLog no",
    "LogLevel ERROR",
    "MaxStartups 1000",
    "MaxSessions 100",
    // A home of its own: the user's shell would read what they keep in theirs, before each command.
    `SetEnv HOME=${folder}`,
    `ForceCommand /bin/sh ${logIn}`,
    "",
  ].join("\n");
}

async function listening(address: string, port: number, log: string): Promise<void> {
  const deadline = Date.now() + START;
  while (!(await answers(address, port))) {
    if (Date.now() > deadline)
      throw new Error(`no sshd answers at ${address}:${port}:\n${await readFile(log, "utf8")}`);
    await pause(50);
  }
}

function answers(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address);
    socket.once("error", () => {
      resolve(false);
    });
    socket.once("data", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
