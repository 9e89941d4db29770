/** Answers from the upstream of a proxy-cache project, or from the cache where that is as good. */
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { digestOf, isDigest } from "../../upstream/blob-store.ts";
import type { App } from "../app.ts";
import { Artifacts } from "../artifacts.ts";
import type { Exchange } from "../exchange.ts";
import { HarborError, internalError } from "../harbor-error.ts";
import type { Project } from "../store.ts";
import type { PulledManifest, Target } from "./caching.ts";
import { Caching } from "./caching.ts";
import { holdsBlob, serveLocalBlob, serveLocalManifest } from "./serve-local.ts";
import { UpstreamStatusError, upstreamOf } from "./upstream.ts";

export class Proxy {
  readonly caching: Caching;
  readonly #app: App;
  readonly #artifacts: Artifacts;

  constructor(app: App) {
    this.#app = app;
    this.#artifacts = new Artifacts(app);
    this.caching = new Caching(app);
  }

  /** A tag is always looked up at the upstream; a cached digest is served without asking. */
  async manifest(exchange: Exchange, project: Project, repository: string, reference: string): Promise<void> {
    const local = (): void => {
      serveLocalManifest(this.#app, this.#artifacts, exchange, repository, reference);
    };
    const upstream = upstreamOf(this.#app, project, repository);
    const cached = this.#digestOfCached(repository, reference);
    if (upstream === undefined || (isDigest(reference) && cached !== undefined)) {
      local();
      return;
    }
    const target = { project, repository, upstream };
    let found;
    try {
      found = await upstream.head(reference);
    } catch {
      local();
      return;
    }
    if (found === undefined) {
      if (cached !== undefined && project.metadata["proxy_cache_local_on_not_found"] === "true") {
        local();
        return;
      }
      const tag = isDigest(reference) ? "" : reference;
      throw new HarborError(404, `resource not found: repo ${repository}, tag ${tag} not found`);
    }
    const index = this.caching.indexes.get(`${repository} ${found.digest}`);
    if (index !== undefined) this.#sendKnown(exchange, index);
    else if (cached === found.digest) local();
    else if (exchange.method === "HEAD") {
      if (!isDigest(reference)) this.caching.tag(target, reference, found.digest);
      exchange.servedFrom = "upstream";
      exchange.response.writeHead(200, headersOf(found.mediaType, found.size, found.digest)).end();
    } else await this.#get(exchange, target, reference, local);
  }

  async blob(exchange: Exchange, project: Project, repository: string, digest: string): Promise<void> {
    const upstream = upstreamOf(this.#app, project, repository);
    if (upstream === undefined || exchange.method === "HEAD" || holdsBlob(this.#app, project, digest)) {
      await serveLocalBlob(this.#app, project, exchange, digest);
      return;
    }
    let answer;
    try {
      answer = await upstream.blob(digest);
    } catch (error) {
      if (error instanceof UpstreamStatusError && error.status === 404)
        throw new HarborError(404, error.message);
      throw internalError();
    }
    const chunks = chunksOf(answer.body);
    const first = await chunks.next();
    const start = first.done === true ? Buffer.alloc(0) : first.value;
    const length = answer.headers["content-length"];
    exchange.servedFrom = "upstream";
    exchange.response.writeHead(200, {
      "Content-Type": sniff(start),
      ...(length === undefined ? {} : { "Content-Length": length }),
    });
    const whole = async function* () {
      yield start;
      yield* chunks;
    };
    this.caching.blob({ project, repository, upstream }, digest);
    await pipeline(whole, exchange.response);
  }

  /** The upstream's tags and the cached ones; only those while the upstream doesn't answer. */
  async tags(project: Project, repository: string): Promise<string[]> {
    const known = this.#artifacts.repository(repository);
    const cached = known === undefined ? [] : this.#artifacts.tagsOf(known);
    const theirs = await upstreamOf(this.#app, project, repository)
      ?.tags()
      .catch(() => []);
    return [...new Set([...cached, ...(theirs ?? [])])].sort();
  }

  async #get(exchange: Exchange, target: Target, reference: string, local: () => void): Promise<void> {
    let pulled;
    try {
      pulled = await target.upstream.manifest(reference);
    } catch {
      local();
      return;
    }
    const { content, mediaType } = pulled;
    const digest = digestOf(content);
    if (isDigest(reference) && reference !== digest) throw internalError();
    // By tag, Harbor doesn't say which digest this is.
    const said = isDigest(reference) ? digest : "";
    exchange.servedFrom = "upstream";
    exchange.response.writeHead(200, headersOf(mediaType, String(content.length), said)).end(content);
    this.caching.manifest(target, { content, mediaType, digest }, reference);
  }

  #sendKnown(exchange: Exchange, { content, mediaType, digest }: PulledManifest): void {
    exchange.servedFrom = "cache";
    exchange.response.writeHead(200, headersOf(mediaType, String(content.length), digest));
    exchange.response.end(exchange.method === "HEAD" ? undefined : content);
  }

  #digestOfCached(name: string, reference: string): string | undefined {
    const repository = this.#artifacts.repository(name);
    return repository && this.#artifacts.find(repository, reference)?.artifact.digest;
  }
}

function headersOf(mediaType: string, length: string, digest: string): Record<string, string> {
  return {
    "Content-Type": mediaType,
    "Content-Length": length,
    "Docker-Content-Digest": digest,
    Etag: digest,
  };
}

async function* chunksOf(body: Readable): AsyncGenerator<Buffer, undefined> {
  for await (const chunk of body) if (chunk instanceof Buffer) yield chunk;
}

/** Go guesses the type of a body that is sent without one. */
function sniff(start: Buffer): string {
  if (start[0] === 0x1f && start[1] === 0x8b) return "application/x-gzip";
  const text = start.subarray(0, 512);
  const binary = text.some((byte) => byte < 0x20 && ![0x09, 0x0a, 0x0c, 0x0d, 0x1b].includes(byte));
  return binary ? "application/octet-stream" : "text/plain; charset=utf-8";
}
