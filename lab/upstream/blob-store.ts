/** Blobs and manifests on disk, named and checked by their sha256 digest. */
import { createHash, randomUUID } from "node:crypto";
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { rename, rm } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export function isDigest(reference: string): boolean {
  return DIGEST.test(reference);
}

export function digestOf(content: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

/** The bytes are not those that the digest names. */
export class DigestMismatchError extends Error {
  override readonly name = "DigestMismatchError";
}

export class BlobStore {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  }

  has(digest: string): boolean {
    return isDigest(digest) && existsSync(this.#path(digest));
  }

  /** Bytes; throws where the blob is absent. */
  size(digest: string): number {
    return statSync(this.#path(digest)).size;
  }

  /** For small blobs: manifests and image configurations. */
  read(digest: string): Buffer {
    return readFileSync(this.#path(digest));
  }

  /** `start` and `end` are the first and the last byte wanted. */
  stream(digest: string, range?: { readonly start: number; readonly end: number }): Readable {
    return createReadStream(this.#path(digest), range);
  }

  /** Stores a small blob at once and returns its digest. */
  put(content: Uint8Array): string {
    const digest = digestOf(content);
    if (!this.has(digest)) {
      const partial = this.#partial();
      writeFileSync(partial, content, { mode: 0o600 });
      renameSync(partial, this.#path(digest));
    }
    return digest;
  }

  /** Stores what `source` gives once its digest is right, and returns its size. Throws DigestMismatchError. */
  async write(digest: string, source: Readable): Promise<number> {
    const partial = this.#partial();
    const hash = createHash("sha256");
    let size = 0;
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        size += chunk.length;
        done(null, chunk);
      },
    });
    try {
      await pipeline(source, measure, createWriteStream(partial, { mode: 0o600 }));
      const found = `sha256:${hash.digest("hex")}`;
      if (found !== digest) throw new DigestMismatchError(`expected ${digest}, got ${found}`);
      await rename(partial, this.#path(digest));
      return size;
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  }

  #path(digest: string): string {
    if (!isDigest(digest)) throw new DigestMismatchError(`not a sha256 digest: ${digest}`);
    return path.join(this.#dir, digest.replace(":", "-"));
  }

  #partial(): string {
    return path.join(this.#dir, `partial-${randomUUID()}`);
  }
}
