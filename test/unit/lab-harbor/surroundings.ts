/** What stood around the recorded Harbor: its upstream registries and two servers that are none. */
import { mkdtempSync, rmSync } from "node:fs";
import type { RequestListener, Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Schedule } from "../../../lab/harbor/app.ts";
import { INDEX_TYPE, MANIFEST_TYPE, pushBlob, pushManifest } from "../../../lab/upstream/image.ts";
import type { Upstream } from "../../../lab/upstream/server.ts";
import { startUpstream } from "../../../lab/upstream/server.ts";
import { readRecordedUpstream } from "./recording.ts";

/** Background jobs run when the test says so, in the order of their time. */
export class ManualSchedule {
  #now = 0;
  #jobs: { readonly at: number; readonly run: () => Promise<void> }[] = [];

  readonly schedule: Schedule = (run, delayMs) => {
    const job = { at: this.#now + delayMs, run };
    this.#jobs.push(job);
    return () => {
      this.#jobs = this.#jobs.filter((one) => one !== job);
    };
  };

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const [next] = this.#jobs.filter(({ at }) => at <= end).toSorted((left, right) => left.at - right.at);
      if (next === undefined) break;
      this.#jobs = this.#jobs.filter((job) => job !== next);
      this.#now = next.at;
      await next.run();
    }
    this.#now = end;
  }
}

const content = readRecordedUpstream();

export class Surroundings {
  readonly #dir = mkdtempSync(path.join(tmpdir(), "lab-harbor-"));
  readonly #servers: Server[] = [];
  #upstream: Upstream | undefined;
  #withAuth: Upstream | undefined;
  #port = 0;
  /** Recorded address to the one that it is here. */
  readonly addresses = new Map<string, string>();

  static async start(): Promise<Surroundings> {
    const made = new Surroundings();
    await made.startUpstream();
    const endpoint = { url: made.#upstream?.url ?? "" };
    for (const [name, tags] of Object.entries(content.repositories)) {
      await made.#push(endpoint, name);
      for (const [tag, digest] of Object.entries(tags)) await made.putTag(name, tag, digest);
    }
    made.#withAuth = await startUpstream({
      auth: { username: "puller", password: "pullerpw", scheme: "basic" },
    });
    made.addresses.set("127.0.0.1:15002", new URL(made.#withAuth.url).host);
    // The portal answers 200 to everything.
    await made.#serve("127.0.0.1:18083", (_request, response) => response.end());
    await made.#serve("127.0.0.1:15556", (request, response) => {
      if (request.url !== "/dex/.well-known/openid-configuration") {
        response.writeHead(404).end();
        return;
      }
      const issuer = `http://${request.headers.host ?? ""}/dex`;
      response.end(JSON.stringify({ issuer, authorization_endpoint: `${issuer}/auth` }));
    });
    return made;
  }

  async #serve(recorded: string, answer: RequestListener): Promise<void> {
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.addresses.set(recorded, `127.0.0.1:${(server.address() as AddressInfo).port}`);
    this.#servers.push(server);
  }

  get dataDir(): string {
    return path.join(this.#dir, "harbor");
  }

  async startUpstream(): Promise<void> {
    if (this.#upstream !== undefined) return;
    this.#upstream = await startUpstream({ port: this.#port, dataDir: path.join(this.#dir, "upstream") });
    this.#port = this.#upstream.port;
    this.addresses.set("127.0.0.1:15001", `127.0.0.1:${this.#port}`);
  }

  async stopUpstream(): Promise<void> {
    await this.#upstream?.close();
    this.#upstream = undefined;
  }

  async putTag(name: string, tag: string, digest: string): Promise<void> {
    await pushManifest({ url: this.#upstream?.url ?? "" }, name, tag, manifestOf(digest));
  }

  async close(): Promise<void> {
    await this.stopUpstream();
    await this.#withAuth?.close();
    for (const server of this.#servers) server.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #push(endpoint: { url: string }, name: string): Promise<void> {
    for (const [digest, base64] of Object.entries(content.blobs)) {
      if (content.manifests[digest] === undefined) {
        await pushBlob(endpoint, name, { digest, content: Buffer.from(base64, "base64") });
      } else await pushManifest(endpoint, name, digest, manifestOf(digest));
    }
  }
}

export function blobOf(digest: string): Buffer {
  return Buffer.from(content.blobs[digest] ?? "", "base64");
}

export function manifestOf(digest: string): { mediaType: string; content: Buffer } {
  return {
    mediaType: content.manifests[digest] === "oci-index" ? INDEX_TYPE : MANIFEST_TYPE,
    content: blobOf(digest),
  };
}

/** The manifest that a tag of the recorded upstream names. */
export function taggedDigest(name: string, tag: string): string {
  return content.repositories[name]?.[tag] ?? "";
}
