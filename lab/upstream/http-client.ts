/** One HTTP request over node:http, with what registries need: own CA, unchecked TLS, redirects, streamed bodies. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { LookupFunction } from "node:net";
import type { Readable } from "node:stream";

export interface Connection {
  /** Don't verify the server's certificate. */
  readonly insecure?: boolean;
  /** PEM of further CAs; replaces the system's. */
  readonly ca?: string;
  readonly lookup?: LookupFunction;
  /** Milliseconds without a byte before the request fails, default 30000. */
  readonly timeoutMs?: number;
  /** Default true. */
  readonly followRedirects?: boolean;
}

export interface Outgoing {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export interface Incoming {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Sends one request. GET and HEAD follow up to five redirects; credentials stay with the first origin. */
export async function send(
  url: URL,
  outgoing: Outgoing = {},
  connection: Connection = {},
): Promise<Incoming> {
  const method = outgoing.method ?? "GET";
  let target = url;
  for (let hops = 0; ; hops++) {
    const headers = Object.fromEntries(
      Object.entries(outgoing.headers ?? {}).filter(
        ([name]) => target.origin === url.origin || name.toLowerCase() !== "authorization",
      ),
    );
    const message = await once(target, { ...outgoing, method, headers }, connection);
    const status = message.statusCode ?? 0;
    const location = message.headers.location;
    const follow =
      REDIRECTS.has(status) &&
      (method === "GET" || method === "HEAD") &&
      connection.followRedirects !== false;
    if (!follow || location === undefined || hops === 5)
      return { status, headers: message.headers, body: message, url: target };
    message.resume();
    target = new URL(location, target);
  }
}

function once(
  url: URL,
  outgoing: Outgoing & { method: string },
  connection: Connection,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = {
      method: outgoing.method,
      headers: {
        ...outgoing.headers,
        ...(outgoing.body === undefined
          ? {}
          : { "content-length": String(Buffer.byteLength(outgoing.body)) }),
      },
      timeout: connection.timeoutMs ?? 30_000,
      ...(connection.lookup === undefined ? {} : { lookup: connection.lookup }),
      ...(connection.ca === undefined ? {} : { ca: connection.ca }),
      rejectUnauthorized: connection.insecure !== true,
      agent: false,
    };
    const request = (url.protocol === "https:" ? requestHttps : requestHttp)(url, options, resolve);
    request.on("timeout", () => request.destroy(new Error(`no answer from ${url.origin} in time`)));
    request.on("error", reject);
    request.end(outgoing.body);
  });
}

/** The whole body; fails beyond `limit` bytes. */
export async function readAll(body: Readable, limit = 8 * 1024 * 1024): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    const bytes = chunk instanceof Uint8Array ? Buffer.from(chunk) : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > limit) throw new Error(`more than ${limit} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
