/** The inputs of a `MirrorPool`: their schema, defaults and offline checks. */
import { posix } from "node:path";
import { z } from "zod";
import { didYouMean } from "../inputs.ts";
import { join } from "../property-diff.ts";
import type { CheckFailure, CheckResult } from "../resource.ts";
import { hasUnknown, isList, isUnknown } from "../values.ts";
import type { Properties, Value } from "../values.ts";
import { dropInProblems } from "./crio-config.ts";
import { hostsTomlProblems } from "./hosts-toml.ts";
import { keysOf } from "./merged-file.ts";
import type { MergeFormat, WantedFile } from "./node-files.ts";
import { refine, sshInputs } from "./ssh-inputs.ts";

const seconds = z.number().int().min(1).max(3600);

const access = z.strictObject({
  user: sshInputs.user.optional(),
  port: sshInputs.port.unwrap().optional(),
  privateKey: sshInputs.privateKey,
  jump: z.strictObject(sshInputs).optional(),
});

const node = access.extend({
  address: sshInputs.address,
  hostKey: sshInputs.hostKey,
  name: z.string().min(1),
});

const path = z.string().superRefine(refine(pathProblem));

export const mergeFormat = z.enum(["auth-json", "registries-yaml", "containerd-config"]);

const file = z
  .strictObject({
    path,
    content: z.string(),
    mode: z
      .string()
      .regex(/^0?[0-7]{3}$/, "must be octal, such as 0644")
      .default("0644")
      .transform((mode) => mode.replace(/^0/, "")),
    merge: mergeFormat.optional(),
    restart: z.boolean().default(false),
  })
  .superRefine((value, context) => {
    if (value.merge !== undefined && !isPart(value.merge, value.content)) {
      const message = "must be JSON: sections, each a value or values by name";
      context.addIssue({ code: "custom", path: ["content"], message });
    }
    for (const message of problemsOf(value)) {
      context.addIssue({ code: "custom", path: ["content"], message: `${value.path} ${message}` });
    }
  });

/** What the runtime would make of a file, as far as that can be told without it. */
function problemsOf({ path: at, content }: { path: string; content: string }): string[] {
  if (/\/registries\.conf\.d\/[^/]+\.conf$/.test(at)) return dropInProblems(content);
  return at.endsWith("/hosts.toml") ? hostsTomlProblems(content) : [];
}

/** How many nodes: a number, or a part of the pool. */
function amount(least: number) {
  const error = `must be a number of nodes, at least ${least}, or a part of them in whole percent, such as 25%`;
  return z.union([z.number().int().min(least), z.string().regex(/^([1-9]\d?|100)%$/, error)], { error });
}

const verifyPull = z.strictObject({
  image: z.string().min(1),
  pullCommand: z.string().min(1),
  removeCommand: z.string().min(1),
  requests: z.string().startsWith("/v2/"),
  timeout: seconds.default(120),
  log: z.strictObject({
    ...sshInputs,
    jump: z.strictObject(sshInputs).optional(),
    path,
    sudo: z.boolean().default(false),
  }),
});

/** See `MirrorPoolArgs` in sdk.ts. */
const given = z.strictObject({
  access: access.default({}),
  nodes: z.array(node).superRefine(
    refine((nodes: { name: string }[]) =>
      repeated(
        "node name",
        nodes.map((one) => one.name),
      ),
    ),
  ),
  files: z
    .array(file)
    .min(1)
    .superRefine(
      refine((files: { path: string }[]) =>
        repeated(
          "path",
          files.map((one) => one.path),
        ),
      ),
    ),
  sudo: z.boolean().default(false),
  runtime: z.enum(["cri-o", "podman", "containerd", "k3s", "rke2"]).default("cri-o"),
  reloadCommand: z.string().default(""),
  restartCommand: z.string().default(""),
  checkCommand: z.string().default(""),
  logCommand: z.string().default(""),
  others: z.array(z.string().regex(/^~?\//, "must be an absolute path, or begin with ~/")).default([]),
  onConflict: z.enum(["warning", "error"]).default("warning"),
  onUnreachable: z.enum(["fail", "skip"]).default("fail"),
  verifyPull: verifyPull.optional(),
  dropInDir: path.optional(),
  rollout: z
    .strictObject({
      canary: z.union([z.number().int().min(0), z.array(z.string())]).default(0),
      wave: amount(1).default("100%"),
      pause: z.number().min(0).default(0),
      parallel: z.number().int().min(1).max(1000).default(10),
      maxFailed: amount(0).default(0),
    })
    .prefault({}),
  timeouts: z
    .strictObject({ connect: seconds.default(10), command: seconds.default(60), total: seconds.default(180) })
    .prefault({}),
});

export const shape = given.shape;

/** Each node with what the pool says for all. */
export const inputs = given.transform(({ access, nodes, ...rest }, context) => ({
  ...rest,
  nodes: nodes.map((node, index) => {
    const { user = "", port = 22, ...complete } = { ...access, ...node };
    if (user === "") {
      const message = "is missing, here and in access";
      context.addIssue({ code: "custom", path: ["nodes", index, "user"], message });
    }
    return { ...complete, user, port };
  }),
}));

export type PoolInputs = z.infer<typeof inputs> & { readonly files: readonly WantedFile[] };

export type PoolNode = PoolInputs["nodes"][number];

/** Inputs that went through `checkPoolInputs` and are known by now. */
export function parsePoolInputs(properties: Properties): PoolInputs {
  return inputs.parse(withoutEngineKeys(properties));
}

/** As `parsePoolInputs`, but undefined for inputs that are not fully known, or empty as after an import. */
export function tryPoolInputs(properties: Properties): PoolInputs | undefined {
  return inputs.safeParse(withoutEngineKeys(properties)).data;
}

/** A pool as a preview knows it. */
export interface ForeseenPool {
  /** Without `verifyPull` where that isn't known, and with empty contents of the files in `unknown`. */
  readonly pool: PoolInputs;
  /** Paths of files whose content isn't known yet. */
  readonly unknown: ReadonlySet<string>;
}

/** Undefined where more than contents and `verifyPull` isn't known yet. */
export function foreseenPool(properties: Properties): ForeseenPool | undefined {
  const { verifyPull, ...rest } = properties;
  const unknown = new Set<string>();
  const foreseen = (file: Value): Value => {
    if (typeof file !== "object" || file === null || isList(file) || !isUnknown(file["content"])) return file;
    if (typeof file["path"] === "string") unknown.add(file["path"]);
    return { ...file, content: file["merge"] === undefined ? "" : "{}" };
  };
  const { files } = properties;
  const pool = tryPoolInputs({
    ...rest,
    ...(verifyPull === undefined || hasUnknown(verifyPull) ? {} : { verifyPull }),
    ...(files !== undefined && isList(files) ? { files: files.map(foreseen) } : {}),
  });
  return pool && { pool, unknown };
}

/** Everything that is wrong with the inputs, as far as they are known. Defaults are not filled in: they may improve. */
export function checkPoolInputs(properties: Properties): CheckResult {
  const cleaned = withoutEngineKeys(properties);
  const issues = inputs.safeParse(cleaned).error?.issues ?? [];
  const failures = issues.filter((issue) => !leadsToUnknown(cleaned, issue.path)).flatMap(failuresOf);
  return { inputs: cleaned, failures: [...failures, ...canariesNotThere(cleaned)] };
}

const canaries = z.object({
  nodes: z.array(z.object({ name: z.string() })),
  rollout: z.object({ canary: z.array(z.string()) }),
});

/** A canary that is no node of the pool would be none. */
function canariesNotThere(properties: Properties): CheckFailure[] {
  const parsed = canaries.safeParse(properties).data;
  if (parsed === undefined) return [];
  const names = new Set(parsed.nodes.map(({ name }) => name));
  return parsed.rollout.canary.flatMap((name, index) => {
    if (names.has(name)) return [];
    const property = `rollout.canary[${index}]`;
    return [{ property, reason: `There is no node '${name}' in this pool.${didYouMean(name, [...names])}` }];
  });
}

function failuresOf(issue: z.core.$ZodIssue): CheckFailure[] {
  const [first, ...rest] = issue.path;
  const property = rest.reduce<string>(
    (path, step) => (typeof step === "number" ? `${path}[${step}]` : join(path, String(step))),
    String(first ?? ""),
  );
  if (issue.code !== "unrecognized_keys" || first !== undefined) return [{ property, reason: issue.message }];
  return issue.keys.map((key) => {
    return {
      property: key,
      reason: `There is no such property.${didYouMean(key, Object.keys(shape))}`,
    };
  });
}

/** The SDK's classes name their outputs with no value, and the engine adds keys of its own. */
function withoutEngineKeys(properties: Properties): Properties {
  return Object.fromEntries(
    Object.entries(properties).filter(([name, value]) => value !== null && !name.startsWith("__")),
  );
}

/** The folder of lock and journal, and of the drop-ins of others. */
export function dropInDirOf(pool: PoolInputs): string {
  return pool.dropInDir ?? posix.dirname(pool.files[0]?.path ?? "/");
}

function leadsToUnknown(root: Value, keys: readonly PropertyKey[]): boolean {
  let value: unknown = root;
  for (const key of keys) {
    if (isUnknown(value)) return true;
    if (typeof value !== "object" || value === null) return false;
    value = Reflect.get(value, key);
  }
  return isUnknown(value);
}

/** Can it be merged? The parser's own message would quote it, and it may be a secret. */
function isPart(merge: MergeFormat, content: string): boolean {
  try {
    keysOf(merge, content);
    return true;
  } catch {
    return false;
  }
}

function repeated(what: string, names: readonly string[]): string | undefined {
  const known = new Set<string>();
  const twice = new Set(names.filter((name) => known.size === known.add(name).size));
  return twice.size === 0 ? undefined : `has the same ${what} more than once: ${[...twice].join(", ")}`;
}

// Quotes, backslashes and line breaks would need quoting in the node's own tools.
function pathProblem(value: string): string | undefined {
  if (!value.startsWith("/") || posix.normalize(value) !== value || value.endsWith("/")) {
    return "must be an absolute path without . and .. in it, and not end in /";
  }
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f'"\\]/.test(value) || value.endsWith(" ")) {
    return "must be without quotes, backslashes and control characters, and not end in a space";
  }
  return undefined;
}
