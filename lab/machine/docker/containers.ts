/** The containers of one compose project on a machine of the lab, kept in a file between calls. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { z } from "zod";

import { backgroundProcess } from "../../background.ts";
import type { Service } from "./compose-file.ts";

const container = z.object({
  image: z.string(),
  /** Of everything that the container was made from. */
  hash: z.string(),
  running: z.boolean(),
});

const harborProcess = backgroundProcess.extend({ dataDir: z.string() });

const state = z.object({
  containers: z.record(z.string(), container).default({}),
  /** The Harbor stand-in that serves for all of them. */
  harbor: harborProcess.optional(),
  /** The stand-in for Traefik, and the hash of the container that it is. */
  edge: backgroundProcess.extend({ hash: z.string() }).optional(),
});

export type Container = z.infer<typeof container>;
export type HarborProcess = z.infer<typeof harborProcess>;
export type ProjectState = z.infer<typeof state>;

/** Below the machine's own directory. */
export class ContainerStore {
  readonly #file: string;
  /** What the containers say on stdout. */
  readonly log: string;

  constructor(machine: string, project: string) {
    this.#file = join(machine, "docker", `${project}.json`);
    this.log = join(machine, "docker", `${project}.log`);
    mkdirSync(dirname(this.#file), { recursive: true });
  }

  load(): ProjectState {
    return state.parse(existsSync(this.#file) ? JSON.parse(readFileSync(this.#file, "utf8")) : {});
  }

  save(project: ProjectState): void {
    writeFileSync(this.#file, JSON.stringify(project));
  }

  remove(): void {
    rmSync(this.#file, { force: true });
  }
}

/** Changes when the container has to be made anew: with its part of the files and with its env files' content. */
export function configHash(service: Service, directory: string): string {
  const environment = [service.env_file].flat().map((file) => readFileSync(resolve(directory, file), "utf8"));
  return createHash("sha256")
    .update(JSON.stringify([service, environment]))
    .digest("hex");
}
