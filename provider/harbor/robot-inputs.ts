/** The inputs of a `RobotAccount`, checked by Harbor's own rules without asking it. */
import { z } from "zod";
import type { CheckFailure } from "../resource.ts";
import { hasUnknown, isList, type Properties } from "../values.ts";

export interface Permission {
  readonly kind: "system" | "project";
  readonly namespace: string;
  readonly access: readonly { readonly resource: string; readonly action: string }[];
}

const text = z.string().min(1, "must not be empty");
const permission = z
  .strictObject({
    kind: z.enum(["system", "project"]),
    namespace: text,
    access: z
      .array(z.strictObject({ resource: text, action: text }))
      .min(1, "must name at least one resource and action"),
  })
  .refine(({ kind, namespace }) => (kind === "system") === (namespace === "/"), {
    path: ["namespace"],
    message: "must be / for kind system, and a project's name or * for kind project",
  });

export const robotShape = {
  name: z
    .string()
    .max(255, "must have at most 255 characters")
    .regex(
      /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/,
      "must be lower case letters and digits, with single '.', '_' or '-' between them, without Harbor's prefix",
    ),
  level: z.enum(["system", "project"]).default("system"),
  description: z
    .string()
    .transform((words) => (words === "" ? undefined : words))
    .optional(),
  // Not more than Harbor's column holds.
  duration: z
    .int()
    .refine(
      (days) => days === -1 || (days >= 1 && days < 2 ** 31),
      "must be -1 (never expires) or at least 1 day",
    )
    .default(-1),
  disable: z.boolean().default(false),
  permissions: z.array(permission).min(1, "must have at least one").transform(canonical),
  projectIds: z
    .array(z.int())
    .transform((ids) => ids.toSorted((a, b) => a - b))
    .optional(),
  rotateAfterDays: z.int().min(1, "must be at least 1 day").optional(),
  rotation: z.string().optional(),
};

/** One entry for each namespace, all in order: Harbor has none of its own. */
export function canonical(permissions: readonly Permission[]) {
  const scopes = new Map<string, { readonly scope: Permission; readonly accesses: Map<string, Access> }>();
  for (const scope of permissions) {
    const key = `${scope.kind} ${scope.namespace}`;
    const { accesses } = scopes.get(key) ?? scopes.set(key, { scope, accesses: new Map() }).get(key) ?? {};
    for (const { resource, action } of scope.access)
      accesses?.set(`${resource}:${action}`, { resource, action });
  }
  return inOrder(scopes).map(({ scope: { kind, namespace }, accesses }) => ({
    kind,
    namespace,
    access: inOrder(accesses),
  }));
}

type Access = Permission["access"][number];

function inOrder<T>(byKey: ReadonlyMap<string, T>): T[] {
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}

/** A robot of a project belongs to it by its only permission. */
export function checkLevel({ level, permissions }: Properties): CheckFailure[] {
  if (level !== "project" || hasUnknown(permissions)) return [];
  const project = projectOf(permissions);
  if (project !== undefined) return [];
  const reason = "must be exactly one for level project, of kind project, with the project's name and not *";
  return [{ property: "permissions", reason }];
}

/** The project of a robot's only permission; undefined where that isn't one project. */
export function projectOf(permissions: Properties[string] | undefined): string | undefined {
  if (permissions === undefined || !isList(permissions) || permissions.length !== 1) return undefined;
  const only = z.object({ kind: z.literal("project"), namespace: text }).safeParse(permissions[0]);
  return only.success && only.data.namespace !== "*" ? only.data.namespace : undefined;
}
