/** What a registry client asks of one source: manifests and blobs, each verified by its digest. */
import { createHash } from "node:crypto";

import { z } from "zod";

import { readAll } from "../upstream/http-client.ts";
import { ask, MANIFEST_TYPES } from "../upstream/registry-client.ts";
import type { Source } from "./sources.ts";

const descriptor = z.object({ digest: z.string(), size: z.number() });
const platform = z.object({ architecture: z.string(), os: z.string() }).optional();
export const imageIndex = z.object({ manifests: z.array(descriptor.extend({ platform })) });
export const imageManifest = z.object({ config: descriptor, layers: z.array(descriptor) });

/** A manifest or an index by tag or digest; a digest is verified. */
export async function fetchManifest(source: Source, reference: string): Promise<Buffer> {
  const bytes = await fetchPart(source, `manifests/${reference}`);
  if (reference.startsWith("sha256:")) verify(bytes, reference);
  return bytes;
}

/** A configuration or a layer, verified. */
export async function fetchBlob(source: Source, digest: string): Promise<Buffer> {
  const bytes = await fetchPart(source, `blobs/${digest}`);
  verify(bytes, digest);
  return bytes;
}

/** The digest that a tag stands for, asked by HEAD as containerd does. */
export async function headTag(source: Source, tag: string): Promise<string> {
  const answer = await request(source, `manifests/${tag}`, "HEAD");
  answer.body.resume();
  const digest = answer.headers["docker-content-digest"];
  if (answer.status !== 200 || typeof digest !== "string")
    throw new Error(`HEAD of ${source.repository}:${tag} answered ${answer.status}`);
  return digest;
}

async function fetchPart(source: Source, part: string): Promise<Buffer> {
  const answer = await request(source, part, "GET");
  const bytes = await readAll(answer.body);
  if (answer.status !== 200) throw new Error(`${part} answered ${answer.status}`);
  return bytes;
}

function request(source: Source, part: string, method: string) {
  const slash = source.repository.indexOf("/");
  const host = source.repository.slice(0, slash);
  // The lab's registries speak plain HTTP wherever they are marked insecure.
  const url = `${source.insecure ? "http" : "https"}://${host}`;
  const path = `/v2/${source.repository.slice(slash + 1)}/${part}`;
  const trust = source.ca === undefined ? {} : { ca: source.ca };
  return ask({ url, timeoutMs: 5000, ...trust }, path, { method, headers: { accept: MANIFEST_TYPES } });
}

function verify(bytes: Buffer, digest: string): void {
  if (digestOf(bytes) !== digest) throw new Error(`expected ${digest} but got ${digestOf(bytes)}`);
}

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
