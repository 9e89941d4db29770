/** Project metadata: `/projects/{p}/metadatas`. All values are strings. */
import { z } from "zod";
import type { App } from "../app.ts";
import { HarborError } from "../harbor-error.ts";
import type { Route } from "./call.ts";
import { bodyOf } from "./call.ts";
import { projectAccess } from "./project-access.ts";

/** Metadata that a project can be given; `retention_id` is Harbor's own. */
export const METADATA_KEYS = [
  "public",
  "enable_content_trust_cosign",
  "prevent_vul",
  "severity",
  "auto_scan",
  "auto_sbom_generation",
  "reuse_sys_cve_allowlist",
  "proxy_speed_kb",
  "max_upstream_conn",
  "proxy_cache_local_on_not_found",
];

const SEVERITIES = ["none", "low", "medium", "high", "critical"];
const entry = z.record(z.string(), z.string());

/** What Harbor keeps of metadata that it is sent: keys that it knows, and a severity that it knows. */
export function keptMetadata(
  given: Readonly<Record<string, string | null | undefined>>,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const key of METADATA_KEYS) {
    const value = given[key];
    if (typeof value === "string") kept[key] = key === "severity" ? severity(value) : value;
  }
  return kept;
}

function severity(value: string): string {
  return SEVERITIES.includes(value.toLowerCase()) ? value.toLowerCase() : "unknown";
}

export function metadataRoutes(app: App): Route[] {
  const list = "/projects/{project_name_or_id}/metadatas";
  const one = `${list}/{meta_name}`;
  return [
    {
      method: "GET",
      path: list,
      handle: (call) => ({ status: 200, json: projectAccess(app, call, "metadata:list").metadata }),
    },
    {
      method: "POST",
      path: list,
      handle: (call) => {
        const [[key, value] = ["", ""]] = Object.entries(bodyOf(call, entry, "metadata", {}));
        const project = projectAccess(app, call, "metadata:create");
        if (!METADATA_KEYS.includes(key)) throw new HarborError(400, `invalid key: ${key}`);
        if (project.metadata[key] !== undefined) {
          throw new HarborError(409, `metadata ${key} already exists for project ${project.id}`);
        }
        project.metadata[key] = value;
        return { status: 200 };
      },
    },
    {
      method: "GET",
      path: one,
      handle: (call) => {
        const key = call.param("meta_name");
        const value = projectAccess(app, call, "metadata:read").metadata[key];
        return { status: 200, json: value === undefined ? {} : { [key]: value } };
      },
    },
    {
      method: "PUT",
      path: one,
      handle: (call) => {
        const key = call.param("meta_name");
        const value = bodyOf(call, entry, "metadata", {})[key];
        const project = projectAccess(app, call, "metadata:update");
        if (!METADATA_KEYS.includes(key)) throw new HarborError(400, `invalid key: ${key}`);
        if (value === undefined) throw new HarborError(400, `must contain key: ${key}`);
        project.metadata[key] = value;
        return { status: 200 };
      },
    },
    {
      method: "DELETE",
      path: one,
      handle: (call) => {
        const key = call.param("meta_name");
        const project = projectAccess(app, call, "metadata:delete");
        project.metadata = Object.fromEntries(
          Object.entries(project.metadata).filter(([name]) => name !== key),
        );
        return { status: 200 };
      },
    },
  ];
}
