/** `/permissions`: what a robot can be given in Harbor 2.15. Configurations are not among it, nor a change of robots. */
import type { Permission, Route } from "./call.ts";
import { authenticated } from "./call.ts";

/** Of one project or all of them: each resource with its actions. */
const PROJECT = [
  "log list",
  "project read delete update",
  "metadata read create delete list update",
  "repository read update delete list pull push",
  "artifact read create list delete",
  "scan create read stop",
  "sbom create stop read",
  "tag create list delete",
  "accessory list",
  "artifact-addition read",
  "artifact-label create delete",
  "scanner create read",
  "preheat-policy read create delete list update",
  "immutable-tag create delete list update",
  "notification-policy read create delete list update",
  "tag-retention read create delete list update",
  "label read create delete list update",
  "quota read",
  "robot create read list delete",
  "export-cve create read",
  "member create read update list delete",
];

/** Of the system: each resource with its actions. */
const SYSTEM = [
  "audit-log list",
  "preheat-instance read create delete list update",
  "project list create",
  "replication-policy read create delete list update",
  "replication read create list",
  "replication-adapter list",
  "registry read create delete list update",
  "scan-all read update stop create",
  "system-volumes read",
  "garbage-collection read create list update stop",
  "purge-audit read create list update stop",
  "jobservice-monitor list stop",
  "scanner read create delete list update",
  "label read create delete update",
  "security-hub read list",
  "catalog read",
  "quota read list",
  "robot create read list delete",
  "user create read update list delete",
  "ldap-user create list",
  "quota update",
  "user-group create read update list delete",
];

/** Every permission of a kind. */
export const PERMISSIONS: Readonly<Record<"project" | "system", readonly Permission[]>> = {
  project: permissions(PROJECT),
  system: permissions(SYSTEM),
};

export function permissionRoutes(): Route[] {
  const list = (kind: keyof typeof PERMISSIONS): object[] =>
    PERMISSIONS[kind].map((permission) => {
      const [resource, action] = permission.split(":");
      return { action, resource };
    });
  return [
    {
      method: "GET",
      path: "/permissions",
      handle: (call) => {
        authenticated(call);
        const all = { project: list("project"), system: list("system") };
        return { status: 200, json: call.principal.user?.admin === true ? all : { project: all.project } };
      },
    },
  ];
}

function permissions(lines: readonly string[]): Permission[] {
  return lines.flatMap((line) => {
    const [resource = "", ...actions] = line.split(" ");
    return actions.map((action): Permission => `${resource}:${action}`);
  });
}
