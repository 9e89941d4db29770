/**
 * One machine of the lab: an SSH server on loopback whose commands run here, as the caller, in the machine's own
 * directory. Only the stand-ins on its PATH make it a machine of its own; it is no sandbox.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdir } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { userInfo } from "node:os";
import { delimiter, join } from "node:path";

import ssh2 from "ssh2";
import type { Connection, ServerChannel, Session } from "ssh2";

import { killTree } from "./process-tree.ts";

const { Server, utils } = ssh2;

export interface MachineOptions {
  /** The machine's own directory; made where missing. */
  readonly directory: string;
  /** OpenSSH private key, ed25519. */
  readonly hostKey: string;
  /** Public key that may log in: `ssh-ed25519 AAAA…`; asked for at each login where it comes later. */
  readonly authorizedKey: string | (() => string);
  /** Name that logs in; commands run as the caller whatever it is. Default: the caller's own. */
  readonly user?: string;
  /** Where a connection that is forwarded really goes to, as a jump host in another network. */
  readonly route?: (host: string, port: number) => { readonly host: string; readonly port: number };
  /** Folder of the stand-in programs, first on PATH. */
  readonly programs: string;
  /** Default: any free one. */
  readonly port?: number;
  /** Added to the environment of commands. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Machine {
  readonly port: number;
  /** Ends every connection and what runs on it. */
  close(): Promise<void>;
}

/** By it /proc/self/fd/3 is the machine's own folder to a command: one name on all machines, which share a file system. */
const HOLDING = 'exec 3<"$LAB_MACHINE" && exec /bin/sh -c "$0"';

/** Listens on 127.0.0.1 for the user that runs this. */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const home = join(options.directory, "home");
  await mkdir(home, { recursive: true });
  const children = new Set<ChildProcess>();
  const connections = new Set<Connection>();
  const ssh = new Server({ hostKeys: [options.hostKey] }, (connection) => {
    connections.add(connection);
    connection.once("close", () => connections.delete(connection));
    // A client that goes away is no news.
    connection.on("error", () => undefined);
    authenticate(connection, options);
    connection.on("ready", () => {
      connection.on("session", (accept) => {
        serve(accept(), (command, channel) => {
          const child = execute(command, channel, options, home);
          children.add(child);
          child.once("close", () => children.delete(child));
        });
      });
      connection.on("tcpip", (accept, reject, { destIP, destPort }) => {
        const to = options.route?.(destIP, destPort) ?? { host: destIP, port: destPort };
        const socket = connect(to);
        socket.once("error", reject);
        socket.once("connect", () => {
          socket.off("error", reject);
          const channel = accept();
          socket.on("error", () => channel.destroy());
          channel.on("error", () => socket.destroy());
          channel.pipe(socket).pipe(channel);
        });
      });
    });
  });
  // Not ssh2's own listener: without noDelay each step of the protocol waits for 40 ms.
  const server = createServer({ noDelay: true }, (socket) => {
    ssh.injectSocket(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const connection of connections) connection.end();
        for (const { pid } of children) if (pid !== undefined) killTree(pid);
      }),
  };
}

function authenticate(
  connection: Connection,
  { authorizedKey, user = userInfo().username }: MachineOptions,
): void {
  connection.on("authentication", (attempt) => {
    const authorized = utils.parseKey(typeof authorizedKey === "string" ? authorizedKey : authorizedKey());
    if (authorized instanceof Error) throw authorized;
    if (attempt.method !== "publickey" || attempt.username !== user) {
      attempt.reject(["publickey"]);
      return;
    }
    const known = attempt.key.data.equals(authorized.getPublicSSH());
    // A client first asks, without a signature, whether it may sign with this key at all.
    const { signature, blob } = attempt;
    const signed: unknown =
      signature === undefined || (blob !== undefined && authorized.verify(blob, signature, attempt.hashAlgo));
    if (known && signed === true) attempt.accept();
    else attempt.reject(["publickey"]);
  });
}

/** Commands only: no shell, terminal, subsystem, agent or environment, as sshd without AcceptEnv. */
function serve(session: Session, run: (command: string, channel: ServerChannel) => void): void {
  for (const request of ["env", "pty", "shell", "subsystem", "sftp", "auth-agent", "x11"]) {
    session.on(request, (_accept: unknown, reject: (() => void) | undefined) => {
      reject?.();
    });
  }
  session.on("exec", (accept, _reject, { command }) => {
    run(command, accept());
  });
}

function execute(
  command: string,
  channel: ServerChannel,
  options: MachineOptions,
  home: string,
): ChildProcess {
  const user = userInfo().username;
  const child = spawn("/bin/sh", ["-c", HOLDING, command], {
    cwd: home,
    env: {
      HOME: home,
      USER: user,
      LOGNAME: user,
      SHELL: "/bin/sh",
      PATH: [options.programs, process.env["PATH"] ?? ""].join(delimiter),
      LAB_MACHINE: options.directory,
      ...options.env,
    },
    stdio: "pipe",
  });
  channel.on("error", () => undefined);
  // A command that ends without reading everything breaks the pipe: its own affair.
  child.stdin.on("error", () => undefined);
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  session(channel, child);
  return child;
}

function session(channel: ServerChannel, child: ChildProcess): void {
  child.once("error", (error) => {
    channel.stderr.write(`${error.message}\n`);
    channel.exit(126);
    channel.end();
  });
  // As with sshd, a background process that kept a stream open holds the session.
  child.once("close", (code, signal) => {
    if (signal === null) channel.exit(code ?? 255);
    else channel.exit(signal, false, "");
    channel.end();
  });
}
