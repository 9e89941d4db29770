/**
 * Runs of replication policies: they are noted, nothing is copied. A push into a project of this Harbor starts the
 * event-based ones that it matches; what a proxy-cache project caches starts none.
 */
import type { App } from "./app.ts";
import { addExecution } from "./jobs.ts";
import type { Execution, ReplicationPolicy } from "./operations-tables.ts";
import type { Artifact } from "./store.ts";

export const REPLICATION = "REPLICATION";

interface Resource {
  /** With the project. */
  readonly repository: string;
  readonly tag: string;
}

/** A tag was pushed: starts the policies that are waiting for it. */
export function replicatePush(app: App, { projectId, repositoryId }: Artifact, tag: string): void {
  const { projects, repositories, replicationPolicies } = app.state;
  const repository = repositories.find(({ id }) => id === repositoryId)?.name;
  const cached = projects.find(({ id }) => id === projectId)?.registryId !== undefined;
  if (repository === undefined || cached) return;
  const waiting = replicationPolicies.filter(
    (policy) =>
      policy.enabled &&
      policy.trigger?.type === "event_based" &&
      policy.sourceId === 0 &&
      selects(policy, { repository, tag }),
  );
  for (const policy of waiting) addRun(app, policy, "EVENT", 1);
}

/** Starts a policy by hand. Of a push the repositories count that it would copy; of a pull nobody asks the other side. */
export function startReplication(
  app: App,
  policy: ReplicationPolicy,
  trigger: "MANUAL" | "SCHEDULE",
): Execution {
  const { tags, repositories } = app.state;
  const selected = repositories.filter(
    ({ id, name }) =>
      policy.sourceId === 0 &&
      tags.some((tag) => tag.repositoryId === id && selects(policy, { repository: name, tag: tag.name })),
  );
  return addRun(app, policy, trigger, selected.length);
}

function addRun(
  app: App,
  policy: ReplicationPolicy,
  trigger: Execution["trigger"],
  tasks: number,
): Execution {
  return addExecution(app, { vendorType: REPLICATION, vendorId: policy.id, trigger, attributes: {}, tasks });
}

/** Whether all filters let the resource pass. It has no labels: the stand-in gives artifacts none. */
function selects({ filters }: ReplicationPolicy, { repository, tag }: Resource): boolean {
  return filters.every(({ type, value, decoration }) => {
    if (type === "resource") return true;
    if (type === "label") return decoration === "excludes";
    const pattern = typeof value === "string" ? value : "";
    const matches = pattern === "" || glob(pattern).test(type === "tag" ? tag : repository);
    return decoration === "excludes" ? !matches : matches;
  });
}

/** `**` is anything, `*` and `?` all but a slash, `{a,b}` one of the two. */
function glob(pattern: string): RegExp {
  const parts = pattern.match(/\*\*|[*?{},]|[^*?{},]+/g) ?? [];
  const meanings: Readonly<Record<string, string>> = {
    "**": ".*",
    "*": "[^/]*",
    "?": "[^/]",
    "{": "(?:",
    ",": "|",
    "}": ")",
  };
  return new RegExp(
    `^${parts.map((part) => meanings[part] ?? part.replace(/[.+^$()|[\]\\]/g, "\\$&")).join("")}$`,
  );
}
