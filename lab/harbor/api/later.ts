/** Parts of Harbor's API that the stand-in doesn't have. They say so, after the checks that Harbor would make first. */
import { HarborError } from "../harbor-error.ts";
import type { Call } from "./call.ts";
import { admin, loggedIn } from "./call.ts";

const ADMIN_ONLY = [
  /^\/configurations$/,
  /^\/internalconfig$/,
  /^\/replication\//,
  /^\/system\//,
  /^\/scanners/,
  /^\/usergroups/,
  /^\/ldap\//,
  /^\/jobservice\//,
  /^\/audit-?log/,
];

const LOGGED_IN = [
  /^\/robots/,
  /^\/retentions/,
  /^\/labels/,
  /^\/permissions$/,
  /^\/search$/,
  /^\/users\//,
  /^\/usergroups/,
  /^\/export\//,
  /^\/projects\/[^/]+\/(webhook|robots|immutabletagrules|scanner|members|auditlog-exts|preheat|usergroups)/,
  /^\/projects\/[^/]+\/repositories\//,
  /^\/registries\//,
];

/** Throws for a path of Harbor's API that is not built here; returns for one that Harbor doesn't know either. */
export function later(call: Call, method: string): void {
  const matches = (patterns: readonly RegExp[]): boolean =>
    patterns.some((pattern) => pattern.test(call.path));
  if (matches(ADMIN_ONLY)) admin(call);
  else if (matches(LOGGED_IN)) loggedIn(call);
  else return;
  throw new HarborError(501, `stand-in: not implemented: ${method} /api/v2.0${call.path}`);
}
