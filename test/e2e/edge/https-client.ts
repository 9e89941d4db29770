/** What clients see of the edge. */
import { connect } from "node:tls";
import { setTimeout as sleep } from "node:timers/promises";

import { Agent, request } from "undici";
import { z } from "zod";

export interface Client {
  readonly address: string;
  readonly port: number;
  readonly hostname: string;
}

export interface ServedCertificate {
  readonly serialNumber: string;
  /** sha256, hex in capitals without colons. */
  readonly fingerprint: string;
  readonly issuer: string;
  readonly validFrom: string;
}

/** What harbor-front.ts answers with. */
const seenRequest = z.object({
  method: z.string(),
  path: z.string(),
  headers: z.record(z.string(), z.unknown()),
  bytes: z.number(),
});

/** The certificate that a new connection is shown; undefined where none is made. */
export function servedCertificate({
  address,
  port,
  hostname,
}: Client): Promise<ServedCertificate | undefined> {
  return new Promise((resolve) => {
    // It is looked at, and nothing is said to its holder.
    const socket = connect({ host: address, port, servername: hostname, rejectUnauthorized: false }, () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      resolve(
        certificate && {
          serialNumber: certificate.serialNumber,
          fingerprint: certificate.fingerprint256.replaceAll(":", ""),
          issuer: certificate.issuer,
          validFrom: certificate.validFrom,
        },
      );
    });
    socket.setTimeout(5000, () => socket.destroy(new Error("no answer")));
    socket.once("error", () => {
      resolve(undefined);
    });
  });
}

/** GET by HTTPS; Node's own CAs are trusted where none is given. */
export async function ask({
  address,
  port,
  hostname,
  ca,
  path,
  headers = {},
}: Client & {
  readonly ca?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}) {
  const dispatcher = new Agent({ connect: { servername: hostname, ...(ca === undefined ? {} : { ca }) } });
  try {
    const answer = await request(`https://${address}:${port}`, {
      ...{ dispatcher, path },
      headers: { host: `${hostname}:${port}`, ...headers },
    });
    const text = await answer.body.text();
    const seen = answer.statusCode === 200 ? seenRequest.parse(JSON.parse(text)) : undefined;
    return { status: answer.statusCode, headers: answer.headers, text, seen };
  } finally {
    await dispatcher.destroy();
  }
}

/** Asks again and again until there is something. */
export async function waitFor<T>(
  what: string,
  seconds: number,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(200);
  }
  throw new Error(`${what} did not come within ${seconds} seconds`);
}
