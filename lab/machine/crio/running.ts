/** What the stand-in for CRI-O has in memory and storage: registries as read at the last reload, and images. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { z } from "zod";

import type { Registry } from "./registries-conf.ts";

const place = { location: z.string(), insecure: z.boolean() };
const registries = z.array(
  z.object({
    ...place,
    prefix: z.string(),
    blocked: z.boolean(),
    mirrors: z.array(z.object({ ...place, use: z.enum(["all", "digest-only", "tag-only"]) })),
  }),
);
const images = z.record(
  z.string(),
  z.object({ from: z.string(), digest: z.string(), size: z.number(), layers: z.array(z.string()) }),
);

/** By the reference that they were pulled by. */
export type Images = z.infer<typeof images>;

/** None before the first reload: a node of the lab starts without mirrors. */
export function keptRegistries(machine: string): Registry[] {
  return registries.parse(read(registriesFile(machine)) ?? []);
}

export function keepRegistries(machine: string, all: readonly Registry[]): void {
  write(registriesFile(machine), all);
}

export function keptImages(machine: string): Images {
  return images.parse(read(imagesFile(machine)) ?? {});
}

export function keepImages(machine: string, all: Images): void {
  write(imagesFile(machine), all);
}

const registriesFile = (machine: string): string => join(machine, "run/crio-registries.json");
const imagesFile = (machine: string): string => join(machine, "storage/images.json");

function read(file: string): unknown {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

function write(file: string, content: unknown): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(content, null, 2));
}
