/** A machine behind a real OpenSSH server: this machine, seen through a server of its own. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";

import { mustRun } from "../../../tools/run.ts";
import { findProgram } from "../../../tools/test-programs.ts";
import { freePort } from "../../../lab/free-port.ts";
import { startServer } from "./processes.ts";
import type { Server } from "./processes.ts";

export interface Sshd {
  /** Always 127.0.0.1. */
  readonly address: string;
  readonly port: number;
  /** `ssh-ed25519 AAAA…`, as in known_hosts without the host. */
  readonly hostKey: string;
  /** Who signs in. */
  readonly user: string;
  /** The server's own log. */
  log(): string;
  /** Ends the server with all its connections, and what runs on them. */
  stop(): Promise<void>;
  /** A stopped one listens again, on the same port and with the same host key. */
  start(): Promise<void>;
}

export interface SshdOptions {
  /** Folder for its files; made where missing. */
  readonly folder: string;
  /** Public key that may sign in, in the form of a line of authorized_keys; or several lines. */
  readonly authorizedKey: string;
  /** What commands find in their environment, PATH for example. */
  readonly env?: Readonly<Record<string, string>>;
  /** Further lines of its configuration, in the place of those of the same name here. */
  readonly settings?: readonly string[];
}

export interface KeyPair {
  /** OpenSSH's own PEM format. */
  readonly privateKey: string;
  readonly publicKey: string;
}

/** A new ed25519 key in `folder`. */
export async function makeKey(folder: string, name: string): Promise<KeyPair> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, name);
  await mustRun("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path]);
  const publicKey = (await readFile(`${path}.pub`, "utf8")).trim();
  return { privateKey: await readFile(path, "utf8"), publicKey };
}

/** What a server needs in its folder, its configuration last. */
export async function prepareSshd(
  { folder, authorizedKey, env = {}, settings = [] }: SshdOptions,
  listen: readonly string[] = [],
): Promise<{ readonly program: string; readonly config: string; readonly hostKey: string }> {
  const program = await findProgram("sshd");
  if (program === undefined) throw new Error("sshd is missing");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // As root sshd wants this folder, which Debian makes when its own service starts.
  if (process.getuid?.() === 0) await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
  const { publicKey } = await makeKey(folder, "host-key");
  await writeFile(join(folder, "authorized_keys"), `${authorizedKey}\n`, { mode: 0o644 });
  const config = join(folder, "sshd_config");
  const set = new Set(settings.map(keyword));
  const usual = renderConfig(folder, env).filter((line) => !set.has(keyword(line)));
  await writeFile(config, [...settings, ...listen, ...usual, ""].join("\n"), { mode: 0o600 });
  return { program, config, hostKey: publicKey.split(" ").slice(0, 2).join(" ") };
}

export async function startSshd(options: SshdOptions): Promise<Sshd> {
  const address = "127.0.0.1";
  const port = await freePort(address);
  const { program, config, hostKey } = await prepareSshd(options, [`ListenAddress ${address}:${port}`]);
  const start = () =>
    startServer(program, ["-D", "-e", "-f", config], {
      ready: (said) => said.includes("Server listening on"),
    });
  let server: Server | undefined = await start();
  return {
    address,
    port,
    hostKey,
    user: userInfo().username,
    log: () => server?.said() ?? "",
    stop: async () => {
      await server?.stop();
      server = undefined;
    },
    start: async () => {
      server ??= await start();
    },
  };
}

/**
 * A setting by which commands have `folder`, which may name variables, open as descriptor 3: /proc/self/fd/3 is then one
 * path that is the node's own folder on each of many nodes.
 */
export function holding(folder: string, before = ""): string {
  return `ForceCommand ${before}exec 3<"${folder}" && exec sh -c "$SSH_ORIGINAL_COMMAND"`;
}

// Which of two lines counts differs from keyword to keyword.
const keyword = (line: string): string => line.split(" ")[0] ?? "";

function renderConfig(folder: string, env: Readonly<Record<string, string>>): string[] {
  // A home of its own: the shell would read what the person who runs the tests keeps in theirs.
  const variables = Object.entries({ HOME: folder, ...env }).map(([name, value]) => `"${name}=${value}"`);
  return [
    `HostKey ${join(folder, "host-key")}`,
    `AuthorizedKeysFile ${join(folder, "authorized_keys")}`,
    "AuthenticationMethods publickey",
    "PermitRootLogin yes",
    // Folders in /tmp are writable by everyone, which it would refuse.
    "StrictModes no",
    "UsePAM no",
    "PidFile none",
    "PrintMotd no",
    "LogLevel VERBOSE",
    "MaxStartups 200",
    `SetEnv ${variables.join(" ")}`,
  ];
}
