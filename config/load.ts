/** From Pulumi's configuration to settings: everything is checked before any resource exists. */
import * as pulumi from "@pulumi/pulumi";
import { distance } from "fastest-levenshtein";
import * as z from "zod";
import { clusterProblem } from "./cluster.ts";
import { findConflicts, type Parts } from "./conflicts.ts";
import { lookUp, nothingLookedUp, type LookedUp } from "./inventory/look-up.ts";
import { membersOf, readGroups, wantedBy, type Member } from "./node-groups.ts";
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
 * The settings of the stack that runs, and the nodes of its inventories. Files are seen from the project's folder.
 * @throws SettingsError with everything that is wrong.
 */
export async function loadSettings(folder = process.cwd()): Promise<Settings> {
  // Not by pulumi.Config: it warns of each read of a key with secrets, and can't tell which those are.
  const secretKeys = z.array(z.string()).parse(JSON.parse(process.env["PULUMI_CONFIG_SECRET_KEYS"] ?? "[]"));
  const [raw, project] = [pulumi.runtime.allConfig(), pulumi.getProject()];
  const groups = readGroups(new Reader(project, new Set()), nodesIn(raw, project));
  const lookedUp = await lookUp(wantedBy(groups), folder);
  const settings = parseSettings(raw, new Set(secretKeys), project, lookedUp);
  const problem = clusterProblem(settings.login);
  if (problem === undefined) return settings;
  if (!pulumi.runtime.isDryRun()) throw new SettingsError([problem]);
  // Where a pull request is previewed there may be no way to the cluster, and none is needed.
  void pulumi.log.warn(
    `${problem.path} ${problem.message}. A preview goes on with what the state knows of it; an up doesn't.`,
  );
  return settings;
}

/** A node of a configuration, whose host key may be missing. */
export interface ListedNode extends Member {
  readonly pool: string;
  /** The file that would have its key, as it was written. */
  readonly knownHosts?: string;
}

/**
 * The nodes of a configuration in the engine's raw form, see parseSettings; for those who collect host keys. Secrets may be
 * encrypted, and are left out then.
 * @throws SettingsError with what is wrong with the settings of nodes or with their inventories.
 */
export async function listNodes(
  raw: Readonly<Record<string, string>>,
  folder: string,
  project = "harbor-cache",
): Promise<readonly ListedNode[]> {
  const reader = new Reader(project, new Set([`${project}:nodes`]));
  const groups = readGroups(reader, withoutEncrypted(nodesIn(raw, project)));
  const members = membersOf(reader, groups, await lookUp(wantedBy(groups), folder));
  if (reader.problems.length > 0) throw new SettingsError(reader.problems);
  return groups.flatMap(({ all, own }, i) => {
    const knownHosts = own.knownHosts ?? all.knownHosts;
    return (members[i] ?? []).map(({ value }) => ({
      ...value,
      pool: own.name,
      ...(knownHosts !== undefined && { knownHosts }),
    }));
  });
}

function withoutEncrypted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEncrypted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => !isSecretField(key) || typeof inner === "string")
      .map(([key, inner]) => [key, withoutEncrypted(inner)]),
  );
}

function nodesIn(raw: Readonly<Record<string, string>>, project: string): unknown {
  return fromJson(raw[`${project}:nodes`] ?? "{}");
}

/**
 * Settings from the engine's raw form: full keys (`harbor-cache:nodes`) to plain text, structured values as JSON.
 * `secretKeys` are the full keys of values that are secrets or hold some; what lies outside was looked up before.
 * @throws SettingsError with everything that is wrong.
 */
export function parseSettings(
  raw: Readonly<Record<string, string>>,
  secretKeys: ReadonlySet<string>,
  project = "harbor-cache",
  lookedUp: LookedUp = nothingLookedUp,
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
    ...readPools(reader, structured("nodes", {}), lookedUp),
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
