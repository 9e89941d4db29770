import type { RobotPermission } from "../../provider/sdk.ts";

/** What Harbor 2.15 lets a robot do of all that this program does; see `GET /permissions` in Harbor's API. */
const SYSTEM: Readonly<Record<string, readonly string[]>> = {
  project: ["list", "create"],
  registry: ["read", "create", "update", "delete", "list"],
  quota: ["read", "list", "update"],
  "replication-policy": ["read", "create", "update", "delete", "list"],
  replication: ["read", "list"],
  "garbage-collection": ["read", "create", "update", "list"],
  "purge-audit": ["read", "create", "update", "list"],
  "scan-all": ["read", "create", "update"],
  scanner: ["list", "read"],
};

const PROJECT: Readonly<Record<string, readonly string[]>> = {
  project: ["read", "update", "delete"],
  metadata: ["read", "create", "update", "delete", "list"],
  repository: ["list", "read", "delete"],
  quota: ["read"],
  "tag-retention": ["read", "create", "update", "delete", "list"],
  "immutable-tag": ["list", "create", "update", "delete"],
  "notification-policy": ["read", "create", "update", "delete", "list"],
  label: ["read", "create", "update", "delete", "list"],
  member: ["read", "create", "update", "delete", "list"],
};

const access = (allowed: Readonly<Record<string, readonly string[]>>) =>
  Object.entries(allowed).flatMap(([resource, actions]) => actions.map((action) => ({ resource, action })));

/** No pull and no push: this robot never sees an image. Settings, login and robots are the admin's alone (403 else). */
export const PROGRAM_PERMISSIONS = [
  { kind: "system", namespace: "/", access: access(SYSTEM) },
  { kind: "project", namespace: "*", access: access(PROJECT) },
] as const satisfies readonly RobotPermission[];
