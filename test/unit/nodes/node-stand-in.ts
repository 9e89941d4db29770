/**
 * A stand-in for a node: an SSH server on loopback that runs commands by /bin/sh for real, and a `reload` program that
 * counts its calls. Its file system is a temporary folder, which commands see as `/node`: the path is replaced in what
 * they read and print. Strict about the login as sshd is.
 */
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server as TcpServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import type { Connection, ServerChannel } from "ssh2";

export interface KeyPair {
  readonly private: string;
  readonly public: string;
}

export function newKey(type: "ed25519" | "ecdsa" = "ed25519"): KeyPair {
  for (;;) {
    const key =
      type === "ed25519"
        ? ssh2.utils.generateKeyPairSync("ed25519")
        : ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
    // ssh2's generator drops leading zero bytes: one key of 256 can't be read again.
    if (!(ssh2.utils.parseKey(key.private) instanceof Error)) return key;
  }
}

export const CLIENT_KEY = newKey();

export class NodeStandIn {
  readonly folder = mkdtempSync(join(tmpdir(), "node-"));
  readonly hostKey: KeyPair;
  /** Commands run so far. */
  readonly commands: string[] = [];
  /** Accepted logins so far. */
  logins = 0;
  /** Commands under way now, and the most at once. */
  running = 0;
  peak = 0;
  port = 0;
  private readonly server: ssh2.Server;
  private readonly connections = new Set<Connection>();

  constructor(hostKeys: readonly KeyPair[] = [newKey()]) {
    const [first] = hostKeys;
    if (first === undefined) throw new Error("a server needs a host key");
    this.hostKey = first;
    const keys = hostKeys.map((key) => key.private);
    this.server = new ssh2.Server({ hostKeys: keys }, (client) => {
      this.serve(client);
    });
    mkdirSync(join(this.folder, "bin"));
    this.program("reload", `echo reload >>${this.folder}/reloads`);
  }

  /** @param port default: any that is free */
  async start(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(port, "127.0.0.1", resolve));
    this.port = (this.server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    for (const client of this.connections) client.end();
    await new Promise<void>((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The node as inputs of a pool have it. */
  target(name: string): Record<string, string | number> {
    return {
      name,
      address: "127.0.0.1",
      port: this.port,
      user: "root",
      privateKey: CLIENT_KEY.private,
      hostKey: this.hostKey.public,
    };
  }

  /** Puts a program on the node's PATH. */
  program(name: string, body: string): void {
    const path = join(this.folder, "bin", name);
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
  }

  /** The content of a file by its path under `/node/`, undefined where there is none. */
  content(path: string): string | undefined {
    const real = this.path(path);
    return existsSync(real) ? readFileSync(real, "utf8") : undefined;
  }

  /** Where a file under `/node/` really is. */
  path(path: string): string {
    return join(this.folder, path);
  }

  /** What an interrupted run left, hidden names included. */
  leftovers(): string[] {
    const all = readdirSync(this.folder, { recursive: true }).map(String);
    return all.filter((name) => name.includes(".harbor-cache-"));
  }

  get reloads(): number {
    const path = join(this.folder, "reloads");
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").length - 1 : 0;
  }

  private serve(client: Connection): void {
    this.connections.add(client);
    client.on("error", () => undefined);
    client.on("close", () => this.connections.delete(client));
    client.on("ready", () => this.logins++);
    client.on("authentication", (context) => {
      const allowed = ssh2.utils.parseKey(CLIENT_KEY.public);
      if (context.method !== "publickey" || allowed instanceof Error) {
        context.reject(["publickey"]);
      } else if (!allowed.getPublicSSH().equals(context.key.data)) {
        context.reject();
      } else if (context.signature === undefined || context.blob === undefined) {
        context.accept();
      } else if (allowed.verify(context.blob, context.signature, context.hashAlgo)) {
        context.accept();
      } else {
        context.reject();
      }
    });
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec, _reject, info) => {
        this.run(info.command, acceptExec());
      });
    });
    client.on("tcpip", (accept, _reject, info) => {
      const channel = accept();
      const socket = connect(info.destPort, info.destIP);
      socket.on("error", () => channel.end());
      channel.on("error", () => socket.destroy());
      socket.pipe(channel).pipe(socket);
    });
  }

  private run(command: string, channel: ServerChannel): void {
    this.commands.push(command);
    this.peak = Math.max(this.peak, ++this.running);
    const environment = {
      PATH: `${join(this.folder, "bin")}:${process.env["PATH"] ?? ""}`,
      HOME: this.folder,
    };
    const shell = spawn("/bin/sh", ["-c", command], { env: environment });
    // Whole lines, for a path may come in two parts.
    let line: Buffer[] = [];
    const forward = (): string => {
      const lines = Buffer.concat(line).toString("latin1");
      line = [];
      return lines.replaceAll("/node/", `${this.folder}/`);
    };
    channel.on("data", (data: Buffer) => {
      const end = data.lastIndexOf(10) + 1;
      line.push(data.subarray(0, end));
      if (end > 0) shell.stdin.write(forward(), "latin1");
      line.push(data.subarray(end));
    });
    const end = (): void => {
      if (!shell.stdin.writableEnded) shell.stdin.end(forward(), "latin1");
    };
    channel.on("end", end);
    channel.on("close", end);
    shell.stdin.on("error", () => undefined);
    channel.on("error", () => undefined);
    const seen = (data: Buffer): string => data.toString().replaceAll(`${this.folder}/`, "/node/");
    shell.stdout.on("data", (data: Buffer) => channel.write(seen(data)));
    shell.stderr.on("data", (data: Buffer) => channel.stderr.write(seen(data)));
    shell.on("close", (status) => {
      this.running--;
      channel.exit(status ?? 255);
      channel.end();
    });
  }
}

/** A TCP server that hands each connection to `behaviour`. */
export class TcpStandIn {
  port = 0;
  connections = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server: TcpServer;

  constructor(behaviour: (socket: Socket, count: number) => void) {
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      socket.on("error", () => undefined);
      behaviour(socket, ++this.connections);
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.port = (this.server.address() as AddressInfo).port;
    return this;
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
  }
}

/** Relays to `port` and cuts connection number n after `cuts[n - 1]` bytes of the client's. */
export function cuttingRelay(port: number, cuts: readonly number[]): TcpStandIn {
  return new TcpStandIn((socket, count) => {
    let left = cuts[count - 1] ?? Infinity;
    const upstream = connect(port, "127.0.0.1");
    upstream.on("error", () => socket.destroy());
    socket.on("close", () => upstream.end());
    upstream.on("close", () => socket.destroy());
    upstream.pipe(socket);
    socket.on("data", (data: Buffer) => {
      upstream.write(data.subarray(0, left));
      left -= data.length;
      if (left <= 0) socket.destroy();
    });
  });
}

/** A port of loopback that nothing listens on. */
export async function closedPort(): Promise<number> {
  const server = await new TcpStandIn(() => undefined).start();
  await server.stop();
  return server.port;
}
