/** Answers from Harbor's own registry: what is cached or, in an ordinary project, what was pushed. */
import { pipeline } from "node:stream/promises";
import type { App } from "../app.ts";
import type { Artifacts } from "../artifacts.ts";
import type { Exchange } from "../exchange.ts";
import { HarborError } from "../harbor-error.ts";
import type { Project } from "../store.ts";

const API_VERSION = { "Docker-Distribution-Api-Version": "registry/2.0" };

export function serveLocalManifest(
  app: App,
  artifacts: Artifacts,
  exchange: Exchange,
  name: string,
  reference: string,
): void {
  const repository = artifacts.repository(name);
  if (repository === undefined) throw new HarborError(404, `repository ${name} not found`);
  const found = artifacts.find(repository, reference);
  if (found === undefined) {
    throw new HarborError(
      404,
      `artifact ${name}${reference.includes(":") ? "@" : ":"}${reference} not found`,
    );
  }
  const { artifact } = found;
  const content = app.blobs.read(artifact.digest);
  exchange.servedFrom = "cache";
  exchange.response.writeHead(200, {
    ...API_VERSION,
    "Content-Type": artifact.mediaType,
    "Content-Length": String(content.length),
    "Docker-Content-Digest": artifact.digest,
    Etag: `"${artifact.digest}"`,
  });
  exchange.response.end(exchange.method === "HEAD" ? undefined : content);
  if (exchange.method === "GET") artifacts.pulled(repository, found);
}

export function holdsBlob(app: App, project: Project, digest: string): boolean {
  return project.blobs[digest] !== undefined && app.blobs.has(digest);
}

export async function serveLocalBlob(
  app: App,
  project: Project,
  exchange: Exchange,
  digest: string,
): Promise<void> {
  if (!holdsBlob(app, project, digest)) {
    throw new HarborError(404, "blob unknown to registry", { code: "BLOB_UNKNOWN" });
  }
  const size = app.blobs.size(digest);
  const range = rangeOf(exchange.header("range"), size);
  exchange.servedFrom = "cache";
  exchange.response.writeHead(range === undefined ? 200 : 206, {
    ...API_VERSION,
    "Accept-Ranges": "bytes",
    "Cache-Control": "max-age=31536000",
    "Content-Type": "application/octet-stream",
    "Content-Length": String(range === undefined ? size : range.end - range.start + 1),
    ...(range === undefined ? {} : { "Content-Range": `bytes ${range.start}-${range.end}/${size}` }),
    "Docker-Content-Digest": digest,
    Etag: `"${digest}"`,
  });
  if (exchange.method === "HEAD") exchange.response.end();
  else await pipeline(app.blobs.stream(digest, range), exchange.response);
}

function rangeOf(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const [, from = "", to = ""] = /^bytes=(\d+)-(\d*)$/.exec(header ?? "") ?? [];
  if (from === "") return undefined;
  const start = Number(from);
  if (start >= size) throw new HarborError(416, "invalid range", { code: "RANGE_INVALID" });
  return { start, end: to === "" ? size - 1 : Math.min(Number(to), size - 1) };
}
