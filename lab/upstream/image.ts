/** Makes a small multi-arch image and pushes it over the registry protocol. */
import { gzipSync } from "node:zlib";
import { digestOf } from "./blob-store.ts";
import { readAll } from "./http-client.ts";
import type { Endpoint } from "./registry-client.ts";
import { ask } from "./registry-client.ts";
import { tar } from "./tar.ts";

export interface Blob {
  readonly digest: string;
  readonly content: Buffer;
}

export interface Manifest extends Blob {
  readonly mediaType: string;
}

export interface Image {
  readonly index: Manifest;
  /** One per architecture, in the index's order. */
  readonly manifests: readonly Manifest[];
  readonly blobs: readonly Blob[];
}

export const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";
export const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip";

/** An OCI image for linux/amd64 and linux/arm64; each holds `/hello.txt` with `text` and its architecture. */
export function makeImage(text: string): Image {
  const blobs: Blob[] = [];
  const keep = (content: Buffer): Blob => {
    const made = { digest: digestOf(content), content };
    blobs.push(made);
    return made;
  };
  const architectures = ["amd64", "arm64"];
  const manifests = architectures.map((architecture) => {
    const archive = tar([{ name: "hello.txt", content: `${text} ${architecture}\n` }]);
    const layer = keep(gzipSync(archive, { level: 9 }));
    const config = keep(
      json({
        architecture,
        os: "linux",
        created: "2026-01-01T00:00:00Z",
        config: { Env: ["PATH=/bin"], Cmd: ["/hello"] },
        rootfs: { type: "layers", diff_ids: [digestOf(archive)] },
        history: [{ created: "2026-01-01T00:00:00Z", created_by: "lab" }],
      }),
    );
    return manifest(MANIFEST_TYPE, {
      config: { mediaType: CONFIG_TYPE, digest: config.digest, size: config.content.length },
      layers: [{ mediaType: LAYER_TYPE, digest: layer.digest, size: layer.content.length }],
    });
  });
  const index = manifest(INDEX_TYPE, {
    manifests: manifests.map(({ digest, content }, position) => ({
      mediaType: MANIFEST_TYPE,
      digest,
      size: content.length,
      platform: { architecture: architectures[position], os: "linux" },
    })),
  });
  return { index, manifests, blobs };
}

/** Pushes blobs, then manifests, then the index as `tag`. Works with any registry that takes monolithic uploads. */
export async function pushImage(
  registry: Endpoint | string,
  name: string,
  tag: string,
  image: Image,
): Promise<void> {
  const endpoint = typeof registry === "string" ? { url: registry } : registry;
  for (const blob of image.blobs) await pushBlob(endpoint, name, blob);
  for (const one of image.manifests) await pushManifest(endpoint, name, one.digest, one);
  await pushManifest(endpoint, name, tag, image.index);
}

export async function pushBlob(endpoint: Endpoint, name: string, blob: Blob): Promise<void> {
  const opened = await ask(endpoint, `/v2/${name}/blobs/uploads/`, { method: "POST" });
  await expectStatus(opened, 202, `open an upload to ${name}`);
  const location = new URL(opened.headers.location ?? "", opened.url);
  location.searchParams.set("digest", blob.digest);
  const path = `${location.pathname}${location.search}`;
  const stored = await ask({ ...endpoint, url: location.origin }, path, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    body: blob.content,
  });
  await expectStatus(stored, 201, `upload ${blob.digest} to ${name}`);
}

export async function pushManifest(
  endpoint: Endpoint,
  name: string,
  reference: string,
  { mediaType, content }: Pick<Manifest, "mediaType" | "content">,
): Promise<void> {
  const stored = await ask(endpoint, `/v2/${name}/manifests/${reference}`, {
    method: "PUT",
    headers: { "content-type": mediaType },
    body: content,
  });
  await expectStatus(stored, 201, `put ${name}:${reference}`);
}

async function expectStatus(
  answer: Awaited<ReturnType<typeof ask>>,
  status: number,
  what: string,
): Promise<void> {
  const text = (await readAll(answer.body)).toString();
  if (answer.status !== status) throw new Error(`cannot ${what}: ${answer.status} ${text.trim()}`);
}

function manifest(mediaType: string, content: object): Manifest {
  const bytes = json({ schemaVersion: 2, mediaType, ...content });
  return { mediaType, digest: digestOf(bytes), content: bytes };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
