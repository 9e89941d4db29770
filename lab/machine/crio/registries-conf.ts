/** registries.conf and its drop-ins, read and refused as CRI-O's containers-image does it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "smol-toml";
import { z } from "zod";

const location = z.string().refine((text) => !text.includes("://"), "must not hold a scheme");

const mirror = z.object({
  location: location.min(1, "a mirror needs a location"),
  insecure: z.boolean().default(false),
  "pull-from-mirror": z.enum(["all", "digest-only", "tag-only", ""]).default("all"),
});

const registry = z
  .object({
    prefix: location.default(""),
    location: location.default(""),
    insecure: z.boolean().default(false),
    blocked: z.boolean().default(false),
    "pull-from-mirror": z.undefined("is known for mirrors only").optional(),
    mirror: z.array(mirror).default([]),
  })
  .refine(({ prefix, location: at }) => prefix !== "" || at !== "", "needs a prefix or a location")
  .refine(({ prefix, location: at }) => at !== "" || prefix.startsWith("*."), "needs a location");

/** Unknown keys are ignored, as by the real one. */
const file = z.object({
  registry: z.array(registry).default([]),
  "unqualified-search-registries": z.array(z.string()).optional(),
  registries: z.undefined("is the old format, which can't be mixed with the new one").optional(),
});

export interface Location {
  /** `host[:port][/path]`, without scheme. */
  readonly location: string;
  readonly insecure: boolean;
}

export interface Registry extends Location {
  readonly prefix: string;
  readonly blocked: boolean;
  readonly mirrors: readonly (Location & { readonly use: "all" | "digest-only" | "tag-only" })[];
}

/** Everything below `/etc/containers`, as `folder`. Throws with the file's name for what the runtime would refuse. */
export function loadRegistries(folder: string): Registry[] {
  const main = join(folder, "registries.conf");
  const dropIns = join(folder, "registries.conf.d");
  const files = [
    ...(existsSync(main) ? [main] : []),
    ...(existsSync(dropIns) ? readdirSync(dropIns) : [])
      .filter((name) => name.endsWith(".conf"))
      .sort()
      .map((name) => join(dropIns, name)),
  ];
  const byPrefix = new Map<string, Registry>();
  // The whole table of a prefix is replaced by a later file; in one file the first one wins.
  for (const path of files) for (const one of readRegistries(path).reverse()) byPrefix.set(one.prefix, one);
  return [...byPrefix.values()];
}

function readRegistries(path: string): Registry[] {
  let toml: unknown;
  try {
    toml = parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const parsed = file.safeParse(toml);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${path}: ${issue?.path.map(String).join(".") ?? ""} ${issue?.message ?? ""}`);
  }
  const seen = new Map<string, string>();
  return parsed.data.registry.map((one) => {
    const flags = `${one.insecure} ${one.blocked}`;
    if ((seen.get(one.location) ?? flags) !== flags) {
      throw new Error(
        `${path}: registry '${one.location}' is defined multiple times with conflicting settings`,
      );
    }
    seen.set(one.location, flags);
    const mirrors = one.mirror.map(({ "pull-from-mirror": use, ...rest }) => ({
      ...rest,
      use: use === "" ? ("all" as const) : use,
    }));
    const { insecure, blocked } = one;
    return { prefix: one.prefix || one.location, location: one.location, insecure, blocked, mirrors };
  });
}
