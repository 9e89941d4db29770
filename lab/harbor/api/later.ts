/** Parts of Harbor's API that the stand-in doesn't have. They say so, after the checks that Harbor would make first. */
import { HarborError } from "../harbor-error.ts";
import type { Call, Route } from "./call.ts";
import { admin, authenticated } from "./call.ts";

const ADMIN_ONLY = [
  /^\/replication\//,
  /^\/system\//,
  /^\/scan(?:s|ners)\//,
  /^\/ldap\//,
  /^\/jobservice\//,
  /^\/audit-?log/,
];

const LOGGED_IN = [
  /^\/retentions/,
  /^\/search$/,
  /^\/users\//,
  /^\/export\//,
  /^\/projects\/[^/]+\/(webhook|scanner|auditlog-exts|preheat|usergroups)/,
  /^\/projects\/[^/]+\/repositories\//,
  /^\/registries\//,
];

/** Throws for a path of Harbor's API that is not built here; returns for one that Harbor doesn't know either. */
export function later(call: Call, method: string): void {
  const matches = (patterns: readonly RegExp[]): boolean =>
    patterns.some((pattern) => pattern.test(call.path));
  if (matches(ADMIN_ONLY)) admin(call);
  else if (matches(LOGGED_IN)) authenticated(call);
  else return;
  throw notBuilt(method, call);
}

/** What isn't built of paths of which something is. */
export function laterRoutes(): Route[] {
  return (
    [
      ["PUT", "/replication/executions/{id}"],
      ["GET", "/retentions/metadatas"],
      ["PUT", "/system/gc/{id}"],
      ["PUT", "/system/purgeaudit/{id}"],
      ["PUT", "/scanners/{registration_id}"],
      ["PATCH", "/scanners/{registration_id}"],
      ["DELETE", "/scanners/{registration_id}"],
      ["PUT", "/projects/{project_name_or_id}/scanner"],
    ] as const
  ).map(([method, path]) => ({
    method,
    path,
    handle: (call) => {
      authenticated(call);
      throw notBuilt(method, call);
    },
  }));
}

export function notBuilt(method: string, call: Call): HarborError {
  return new HarborError(501, `stand-in: not implemented: ${method} /api/v2.0${call.path}`);
}
