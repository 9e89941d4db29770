/** Objects in Harbor that are somebody else's, where the program wants its own. */
import type { Operating } from "./environment.ts";
import { hook, permission } from "./objects.ts";
import type { Extra } from "./program/extra.ts";

/** Makes six of them, all named `taken`; the answer is how the program wants to have them. */
export async function placeTaken(it: Operating): Promise<readonly Extra[]> {
  const post = async (path: string, body: object) =>
    it.api(path, { method: "POST", body: JSON.stringify(body) });
  const platform = (await it.api("/projects/platform")) as { project_id: number };
  const within = `/projects/${platform.project_id}`;
  const registry = ((await it.api("/registries?q=name=other")) as { id: number }[])[0];
  await post("/labels", { name: "taken", color: "#111111", scope: "p", project_id: platform.project_id });
  await post(`${within}/webhook/policies`, {
    name: "taken",
    event_types: ["REPLICATION"],
    targets: [{ type: "http", address: "http://theirs.example" }],
  });
  await post("/robots", {
    name: "taken",
    level: "system",
    duration: 7,
    permissions: [permission("platform", ["pull"])],
  });
  await post("/replication/policies", { name: "taken", dest_registry: { id: registry?.id }, enabled: true });
  await post(`${within}/members`, { role_id: 3, member_group: { group_name: "taken", group_type: 3 } });
  await post(`${within}/immutabletagrules`, {
    disabled: true,
    action: "immutable",
    template: "immutable_template",
    scope_selectors: { repository: [{ kind: "doublestar", decoration: "repoMatches", pattern: "taken" }] },
    tag_selectors: [{ kind: "doublestar", decoration: "matches", pattern: "**" }],
  });
  return [
    { type: "Label", name: "taken", args: { name: "taken", project: "platform" } },
    { type: "WebhookPolicy", name: "taken", args: { ...hook("taken"), project: "platform" } },
    {
      type: "RobotAccount",
      name: "taken",
      by: "admin",
      args: { name: "taken", permissions: [permission("platform", ["push", "pull"])] },
    },
    {
      type: "ReplicationPolicy",
      name: "taken",
      endpoint: "other",
      args: { name: "taken", action: "push", speed: 5 },
    },
    {
      type: "ProjectMemberGroup",
      name: "taken",
      args: { project: "platform", groupName: "taken", role: "maintainer" },
    },
    { type: "ImmutableTagRule", name: "taken", args: { project: "platform", repoMatching: "taken" } },
  ];
}

/** Objects of that name anywhere in what Harbor holds. */
export function named(name: string, within: unknown): readonly Record<string, unknown>[] {
  if (typeof within !== "object" || within === null) return [];
  const values = Object.values(within);
  return values.includes(name)
    ? [within as Record<string, unknown>]
    : values.flatMap((value) => named(name, value));
}
