/**
 * What CRI-O would refuse or silently ignore in a drop-in of `registries.conf.d`, found without a node.
 * Source: sysregistriesv2 of containers/image. CRI-O logs such an error at a reload and refuses its next start.
 */
import { parse, TomlError } from "smol-toml";
import { z } from "zod";

const location = z
  .string()
  .refine((value) => !/^https?:\/\//.test(value), "must be without a scheme such as https://");
const pullFromMirror = z.enum(["all", "digest-only", "tag-only", ""]);

const endpoint = {
  location: location.optional(),
  insecure: z.boolean().optional(),
};

const mirror = z.strictObject({
  ...endpoint,
  location: location.refine((value) => value !== "", "a mirror needs a location"),
  "pull-from-mirror": pullFromMirror.optional(),
});

const registry = z
  .strictObject({
    ...endpoint,
    prefix: location.optional(),
    blocked: z.boolean().optional(),
    mirror: z.array(mirror).optional(),
    "mirror-by-digest-only": z.boolean().optional(),
  })
  .superRefine((table, context) => {
    const wildcard = table.prefix?.startsWith("*.") ?? false;
    if (!wildcard && (table.location ?? "") === "") {
      context.addIssue({
        code: "custom",
        message: "needs a location; only a prefix such as *.example.com does without",
      });
    }
    if (table.prefix?.includes("*", wildcard ? 1 : 0) ?? false) {
      context.addIssue({
        code: "custom",
        path: ["prefix"],
        message: "a wildcard is only allowed as *.example.com",
      });
    }
    const fine = table.mirror?.some((one) => one["pull-from-mirror"] !== undefined) ?? false;
    if (fine && table["mirror-by-digest-only"] === true) {
      context.addIssue({
        code: "custom",
        message: "mirror-by-digest-only excludes pull-from-mirror of its mirrors",
      });
    }
  });

const dropIn = z.strictObject({
  "unqualified-search-registries": z.array(z.string()).optional(),
  "credential-helpers": z.array(z.string()).optional(),
  "additional-layer-store-auth-helper": z.string().optional(),
  "short-name-mode": z.enum(["enforcing", "permissive", "disabled"]).optional(),
  aliases: z.record(z.string(), z.string()).optional(),
  registry: z.array(registry).optional(),
});

/** What is wrong with a drop-in, one sentence each; empty when CRI-O would take it as it is meant. */
export function dropInProblems(content: string): string[] {
  let document;
  try {
    document = parse(content);
  } catch (error) {
    if (error instanceof TomlError)
      return [`is no TOML: ${error.message.split("\n")[0] ?? ""} (line ${error.line})`];
    throw error;
  }
  if ("registries" in document) return ["is in version 1 format ([registries.…]), which drop-ins can't be"];
  const parsed = dropIn.safeParse(document);
  if (parsed.success) return conflicts(parsed.data.registry ?? []);
  return parsed.error.issues.map((issue) => {
    const ignored = issue.code === "unrecognized_keys" ? "; the runtime would ignore it silently" : "";
    return `${issue.path.join(".")}${issue.path.length > 0 ? ": " : ""}${issue.message}${ignored}`;
  });
}

/** One location in one file must have the same flags wherever it is named. */
function conflicts(registries: readonly z.infer<typeof registry>[]): string[] {
  const problems: string[] = [];
  const first = new Map<string, z.infer<typeof registry>>();
  const prefixes = new Set<string>();
  for (const table of registries) {
    const place = table.location ?? "";
    const prefix = table.prefix ?? place;
    if (prefixes.has(prefix)) problems.push(`has two tables for ${prefix}; the runtime would use the first`);
    prefixes.add(prefix);
    const other = first.get(place) ?? table;
    first.set(place, other);
    for (const flag of ["insecure", "blocked"] as const) {
      if ((table[flag] ?? false) !== (other[flag] ?? false)) {
        problems.push(`names the location ${place} with differing ${flag}`);
      }
    }
  }
  return problems;
}
