/** SSH connections as @pulumi/command 1.2.1 makes them: its tries, its pauses, its one jump host. */
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";

import ssh2 from "ssh2";
import type { Client, ConnectConfig } from "ssh2";

import type { Connection, Endpoint } from "./inputs.ts";

// As Pulumi's `retry` package: the first pause, its growth and its bound.
const FIRST_PAUSE_MS = 100;
const GROWTH = 1.5;
const LONGEST_PAUSE_MS = 5_000;

/**
 * A logged-in client. Every failure counts as a try, refused logins and wrong host keys included. As with the real
 * plugin only the TCP connect has a time limit: a server that accepts and then says nothing hangs until `signal`.
 */
export async function dial(connection: Connection, signal: AbortSignal): Promise<Client> {
  const { proxy } = connection;
  if (proxy === undefined) return logIn(connection, () => dialTcp(connection), signal);
  try {
    const jump = await logIn(proxy, () => dialTcp(proxy), signal);
    const target = await logIn(connection, () => forward(jump, connection), signal);
    target.once("close", () => jump.end());
    return target;
  } catch (error) {
    throw new Error(`proxy: ${words(error)}`, { cause: error });
  }
}

async function logIn(to: Endpoint, open: () => Promise<Duplex>, signal: AbortSignal): Promise<Client> {
  const config = await configOf(to);
  for (let failed = 0, delay = FIRST_PAUSE_MS; ; delay = Math.min(delay * GROWTH, LONGEST_PAUSE_MS)) {
    try {
      return await handshake(config, await open(), signal);
    } catch (error) {
      if (signal.aborted) throw error;
      if (to.dialErrorLimit >= 0 && failed >= to.dialErrorLimit) {
        throw new Error(`after ${failed} failed attempts: ${words(error)}`, { cause: error });
      }
      failed++;
    }
    await pause(delay, undefined, { signal });
  }
}

function dialTcp(to: Endpoint): Promise<Duplex> {
  const socket = connectTcp({ host: to.host, port: to.port, noDelay: true });
  const limit = to.perDialTimeout * 1000;
  const timer =
    limit > 0
      ? setTimeout(() => socket.destroy(new Error(`dial tcp ${to.host}:${to.port}: i/o timeout`)), limit)
      : undefined;
  return new Promise<Duplex>((resolve, reject) => {
    socket.once("connect", () => {
      resolve(socket);
    });
    socket.once("error", reject);
  }).finally(() => {
    clearTimeout(timer);
  });
}

function forward(jump: Client, to: Endpoint): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    jump.forwardOut("127.0.0.1", 0, to.host, to.port, (error, stream) => {
      if (error) reject(error);
      else resolve(stream);
    });
  });
}

function handshake(config: ConnectConfig, sock: Duplex, signal: AbortSignal): Promise<Client> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    const fail = (what: string): void => {
      signal.removeEventListener("abort", abort);
      sock.destroy();
      reject(new Error(what));
    };
    const abort = (): void => {
      fail("context canceled");
    };
    signal.addEventListener("abort", abort, { once: true });
    client.once("ready", () => {
      signal.removeEventListener("abort", abort);
      resolve(client);
    });
    client.on("error", (error) => {
      fail(`ssh: handshake failed: ${error.message}`);
    });
    client.once("close", () => {
      fail("ssh: handshake failed: EOF");
    });
    client.connect({ ...config, sock, readyTimeout: 0 });
  });
}

/** Errors here, such as an unreadable key, come before the first try. */
async function configOf(to: Endpoint): Promise<ConnectConfig> {
  // The agent is dialled wherever SSH_AUTH_SOCK is set, a private key or not; a stale one is an error.
  const agent = to.agentSocketPath ?? process.env["SSH_AUTH_SOCK"] ?? "";
  if (agent !== "") await dialAgent(agent);
  if (to.privateKey !== undefined) parseKey("privateKey", to.privateKey, to.privateKeyPassword);
  return {
    username: to.user,
    ...(to.privateKey === undefined ? {} : { privateKey: to.privateKey }),
    ...(to.privateKeyPassword === undefined ? {} : { passphrase: to.privateKeyPassword }),
    ...(to.password === undefined ? {} : { password: to.password }),
    ...(agent === "" ? {} : { agent }),
    ...(to.hostKey === undefined ? {} : pinned(to.hostKey)),
  };
}

async function dialAgent(path: string): Promise<void> {
  const socket = connectTcp({ path });
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}

/** Only the pinned key's own type is offered; for RSA that is the signature that sshd refuses since 8.8. */
function pinned(hostKey: string): ConnectConfig {
  const key = parseKey("hostKey", hostKey);
  return {
    hostVerifier: (presented: Buffer) => presented.equals(key.getPublicSSH()),
    algorithms: { serverHostKey: [key.type] },
  };
}

function parseKey(what: string, text: string, passphrase?: string) {
  const key = ssh2.utils.parseKey(text, passphrase);
  if (key instanceof Error) throw new Error(`ssh: ${what}: ${key.message}`);
  return key;
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
