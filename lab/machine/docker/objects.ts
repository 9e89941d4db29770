/**
 * What the stand-in for Docker's engine keeps besides containers: networks, volumes and images, in one file below the
 * machine's own directory. Several processes change it at once: `docker compose`, and one `docker system dial-stdio`
 * per connection of the Engine API.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { DockerError } from "./docker-error.ts";

const texts = z.record(z.string(), z.string());

const network = z.object({
  Id: z.string(),
  Name: z.string(),
  /** RFC 3339. */
  Created: z.string(),
  Scope: z.string().default("local"),
  Driver: z.string().default("bridge"),
  EnableIPv6: z.boolean().default(false),
  Internal: z.boolean().default(false),
  Attachable: z.boolean().default(false),
  Ingress: z.boolean().default(false),
  IPAM: z.object({
    Driver: z.string(),
    Options: texts.nullable(),
    Config: z.array(z.record(z.string(), z.unknown())),
  }),
  Options: texts.default({}),
  Labels: texts.default({}),
  /** Names of containers on it; it can't be deleted while there are any. */
  containers: z.array(z.string()).default([]),
});

const volume = z.object({
  Name: z.string(),
  Driver: z.string().default("local"),
  Mountpoint: z.string(),
  CreatedAt: z.string(),
  Scope: z.string().default("local"),
  Options: texts.nullable().default(null),
  Labels: texts.nullable().default(null),
  /** Names of containers that have it mounted; it can't be deleted while there are any. */
  containers: z.array(z.string()).default([]),
});

const image = z.object({
  /** `sha256:…` of the image's configuration. */
  Id: z.string(),
  /** Familiar form, as Docker shows them: `traefik:v3.7.10`. */
  RepoTags: z.array(z.string()),
  /** Familiar form: `traefik@sha256:…`. */
  RepoDigests: z.array(z.string()),
});

const objects = z.object({
  networks: z.record(z.string(), network).default({}),
  volumes: z.record(z.string(), volume).default({}),
  images: z.record(z.string(), image).default({}),
});

export type Network = z.infer<typeof network>;
export type Volume = z.infer<typeof volume>;
export type Image = z.infer<typeof image>;
/** Networks and volumes by name, images by id. */
export type Objects = z.infer<typeof objects>;

const LOCKED_MS = 10_000;
const POLL_MS = 5;

export class ObjectStore {
  readonly #folder: string;

  /** `machine` is the machine's own directory. */
  constructor(machine: string) {
    this.#folder = join(machine, "docker-engine");
  }

  read(): Objects {
    return objects.parse(existsSync(this.#file) ? JSON.parse(readFileSync(this.#file, "utf8")) : {});
  }

  /** Reads, lets `work` change what was read, and keeps it unless that throws; one process at a time. */
  change<T>(work: (kept: Objects) => T): T {
    mkdirSync(this.#folder, { recursive: true });
    this.#lock();
    try {
      const kept = this.read();
      const result = work(kept);
      const written = `${this.#file}.new`;
      writeFileSync(written, JSON.stringify(kept));
      renameSync(written, this.#file);
      return result;
    } finally {
      rmSync(this.#lockFile);
    }
  }

  /** Where the data of a volume without a device of its own lie. */
  mountpoint(name: string): string {
    return join(this.#folder, "volumes", name, "_data");
  }

  get #file(): string {
    return join(this.#folder, "objects.json");
  }

  get #lockFile(): string {
    return join(this.#folder, "lock");
  }

  #lock(): void {
    const end = Date.now() + LOCKED_MS;
    for (;;) {
      try {
        writeFileSync(this.#lockFile, String(process.pid), { flag: "wx" });
        return;
      } catch {
        if (!holderLives(this.#lockFile)) rmSync(this.#lockFile, { force: true });
        else if (Date.now() > end) throw new DockerError(`stand-in: ${this.#lockFile} stays locked`);
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
    }
  }
}

/** A process that was killed leaves its lock behind. */
function holderLives(lockFile: string): boolean {
  try {
    const pid = Number(readFileSync(lockFile, "utf8"));
    // Made, and not yet written.
    if (pid === 0) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // No such process; any other error is of a lock that was just given back, or of another user's process.
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
