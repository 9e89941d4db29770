/** From Pulumi's configuration to settings: everything is checked before any resource exists. */
import * as pulumi from "@pulumi/pulumi";
import { distance } from "fastest-levenshtein";
import * as z from "zod";
import { clusterProblem } from "./cluster.ts";
import { findConflicts, type Parts } from "./conflicts.ts";
import { readPools } from "./nodes.ts";
import { Reader, SettingsError, type Path } from "./problems.ts";
import { readRegistries } from "./registries.ts";
import { isSecretField } from "./schema/secret.ts";
import { unknownKey } from "./schema/value.ts";
import type { Settings } from "./settings.ts";
import { topLevel, type TopLevel } from "./top-level.ts";

export { SettingsError };

const names = [...Object.keys(topLevel), "registries", "nodes"];

/**
 * The settings of the stack that runs.
 * @throws SettingsError with everything that is wrong.
 */
export function loadSettings(): Settings {
  // Not by pulumi.Config: it warns of each read of a key with secrets, and can't tell which those are.
  const secretKeys = z.array(z.string()).parse(JSON.parse(process.env["PULUMI_CONFIG_SECRET_KEYS"] ?? "[]"));
  const settings = parseSettings(pulumi.runtime.allConfig(), new Set(secretKeys), pulumi.getProject());
  const problem = clusterProblem(settings.login);
  if (problem === undefined) return settings;
  if (!pulumi.runtime.isDryRun()) throw new SettingsError([problem]);
  // Where a pull request is previewed there may be no way to the cluster, and none is needed.
  void pulumi.log.warn(
    `${problem.path} ${problem.message}. A preview goes on with what the state knows of it; an up doesn't.`,
  );
  return settings;
}

/**
 * Settings from the engine's raw form: full keys (`harbor-cache:nodes`) to plain text, structured values as JSON.
 * `secretKeys` are the full keys of values that are secrets or hold some.
 * @throws SettingsError with everything that is wrong.
 */
export function parseSettings(
  raw: Readonly<Record<string, string>>,
  secretKeys: ReadonlySet<string>,
  project = "harbor-cache",
): Settings {
  const reader = new Reader(project, secretKeys);
  checkNamespaces(reader, Object.keys(raw), project);
  const values = Object.fromEntries(
    Object.entries(raw)
      .filter(([key]) => key.startsWith(`${project}:`))
      .map(([key, value]) => [key.slice(project.length + 1), value]),
  );
  for (const key of Object.keys(values)) {
    if (!names.includes(key)) reader.problem([key], unknownKey(key, names));
  }
  const structured = (key: string, absent: unknown): unknown => {
    const text = Object.hasOwn(values, key) ? values[key] : undefined;
    const value = text === undefined ? absent : fromJson(text);
    findClearSecrets(reader, value, [key]);
    return value;
  };
  // Each value is its own schema's, which TypeScript can't follow through the entries.
  const plain = Object.fromEntries(
    Object.entries(topLevel).map(([key, { schema, absent }]) => [
      key,
      // A name of digits only would arrive as a number.
      reader.read<z.ZodType>(schema, key === "hostname" ? values[key] : structured(key, absent), [key]),
    ]),
  ) as Partial<TopLevel>;
  const parts: Parts = {
    ...plain,
    registries: readRegistries(reader, structured("registries", undefined)),
    ...readPools(reader, structured("nodes", {})),
  };
  findConflicts(reader, parts);
  if (reader.problems.length > 0) throw new SettingsError(reader.problems);
  return {
    // Without a problem all of it was read.
    ...(plain as TopLevel),
    registries: parts.registries.map(({ value }) => ({
      ...value,
      cache: { ...parts.cache, ...value.cache },
    })),
    pools: parts.pools.map(({ value }) => value),
  };
}

/** Structured values arrive as JSON; what is no JSON is text, which the schemas refuse. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A setting of ours in a namespace that looks like ours would go unseen. */
function checkNamespaces(reader: Reader, keys: readonly string[], project: string): void {
  for (const key of keys) {
    const [namespace = "", name = ""] = key.split(":");
    if (namespace !== project && names.includes(name) && distance(namespace, project) <= 2) {
      reader.problems.push({
        path: key,
        message: `is in an unknown namespace; did you mean ${reader.at([name])}?`,
      });
    }
  }
}

/**
 * A password that lies in the stack's file for everybody to read. The engine says only of a whole top-level key that it
 * has secrets, so one in clear beside an encrypted one goes unseen.
 */
function findClearSecrets(reader: Reader, value: unknown, path: Path): void {
  if (typeof value !== "object" || value === null || reader.isSecret(path)) return;
  for (const [key, inner] of Object.entries(value)) {
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    if (isSecretField(key) && typeof inner === "string") {
      reader.problem(
        at,
        `is a secret in clear text; this encrypts it: pulumi config set --secret --path '${reader.at(at)}'`,
      );
    } else findClearSecrets(reader, inner, at);
  }
}
