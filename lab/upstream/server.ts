/**
 * A small registry (docker v2 protocol) that plays the upstream of the lab where Debian's docker-registry is not
 * installed. A stand-in: it holds what is pushed to it and checks digests; it has no garbage collection and no mounts.
 */
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { BlobStore, DigestMismatchError, digestOf, isDigest } from "./blob-store.ts";
import { readAll } from "./http-client.ts";
import type { Credentials } from "./registry-client.ts";
import { TagIndex } from "./tag-index.ts";

export interface UpstreamOptions {
  /** Default 0: any. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Kept over restarts where given; else a temporary folder that `close` removes. */
  readonly dataDir?: string;
  /** Who may do anything. Absent: everyone. `scheme` is how they are asked for it, default token. */
  readonly auth?: Credentials & { readonly scheme?: "basic" | "token" };
  /** PEM. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly userAgent: string;
}

export interface Upstream {
  readonly url: string;
  readonly port: number;
  /** Every answered request so far, oldest first. */
  readonly requests: readonly UpstreamRequest[];
  close(): Promise<void>;
}

class RegistryError extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: unknown;

  constructor(status: number, code: string, message: string, detail?: unknown) {
    super(message);
    this.status = status;
    this.code = code;
    this.detail = detail;
  }
}

export async function startUpstream(options: UpstreamOptions = {}): Promise<Upstream> {
  const dir = options.dataDir ?? mkdtempSync(path.join(tmpdir(), "upstream-"));
  const blobs = new BlobStore(path.join(dir, "blobs"));
  const tags = new TagIndex(path.join(dir, "tags.json"));
  const tokenKey = randomBytes(32);
  const requests: UpstreamRequest[] = [];
  const scheme = options.tls === undefined ? "http" : "https";

  const token = (): string => createHmac("sha256", tokenKey).update("upstream").digest("base64url");

  function authorized(header: string | undefined): boolean {
    if (options.auth === undefined) return true;
    const { username, password, scheme: asked = "token" } = options.auth;
    const basicHeader = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    const wanted = asked === "basic" ? basicHeader : `Bearer ${token()}`;
    const given = Buffer.from(header ?? "");
    return given.length === wanted.length && timingSafeEqual(given, Buffer.from(wanted));
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", `${scheme}://${request.headers.host ?? "localhost"}`);
    if (options.auth !== undefined && url.pathname === "/token") {
      const wanted = `Basic ${Buffer.from(`${options.auth.username}:${options.auth.password}`).toString("base64")}`;
      const right = request.headers.authorization === wanted;
      sendJson(response, right ? 200 : 401, right ? { token: token(), expires_in: 300 } : {});
      return;
    }
    response.setHeader("Docker-Distribution-Api-Version", "registry/2.0");
    if (!authorized(request.headers.authorization)) {
      const challenge = options.auth?.scheme === "basic" ? "Basic" : "Bearer";
      const realm = challenge === "Basic" ? "upstream" : `${url.origin}/token`;
      response.setHeader("WWW-Authenticate", `${challenge} realm="${realm}",service="upstream"`);
      throw new RegistryError(401, "UNAUTHORIZED", "authentication required");
    }
    if (url.pathname === "/v2/" || url.pathname === "/v2") {
      sendJson(response, 200, {});
      return;
    }
    const match = /^\/v2\/(.+)\/(?:(manifests|blobs)\/([^/]+)|blobs\/uploads\/([^/]*)|tags\/list)$/.exec(
      url.pathname,
    );
    const [, name, kind, reference, upload] = match ?? [];
    if (name === undefined) throw new RegistryError(404, "NOT_FOUND", `no such path: ${url.pathname}`);
    if (kind === "manifests" && reference !== undefined) await manifest(request, response, name, reference);
    else if (kind === "blobs" && reference !== undefined) await blob(request, response, reference);
    else if (upload !== undefined) await receive(request, response, name, url);
    else sendJson(response, 200, { name, tags: tags.list(name) });
  }

  async function manifest(
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
    reference: string,
  ) {
    if (request.method === "PUT") {
      const content = await readAll(request);
      const digest = digestOf(content);
      if (isDigest(reference) && reference !== digest) {
        throw new RegistryError(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
      }
      blobs.put(content);
      tags.set(name, reference, { digest, mediaType: request.headers["content-type"] ?? "" });
      response
        .writeHead(201, { "Docker-Content-Digest": digest, Location: `/v2/${name}/manifests/${digest}` })
        .end();
      return;
    }
    const entry = tags.get(name, reference);
    if (entry === undefined) {
      throw new RegistryError(404, "MANIFEST_UNKNOWN", "manifest unknown", { name, reference });
    }
    const content = blobs.read(entry.digest);
    response.writeHead(200, {
      "Content-Type": entry.mediaType,
      "Content-Length": content.length,
      "Docker-Content-Digest": entry.digest,
      Etag: `"${entry.digest}"`,
    });
    response.end(request.method === "HEAD" ? undefined : content);
  }

  async function blob(request: IncomingMessage, response: ServerResponse, digest: string): Promise<void> {
    if (!blobs.has(digest)) throw new RegistryError(404, "BLOB_UNKNOWN", "blob unknown to registry", digest);
    const size = blobs.size(digest);
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    const start = Number(from ?? 0);
    const end = to === undefined || to === "" ? size - 1 : Math.min(Number(to), size - 1);
    if (start > end && size > 0) throw new RegistryError(416, "RANGE_INVALID", "invalid range");
    response.writeHead(from === undefined ? 200 : 206, {
      "Content-Type": "application/octet-stream",
      "Content-Length": size === 0 ? 0 : end - start + 1,
      "Accept-Ranges": "bytes",
      "Docker-Content-Digest": digest,
      ...(from === undefined ? {} : { "Content-Range": `bytes ${start}-${end}/${size}` }),
    });
    if (request.method === "HEAD" || size === 0) response.end();
    else await pipeline(blobs.stream(digest, { start, end }), response);
  }

  /** Monolithic uploads: POST opens one, PUT with `digest` brings the content. */
  async function receive(
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
    url: URL,
  ): Promise<void> {
    if (request.method === "POST") {
      response.writeHead(202, { Location: `/v2/${name}/blobs/uploads/${randomUUID()}`, Range: "0-0" }).end();
      return;
    }
    const digest = url.searchParams.get("digest") ?? "";
    if (request.method !== "PUT" || !isDigest(digest)) {
      throw new RegistryError(405, "UNSUPPORTED", "only monolithic uploads are taken");
    }
    await blobs.write(digest, request);
    response
      .writeHead(201, { "Docker-Content-Digest": digest, Location: `/v2/${name}/blobs/${digest}` })
      .end();
  }

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    response.on("finish", () => {
      const { method = "", url = "", headers } = request;
      requests.push({
        method,
        path: url,
        status: response.statusCode,
        userAgent: headers["user-agent"] ?? "",
      });
    });
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else if (error instanceof RegistryError) {
        const { code, message, detail } = error;
        sendJson(response, error.status, {
          errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }],
        });
      } else {
        const wrong = error instanceof DigestMismatchError;
        const code = wrong ? "DIGEST_INVALID" : "UNKNOWN";
        sendJson(response, wrong ? 400 : 500, { errors: [{ code, message: String(error) }] });
      }
    });
  };

  const server = options.tls === undefined ? createServer(handle) : createTlsServer(options.tls, handle);
  const host = options.host ?? "127.0.0.1";
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${scheme}://${host}:${port}`,
    port,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (options.dataDir === undefined) rmSync(dir, { recursive: true, force: true });
    },
  };
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const text = `${JSON.stringify(value)}\n`;
  response.writeHead(status, {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": Buffer.byteLength(text),
  });
  response.end(text);
}
