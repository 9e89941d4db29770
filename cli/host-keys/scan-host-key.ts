/** The host key that an SSH server shows, without a login there. */
import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import { Client } from "ssh2";
import { hostKeyAlgorithms } from "../../provider/nodes/host-key.ts";
import { endpoint, forward } from "../../provider/nodes/ssh-connection.ts";
import { SshError } from "../../provider/nodes/ssh-error.ts";

export interface Scan {
  /** Host name or IP address. */
  readonly address: string;
  readonly port: number;
  /** Types of key to prefer: `ssh-rsa`. After them ed25519, ecdsa, rsa. */
  readonly types: readonly string[];
  /** A connection to the host to go through. */
  readonly jump?: Client;
  /** Seconds, for the connection and for the key exchange. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/**
 * The key, `ssh-ed25519 AAAA…`, once the server has proved by the key exchange's signature that the key is its own.
 * @throws SshError
 */
export async function scanHostKey(scan: Scan): Promise<string> {
  const { address, port, jump, timeout, signal } = scan;
  const stream = jump && (await forward(jump, { address, port }, timeout, signal));
  const socket = stream ?? connectTcp({ host: address, port, noDelay: true });
  try {
    return await exchange(scan, socket);
  } finally {
    socket.destroy();
  }
}

function exchange({ address, port, types, timeout, signal }: Scan, sock: Duplex): Promise<string> {
  const where = endpoint({ address, port });
  return new Promise((resolve, reject) => {
    const client = new Client();
    let presented: Buffer | undefined;
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      settle();
      client.destroy();
    };
    const fail = (what: string, options?: { transient?: boolean }): void => {
      end(() => {
        reject(new SshError(`${where}: ${what}`, options));
      });
    };
    const abort = (): void => {
      fail("canceled");
    };
    const timer = setTimeout(() => {
      fail(`shows no host key within ${timeout} s; is it up, and does an SSH server listen there?`);
    }, timeout * 1000);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) {
      abort();
      return;
    }
    client.on("handshake", () => {
      const key = presented;
      if (key !== undefined)
        end(() => {
          resolve(knownHostsForm(key));
        });
    });
    client.on("error", (error: Error & { code?: unknown }) => {
      fail(explain(error), { transient: !["ENOTFOUND", "ECONNREFUSED"].includes(String(error.code)) });
    });
    client.on("close", () => {
      fail("closed the connection before it showed its host key", { transient: true });
    });
    client.connect({
      sock,
      // Asked for by the library; the connection ends before anybody logs in.
      username: "nobody",
      hostVerifier: (key: Buffer) => {
        presented = key;
        return true;
      },
      algorithms: { serverHostKey: hostKeyAlgorithms(types) },
      // Our own timer covers it.
      readyTimeout: 0,
    });
  });
}

function explain(error: Error & { code?: unknown }): string {
  if (error.code === "ECONNREFUSED") return "connection refused; is sshd running there?";
  if (error.code === "ENOTFOUND") return "no such host name";
  return error.message;
}

/** The blob begins with its type's length in four bytes, and the type. */
function knownHostsForm(blob: Buffer): string {
  return `${blob.toString("latin1", 4, 4 + blob.readUInt32BE(0))} ${blob.toString("base64")}`;
}
