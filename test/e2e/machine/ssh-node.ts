/**
 * Nodes behind OpenSSH, as many as a test wants: each has a port and a folder of its own, which `/proc/self/fd/3` names on
 * each of them. A server runs only while somebody is connected, so that an idle node costs nothing.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

import { freePort } from "../../../lab/free-port.ts";
import { descendants, kill } from "./processes.ts";
import { holding, makeKey, prepareSshd } from "./sshd.ts";
import type { KeyPair } from "./sshd.ts";

const ADDRESS = "127.0.0.1";
/** What begins a command on a node, after as many seconds as its file `delay` says. */
export const ENTER = holding(
  "$NODE_FOLDER",
  '[ ! -e "$NODE_FOLDER/delay" ] || sleep "$(cat "$NODE_FOLDER/delay")"; ',
);
/** The node's own folder, as it sees it itself. */
export const ROOT = "/proc/self/fd/3";
/**
 * A stand-in for a runtime: it reads its drop-ins at a reload, which goes on while there is the file `hang`, and lives
 * unless there is the file `dead`.
 */
const systemctl = (first: string) => `cd "$NODE_FOLDER/run" || exit 1
echo "$*" >>../log/systemctl
${first}
[ "$1" != is-active ] || { [ ! -e dead ]; exit; }
while [ -e hang ]; do : >hanging; sleep 0.05; done
cat ../etc/registries.conf.d/*.conf >loaded 2>/dev/null || :`;

interface NodeOptions {
  readonly name: string;
  readonly folder: string;
  readonly key: KeyPair;
  readonly sshd: { readonly program: string; readonly config: string; readonly hostKey: string };
}

export class SshNode {
  readonly name: string;
  /** Where the node's own `etc`, `bin`, `run` and `log` are. */
  readonly folder: string;
  port = 0;
  private readonly options: NodeOptions;
  private readonly servers = new Set<ChildProcess>();
  private listener: Server | undefined;

  constructor(options: NodeOptions) {
    this.options = options;
    ({ name: this.name, folder: this.folder } = options);
  }

  /** Listens, on the same port as before where it did before. */
  async boot(): Promise<void> {
    this.port ||= await freePort(ADDRESS);
    const listener = createServer({ pauseOnConnect: true }, (socket) => {
      this.serve(socket);
    });
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject);
      listener.listen(this.port, ADDRESS, resolve);
    });
    this.listener = listener;
  }

  /** As when the power goes: connections are refused, and everything that ran there is gone, by SIGKILL. */
  async powerOff(): Promise<void> {
    const { listener } = this;
    this.listener = undefined;
    if (listener !== undefined) await new Promise((resolve) => listener.close(resolve));
    // The servers first: none has time to tell how a program ended.
    for (const { pid = 0 } of this.servers) [pid, ...(await descendants(pid))].forEach(kill);
    for (let found = this.processes(); found.length > 0; found = this.processes()) found.forEach(kill);
  }

  /** The node as inputs of a pool have it. */
  target(): Record<string, string | number> {
    const { key, sshd } = this.options;
    return {
      name: this.name,
      address: ADDRESS,
      port: this.port,
      user: userInfo().username,
      privateKey: key.privateKey,
      hostKey: sshd.hostKey,
    };
  }

  /** The runtime's reloads go on from now on, until `release`. */
  hang(): void {
    writeFileSync(this.path("run/hang"), "");
  }

  /** Has a reload begun that goes on? */
  get hanging(): boolean {
    return existsSync(this.path("run/hanging"));
  }

  release(): void {
    for (const name of ["hang", "hanging"]) rmSync(this.path(`run/${name}`), { force: true });
  }

  /** Puts a program on the node's PATH, in front of the system's. */
  async program(name: string, body: string): Promise<void> {
    await writeFile(join(this.folder, "bin", name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  }

  /** The runtime's stand-in, which does `first` before all else, in the node's `run`. */
  async systemctl(first = ""): Promise<void> {
    await this.program("systemctl", systemctl(first));
  }

  /** Where a path of the node really is. */
  path(path: string): string {
    return join(this.folder, path);
  }

  /** Text of a file by its path below the node's folder; empty where there is none. */
  text(path: string): string {
    return existsSync(this.path(path)) ? readFileSync(this.path(path), "utf8") : "";
  }

  /** What the runtime was told so far. */
  get told(): string[] {
    return this.text("log/systemctl").split("\n").filter(Boolean);
  }

  /** Is something of ours still under way there? */
  get busy(): boolean {
    return this.processes().length > 0;
  }

  /** How many programs of ours run there, or wait for each other. */
  get programs(): number {
    return this.processes().filter((pid) => procFile(pid, "cmdline") === "sh\0-s\0").length;
  }

  private serve(socket: Socket): void {
    const { program, config } = this.options.sshd;
    const args = ["-i", "-e", "-f", config, "-o", `SetEnv=${this.environment()}`];
    const server = spawn(program, args, {
      stdio: [socket, socket, "ignore"],
      env: { NODE_FOLDER: this.folder },
    });
    this.servers.add(server);
    server.once("exit", () => this.servers.delete(server));
    // Ours is the second handle of the connection.
    socket.destroy();
  }

  private environment(): string {
    const root = this.options.sshd.config.replace(/[^/]*$/, "");
    const bin = `${join(this.folder, "bin")}:/usr/sbin:/usr/bin:/sbin:/bin`;
    return `"NODE_FOLDER=${this.folder}" "HOME=${root}" "PATH=${bin}"`;
  }

  /** By what their environment began with, wherever they moved. */
  private processes(): number[] {
    const mark = `NODE_FOLDER=${this.folder}\0`;
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => procFile(pid, "environ").includes(mark));
  }
}

/** Empty: the process has ended, or is somebody else's. */
function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}

export interface SshNodes {
  readonly nodes: readonly SshNode[];
  /** For what a test needs beside the nodes. */
  readonly scratch: string;
  stop(): Promise<void>;
}

export async function startNodes(count: number): Promise<SshNodes> {
  const folder = await mkdtemp(join(tmpdir(), "nodes-"));
  const key = await makeKey(join(folder, "client"), "key");
  const sshd = await prepareSshd({
    folder: join(folder, "sshd"),
    authorizedKey: key.publicKey,
    settings: [ENTER],
  });
  const nodes = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const name = `n${index + 1}`;
      const node = new SshNode({ name, folder: join(folder, name), key, sshd });
      for (const own of ["etc", "bin", "run", "log"]) await mkdir(node.path(own), { recursive: true });
      await node.systemctl();
      await node.boot();
      return node;
    }),
  );
  return {
    nodes,
    scratch: folder,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.powerOff()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
