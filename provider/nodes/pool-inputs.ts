/** The inputs of a `MirrorPool`: their schema, defaults and offline checks. */
import { posix } from "node:path";
import { z } from "zod";
import { didYouMean } from "../inputs.ts";
import { join } from "../property-diff.ts";
import type { CheckFailure, CheckResult } from "../resource.ts";
import { isUnknown } from "../values.ts";
import type { Properties, Value } from "../values.ts";
import { dropInProblems } from "./crio-config.ts";
import type { WantedFile } from "./node-files.ts";
import { refine, sshInputs } from "./ssh-inputs.ts";

const seconds = z.number().int().min(1).max(3600);

const node = z.strictObject({
  ...sshInputs,
  jump: z.strictObject(sshInputs).optional(),
  name: z.string().min(1),
});

const path = z.string().superRefine(refine(pathProblem));

const file = z
  .strictObject({
    path,
    content: z.string(),
    mode: z
      .string()
      .regex(/^0?[0-7]{3}$/, "must be octal, such as 0644")
      .default("0644")
      .transform((mode) => mode.replace(/^0/, "")),
    merge: z.enum(["auth-json", "registries-yaml", "containerd-config"]).optional(),
    restart: z.boolean().default(false),
  })
  .superRefine((value, context) => {
    if (!/\/registries\.conf\.d\/[^/]+\.conf$/.test(value.path)) return;
    for (const message of dropInProblems(value.content)) {
      context.addIssue({ code: "custom", path: ["content"], message: `${value.path} ${message}` });
    }
  });

/** How many nodes: a number, or a part of the pool. */
const amount = (least: number) =>
  z.union([z.number().int().min(least), z.templateLiteral([z.number().int().min(1).max(100), "%"])]);

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
export const inputs = z.strictObject({
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
  others: z.array(z.string().startsWith("/")).default([]),
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

export type PoolNode = z.infer<typeof node>;

export type PoolInputs = z.infer<typeof inputs> & { readonly files: readonly WantedFile[] };

/** Inputs that went through `checkPoolInputs` and are known by now. */
export function parsePoolInputs(properties: Properties): PoolInputs {
  return inputs.parse(withoutEngineKeys(properties));
}

/** As `parsePoolInputs`, but undefined for inputs that are not fully known, or empty as after an import. */
export function tryPoolInputs(properties: Properties): PoolInputs | undefined {
  return inputs.safeParse(withoutEngineKeys(properties)).data;
}

/** Everything that is wrong with the inputs, as far as they are known. Defaults are not filled in: they may improve. */
export function checkPoolInputs(properties: Properties): CheckResult {
  const cleaned = withoutEngineKeys(properties);
  const issues = inputs.safeParse(cleaned).error?.issues ?? [];
  const failures = issues.filter((issue) => !leadsToUnknown(cleaned, issue.path)).flatMap(failuresOf);
  return { inputs: cleaned, failures };
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
      reason: `There is no such property.${didYouMean(key, Object.keys(inputs.shape))}`,
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

function repeated(what: string, names: readonly string[]): string | undefined {
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
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
