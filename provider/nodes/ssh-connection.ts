/** One SSH connection: TCP, handshake with a pinned host key, authentication; directly or through a jump host. */
import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import { Client } from "ssh2";
import type { ConnectConfig } from "ssh2";
import { fingerprint, parseHostKey } from "./host-key.ts";
import { SshError } from "./ssh-error.ts";

/** A machine and how to log in there. */
export interface SshTarget {
  /** Host name or IP address. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** OpenSSH private key. Absent: the agent at `SSH_AUTH_SOCK`. */
  readonly privateKey?: string | undefined;
  /** `ssh-ed25519 AAAA…`; any other key is refused. */
  readonly hostKey: string;
  /** A host to go through, reached directly. */
  readonly jump?: SshTarget | undefined;
}

export interface SshConnection {
  readonly client: Client;
  /** Ends this connection and the one to the jump host. */
  close(): void;
}

/** `10.0.0.1:22`, `[fd00::1]:22` */
export function endpoint(target: Pick<SshTarget, "address" | "port">): string {
  return target.address.includes(":")
    ? `[${target.address}]:${target.port}`
    : `${target.address}:${target.port}`;
}

/**
 * Connects within `timeout` seconds per hop, whatever the other side does or doesn't do.
 * Throws `SshError` saying what failed, with the address and what to do.
 */
export async function connect(
  target: SshTarget,
  timeout: number,
  signal: AbortSignal,
): Promise<SshConnection> {
  if (target.jump === undefined) {
    const client = await logIn(target, undefined, timeout, signal);
    return { client, close: () => client.destroy() };
  }
  const jump = await logIn(target.jump, undefined, timeout, signal).catch((error: unknown) => {
    if (!(error instanceof SshError)) throw error;
    throw error.with({ message: `jump host: ${error.message}` });
  });
  try {
    const stream = await forward(jump, target, timeout, signal);
    const client = await logIn(target, stream, timeout, signal);
    const close = (): void => {
      client.destroy();
      jump.destroy();
    };
    // A jump host that goes away takes the inner connection along.
    jump.once("close", close);
    return { client, close };
  } catch (error) {
    jump.destroy();
    throw error;
  }
}

/** Why no channel was opened: RFC 4254, section 5.1. */
const ADMINISTRATIVELY_PROHIBITED = 1;

/** A channel from the machine at the other end of `client` to an address that it reaches, within `timeout` seconds. */
export function forward(
  client: Client,
  target: Pick<SshTarget, "address" | "port">,
  timeout: number,
  signal: AbortSignal,
  through = "the jump host",
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const fail = (what: string, facts: ConstructorParameters<typeof SshError>[1]): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      reject(new SshError(`${endpoint(target)} through ${through}: ${what}`, facts));
    };
    const abort = (): void => {
      fail("canceled", {});
    };
    const timer = setTimeout(() => {
      fail(`no connection within ${timeout} s`, { silent: true, unreachable: true });
    }, timeout * 1000);
    signal.addEventListener("abort", abort, { once: true });
    client.once("close", () => {
      fail(`${through} closed the connection`, { transient: true, unreachable: true });
    });
    client.forwardOut("127.0.0.1", 0, target.address, target.port, (error, stream) => {
      if (error) {
        // A refusal is the server's own: the target wasn't tried.
        const unreachable = Reflect.get(error, "reason") !== ADMINISTRATIVELY_PROHIBITED;
        const what = `${error.message}; is it up, and does ${through} allow forwarding?`;
        fail(what, { transient: true, unreachable });
        return;
      }
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      resolve(stream);
    });
  });
}

const PHASES = {
  tcp: "waiting for the TCP connection; is the machine up and the port open?",
  handshake: "in the SSH handshake; the port is open but no SSH server answers",
  auth: "waiting for the server to accept the login",
} as const;

function logIn(
  target: SshTarget,
  stream: Duplex | undefined,
  timeout: number,
  signal: AbortSignal,
): Promise<Client> {
  return new Promise((resolve, reject) => {
    const hostKey = parseHostKey(target.hostKey);
    const credentials = credentialsOf(target);
    const where = endpoint(target);
    const client = new Client();
    let phase: keyof typeof PHASES = stream === undefined ? "tcp" : "handshake";
    let presented: Buffer | undefined;

    const socket = stream ?? connectTcp({ host: target.address, port: target.port, noDelay: true });
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    };
    const fail = (error: SshError): void => {
      settle();
      reject(error);
      client.destroy();
      socket.destroy();
    };
    const abort = (): void => {
      fail(new SshError(`${where}: canceled while connecting`));
    };
    const timer = setTimeout(() => {
      const what = `gave up after ${timeout} s ${PHASES[phase]}`;
      fail(new SshError(`${where}: ${what}`, { silent: true, unreachable: true }));
    }, timeout * 1000);
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener("abort", abort, { once: true });

    client.on("connect", () => {
      phase = "handshake";
    });
    client.on("handshake", () => {
      phase = "auth";
    });
    client.on("error", (error: Error & { level?: string; code?: unknown }) => {
      if (presented !== undefined && !presented.equals(hostKey.blob)) {
        const what = `presents the host key ${fingerprint(presented)}, expected ${fingerprint(hostKey.blob)}`;
        fail(
          new SshError(`${where}: ${what}; nothing was sent. If the machine was rebuilt, update its hostKey`),
        );
      } else {
        fail(explain(error, target, phase, hostKey.type));
      }
    });
    client.on("close", () => {
      const what = `the server closed the connection during ${phase}`;
      fail(new SshError(`${where}: ${what}`, { transient: true, unreachable: true, dropped: true }));
    });
    client.on("ready", () => {
      settle();
      client.removeAllListeners("close");
      client.removeAllListeners("error");
      // Errors after the login show as the closing of what runs on the connection.
      client.on("error", () => undefined);
      resolve(client);
    });

    const verify = (key: Buffer): boolean => {
      presented = key;
      return key.equals(hostKey.blob);
    };
    try {
      client.connect({
        sock: socket,
        username: target.user,
        ...credentials,
        hostVerifier: verify,
        algorithms: { serverHostKey: hostKey.algorithms },
        // Our own timer covers every phase.
        readyTimeout: 0,
        keepaliveInterval: 10_000,
        keepaliveCountMax: 3,
      });
    } catch (error) {
      // Thrown for a key that can't be parsed; the message holds no key.
      const why = error instanceof Error ? error.message : "unknown error";
      fail(new SshError(`${where}: ${why}`, { local: true, cause: error }));
    }
  });
}

function credentialsOf(target: SshTarget): ConnectConfig {
  if (target.privateKey !== undefined) return { privateKey: target.privateKey, authHandler: ["publickey"] };
  const agent = process.env["SSH_AUTH_SOCK"];
  if (agent === undefined || agent === "") {
    throw new SshError(
      `${endpoint(target)}: no private key is set and no SSH agent runs (SSH_AUTH_SOCK); set privateKey or start an agent`,
      { local: true },
    );
  }
  return { agent, authHandler: ["agent"] };
}

const TRANSIENT = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
]);

function explain(
  error: Error & { level?: string; code?: unknown },
  target: SshTarget,
  phase: keyof typeof PHASES,
  keyType: string,
): SshError {
  const where = endpoint(target);
  const code = typeof error.code === "string" ? error.code : "";
  if (error.level === "client-authentication" || error.level === "agent" || phase === "auth") {
    const how = target.privateKey === undefined ? "the keys of the SSH agent" : "the private key";
    return new SshError(
      `${where}: permission denied for user ${target.user} with ${how} (${error.message}); ` +
        "is the public key in the user's authorized_keys?",
      // A connection that breaks during the login says nothing about the login.
      {
        cause: error,
        transient: TRANSIENT.has(code),
        unreachable: TRANSIENT.has(code),
        dropped: TRANSIENT.has(code),
      },
    );
  }
  if (code === "ECONNREFUSED") {
    return new SshError(`${where}: connection refused; is sshd running there?`, {
      transient: true,
      unreachable: true,
      cause: error,
    });
  }
  if (code === "ENOTFOUND") {
    return new SshError(`${where}: no such host name`, { unreachable: true, cause: error });
  }
  if (error.message.includes("no matching host key format")) {
    return new SshError(`${where}: has no ${keyType} host key, which is the pinned one; update its hostKey`, {
      cause: error,
    });
  }
  const lost = TRANSIENT.has(code) || error.message.startsWith("Connection lost");
  const unreachable = lost || code === "ETIMEDOUT";
  const dropped = lost && phase !== "tcp";
  return new SshError(`${where}: ${error.message}`, { transient: lost, unreachable, dropped, cause: error });
}
