/** How the ssh client that @pulumi/docker starts reaches a machine, and the files that it reads for that. */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";

import { shellQuote } from "./shell.ts";

/** One hop whose values are all known. */
export interface KnownAccess {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** PEM. Absent: the agent at `SSH_AUTH_SOCK` is asked. */
  readonly privateKey?: string | undefined;
  /** `ssh-ed25519 AAAA…`; a comment behind it is left out. */
  readonly hostKey: string;
}

export interface DockerSsh {
  /** `ssh://user@address:port` */
  readonly host: string;
  /** Arguments for ssh, without a secret in them and the same on every computer. */
  readonly sshOpts: readonly string[];
  /** By name in `folder`; an absent one must not be there. */
  readonly files: Readonly<Record<SshFile, string | undefined>>;
  /** Below the home directory. */
  readonly folder: string;
}

type SshFile = "known_hosts" | "key" | "jump_key";

/**
 * The user's own ssh configuration is left out, as it is for the steps on the machine. Paths begin with `~`, which ssh
 * itself expands to the home directory in the user database, whatever HOME says (ssh_config(5), IdentityFile).
 */
export function dockerSsh(identity: string, machine: KnownAccess, jump?: KnownAccess): DockerSsh {
  const folder = `.cache/harbor-cache/ssh/${identity}`;
  const hop = (access: KnownAccess, name: string, key: SshFile): string[] => [
    ...["-F", "none"],
    ...options({
      BatchMode: "yes",
      StrictHostKeyChecking: "yes",
      UserKnownHostsFile: `~/${folder}/known_hosts`,
      GlobalKnownHostsFile: "/dev/null",
      // known_hosts then needs no rule for ports, IPv6 or capital letters.
      HostKeyAlias: name,
      CheckHostIP: "no",
      ...(access.privateKey === undefined
        ? {}
        : { IdentitiesOnly: "yes", IdentityAgent: "none", IdentityFile: `~/${folder}/${key}` }),
      ConnectTimeout: "15",
      ServerAliveInterval: "15",
      ServerAliveCountMax: "4",
      LogLevel: "ERROR",
    }),
  ];
  const known = [knownHost(machineName, machine)];
  const sshOpts = hop(machine, machineName, "key");
  if (jump !== undefined) {
    known.push(knownHost(jumpName, jump));
    const target = ["-l", jump.user, "-p", String(jump.port), "-W", "[%h]:%p", "--", jump.address];
    const words = ["ssh", ...hop(jump, jumpName, "jump_key"), ...target];
    sshOpts.push(...options({ ProxyCommand: words.map(shellQuote).join(" ") }));
  }
  const { user, address, port } = machine;
  return {
    host: `ssh://${encodeURIComponent(user)}@${address.includes(":") ? `[${address}]` : address}:${port}`,
    sshOpts,
    files: {
      known_hosts: known.join(""),
      key: keyFile(machine.privateKey),
      jump_key: keyFile(jump?.privateKey),
    },
    folder,
  };
}

const machineName = "harbor-cache-machine";
const jumpName = "harbor-cache-jump";

const options = (values: Readonly<Record<string, string>>): string[] =>
  Object.entries(values).flatMap(([name, value]) => ["-o", `${name}=${value}`]);

const knownHost = (name: string, { hostKey }: KnownAccess) =>
  `${name} ${hostKey.trim().split(/\s+/).slice(0, 2).join(" ")}\n`;

/** ssh refuses a key without its last line break, which `pulumi config set` takes off. */
const keyFile = (key: string | undefined) =>
  key === undefined ? undefined : `${key.replaceAll("\r\n", "\n").trimEnd()}\n`;

/**
 * Writes what differs, 0600 in a folder of 0700. Each file is replaced as a whole: another run may be reading it.
 *
 * @throws Error of the file system, with the path and never the content.
 */
export function writeSshFiles({ folder, files }: DockerSsh, home = userInfo().homedir): void {
  const path = join(home, folder);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
  for (const [name, content] of Object.entries(files)) writeFile(join(path, name), content);
}

function writeFile(path: string, content: string | undefined): void {
  if (content === undefined) {
    rmSync(path, { force: true });
    return;
  }
  if (isWritten(path, content)) return;
  const written = `${path}.${process.pid}`;
  rmSync(written, { force: true });
  writeFileSync(written, content, { mode: 0o600, flag: "wx" });
  renameSync(written, path);
}

function isWritten(path: string, content: string): boolean {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  return mode !== undefined && (mode & 0o777) === 0o600 && readFileSync(path, "utf8") === content;
}
