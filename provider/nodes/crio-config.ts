/**
 * What CRI-O and podman would refuse or silently ignore in a registries.conf or a drop-in of it, found without a node.
 * Source: sysregistriesv2 of containers/image. CRI-O logs such an error at a reload and refuses its next start.
 */
import type { TomlTable } from "smol-toml";
import { z } from "zod";
import { didYouMean } from "../inputs.ts";
import { parseToml } from "./toml-statements.ts";
import type { TomlPath } from "./toml-statements.ts";
import { UnusableFile } from "./unusable-file.ts";

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
    "pull-from-mirror": z.literal("", "belongs into a mirror's table").optional(),
  })
  .superRefine((table, context) => {
    const wildcard = table.prefix?.startsWith("*.") ?? false;
    if (!wildcard && (table.location ?? "") === "") {
      context.addIssue({
        code: "custom",
        message: "needs a location; only a prefix such as *.example.com does without",
      });
    }
    if (
      /[*/@:]/.test(wildcard ? (table.prefix?.slice(1) ?? "") : "") ||
      /^.+\*|^\*(?!\.)/.test(table.prefix ?? "")
    ) {
      context.addIssue({
        code: "custom",
        path: ["prefix"],
        message: "a wildcard is only allowed as *.example.com",
      });
    }
    const fine = table.mirror?.some((one) => (one["pull-from-mirror"] ?? "") !== "") ?? false;
    if (fine && table["mirror-by-digest-only"] === true) {
      context.addIssue({
        code: "custom",
        message: "mirror-by-digest-only excludes pull-from-mirror of its mirrors",
      });
    }
  });

const registriesConf = z.strictObject({
  "unqualified-search-registries": z.array(location).optional(),
  "credential-helpers": z.array(z.string()).optional(),
  "additional-layer-store-auth-helper": z.string().optional(),
  "short-name-mode": z.enum(["enforcing", "permissive", "disabled", ""]).optional(),
  aliases: z.record(z.string(), z.string()).optional(),
  registry: z.array(registry).optional(),
});

export interface ConfProblem {
  readonly path: TomlPath;
  readonly message: string;
  /** The runtime refuses the file; otherwise it ignores what stands there. */
  readonly breaks: boolean;
}

/** What is wrong with a drop-in, one sentence each; empty when CRI-O would take it as it is meant. */
export function dropInProblems(content: string): string[] {
  try {
    return registriesConfProblems(parseToml(content)).map(
      ({ path, message }) => `${path.join(".")}${path.length > 0 ? ": " : ""}${message}`,
    );
  } catch (error) {
    if (error instanceof UnusableFile) return [error.message];
    throw error;
  }
}

/** The same for any registries.conf; of version 2, which is the only one of drop-ins. */
export function registriesConfProblems(document: TomlTable): ConfProblem[] {
  if ("registries" in document) {
    const message = "is in version 1 format ([registries.…]), which drop-ins can't be";
    return [{ path: [], message, breaks: true }];
  }
  const parsed = registriesConf.safeParse(document);
  if (parsed.success) return conflicts(parsed.data.registry ?? []);
  return parsed.error.issues.flatMap((issue): ConfProblem[] => {
    const path = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
    if (issue.code !== "unrecognized_keys") return [{ path, message: issue.message, breaks: true }];
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: `is no key that the runtime knows; it ignores it silently.${didYouMean(key, knownKeys(path))}`,
      breaks: false,
    }));
  });
}

function knownKeys(path: TomlPath): string[] {
  const shape = [registriesConf, registry, mirror][Math.min(path.length / 2, 2)]?.shape ?? {};
  return Object.keys(shape).filter((key) => path.length !== 2 || key !== "pull-from-mirror");
}

type Registry = z.infer<typeof registry>;

/** One location in one file must have the same flags wherever it is named; a wildcard without one counts by its prefix. */
function conflicts(registries: readonly Registry[]): ConfProblem[] {
  const first = new Map<string, Registry>();
  const prefixes = new Set<string>();
  return registries.flatMap((table, index): ConfProblem[] => {
    const problems: ConfProblem[] = [];
    const path = ["registry", index];
    const place = bare(table.location ?? "") || bare(table.prefix ?? "");
    const prefix = bare(table.prefix ?? "") || place;
    if (prefixes.has(prefix)) {
      const message = `is a second table for ${prefix}; the runtime uses the first`;
      problems.push({ path, message, breaks: false });
    }
    prefixes.add(prefix);
    const other = first.get(place) ?? table;
    first.set(place, other);
    for (const flag of ["insecure", "blocked"] as const) {
      if ((table[flag] ?? false) !== (other[flag] ?? false)) {
        problems.push({ path, message: `names the location ${place} with differing ${flag}`, breaks: true });
      }
    }
    return problems;
  });
}

/** As the runtime compares them. */
export function bare(place: string): string {
  return place.replace(/\/+$/, "");
}
