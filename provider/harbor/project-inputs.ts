/** The inputs of a `Project`, checked by Harbor's own rules without asking it. */
import { z } from "zod";
import { checkInputs, didYouMean } from "../inputs.ts";
import type { CheckResult } from "../resource.ts";
import type { Properties } from "../values.ts";
import type { Feature } from "./harbor-version.ts";

/** 1024 TiB, Harbor's upper limit. */
const MAX_QUOTA = 2 ** 50;

const flag = z.enum(["true", "false"], "must be the text 'true' or 'false'");
const count = z.string().regex(/^(-1|\d+)$/, "must be a number as text, -1 for none");

/** What Harbor 2.15 knows, besides `public` and what it sets itself. It ignores others silently, and checks no value. */
const METADATA = {
  prevent_vul: flag,
  severity: z.enum(
    ["none", "low", "medium", "high", "critical"],
    "must be none, low, medium, high or critical",
  ),
  auto_scan: flag,
  auto_sbom_generation: flag,
  reuse_sys_cve_allowlist: flag,
  enable_content_trust: flag,
  enable_content_trust_cosign: flag,
  proxy_speed_kb: count,
  max_upstream_conn: count,
  proxy_cache_local_on_not_found: flag,
} as const satisfies Record<string, z.ZodType<string>>;

/** What not every supported Harbor has; an older one ignores it silently. */
const SINCE: Readonly<Record<string, string>> = {
  max_upstream_conn: "2.14.1",
  proxy_cache_local_on_not_found: "2.15.1",
};

const METADATA_KEYS = Object.keys(METADATA);

const metadata = z
  .record(z.string(), z.string("must be text, as all of Harbor's metadata"))
  .superRefine((values, context) => {
    for (const [key, value] of Object.entries(values)) {
      const schema = Object.entries(METADATA).find(([name]) => name === key)?.[1];
      const message =
        key === "public"
          ? "is a property of its own: set public: true"
          : key === "retention_id"
            ? "is set by Harbor itself: leave it out"
            : schema === undefined
              ? `Harbor knows no such metadata.${didYouMean(key, METADATA_KEYS)}`
              : schema.safeParse(value).error?.issues[0]?.message;
      if (message !== undefined) context.addIssue({ code: "custom", path: [key], message });
    }
  });

export const projectShape = {
  name: z
    .string()
    .max(255, "must have at most 255 characters")
    .regex(
      /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/,
      "must be lower case letters and digits, with single '.', '_' or '-' between them, such as proxy.docker.io",
    ),
  registryId: z.int().min(1, "must be a registry's number, 1 or greater").optional(),
  public: z.boolean().default(false),
  storageQuota: z
    .int("must be a whole number of bytes, or -1")
    .refine(
      (bytes) => bytes === -1 || (bytes >= 1 && bytes <= MAX_QUOTA),
      "must be -1 (unlimited) or 1 to 1125899906842624 bytes (1024 TiB)",
    )
    .default(-1),
  metadata: metadata.optional(),
  forceDestroy: z.boolean().default(false),
};

const known = z.object(projectShape);
export type ProjectInputs = z.infer<typeof known>;

export function checkProject(news: Properties): CheckResult {
  return checkInputs(projectShape, news);
}

export function parseProjectInputs(inputs: Properties): ProjectInputs {
  return known.parse(inputs);
}

/** What of it an older Harbor lacks. */
export function featuresOf({ metadata = {} }: ProjectInputs): Feature[] {
  return Object.keys(metadata).flatMap((key) => {
    const since = SINCE[key];
    return since === undefined ? [] : [{ name: `metadata.${key}`, since }];
  });
}

/** Is this metadata that a program may set? */
export function isSettable(key: string): boolean {
  return METADATA_KEYS.includes(key);
}
