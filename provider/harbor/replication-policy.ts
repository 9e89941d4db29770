/** `harborcache:harbor:ReplicationPolicy`: copies artifacts to or from another registry. Its id is Harbor's number. */
import { z } from "zod";
import type { Properties } from "../values.ts";
import type { HarborClient } from "./client.ts";
import { harborObject, type Wanted } from "./harbor-object.ts";
import { explainInternalError } from "./health.ts";
import { replicationShape, triggerRules } from "./replication-inputs.ts";
import { shownText, type Seen } from "./seen.ts";
import { withoutUndefined } from "./without-undefined.ts";

const POLICIES = "/replication/policies";

/** The local Harbor is number 0, or absent. */
const side = z
  .object({ id: z.int().default(0) })
  .nullish()
  .transform((registry) => registry?.id ?? 0);

const policySchema = z.object({
  id: z.int(),
  name: z.string(),
  description: shownText,
  src_registry: side,
  dest_registry: side,
  dest_namespace: shownText,
  dest_namespace_replace_count: z.int().default(-1),
  trigger: z
    .object({
      type: z.string().default("manual"),
      trigger_settings: z.object({ cron: shownText }).nullish(),
    })
    .nullish(),
  filters: z
    .array(
      z.object({
        type: z.string(),
        value: z.union([z.string(), z.array(z.string()).transform((labels) => labels.join(","))]),
        decoration: z.string().default(""),
      }),
    )
    .nullish(),
  enabled: z.boolean().default(false),
  override: z.boolean().default(false),
  replicate_deletion: z.boolean().default(false),
  speed: z.int().default(0),
  copy_by_chunk: z.boolean().default(false),
  single_active_replication: z.boolean().default(false),
});

type Policy = z.infer<typeof policySchema>;

export const replicationPolicy = harborObject({
  type: "harborcache:harbor:ReplicationPolicy",
  what: "replication policy",
  shape: replicationShape,
  outputs: ["policyId"],
  replaceOn: [],
  key: ["name"],
  rules: triggerRules,

  async find(harbor, { name }) {
    const policies = await harbor.get(`${POLICIES}?page_size=0`, z.array(policySchema));
    const found = policies.find((policy) => policy.name === name);
    return found && toSeen(found);
  },

  async get(harbor, id) {
    const found = /^\d+$/.test(id) ? await harbor.find(`${POLICIES}/${id}`, policySchema) : undefined;
    return found && toSeen(found);
  },

  post: (_harbor, wanted) => Promise.resolve({ path: POLICIES, body: toPolicy(wanted) }),

  async put(harbor, seen, wanted) {
    await harbor.put(`${POLICIES}/${seen.id}`, toPolicy(wanted));
    return {};
  },

  remove: (harbor, seen) => harbor.delete(`${POLICIES}/${seen.id}`),

  // A schedule needs the jobservice.
  explain: (harbor, { name }, error) =>
    explainInternalError(harbor, `The replication policy ${name} can't be written`, error),

  async inUse(harbor, { id }) {
    const running = await runningExecutions(harbor, id);
    const which = running.length === 0 ? "" : ` (executions ${running.join(", ")})`;
    return `it is replicating${which}: wait for the end, or stop it in Harbor under Replications, then delete again`;
  },
});

async function runningExecutions(harbor: HarborClient, policy: string): Promise<number[]> {
  const path = `/replication/executions?policy_id=${policy}&status=InProgress`;
  const running = await harbor.get(path, z.array(z.object({ id: z.int() })));
  return running.map(({ id }) => id);
}

/** All of it: a PUT replaces (quirk 51). */
function toPolicy(wanted: Wanted<typeof replicationShape>) {
  const [local, remote] = [{ id: 0 }, { id: wanted.registryId }];
  const { schedule } = wanted;
  return {
    name: wanted.name,
    description: wanted.description,
    src_registry: wanted.action === "push" ? local : remote,
    dest_registry: wanted.action === "push" ? remote : local,
    dest_namespace: wanted.destNamespace,
    dest_namespace_replace_count: wanted.destNamespaceReplace,
    trigger:
      schedule === "manual" || schedule === "event_based"
        ? { type: schedule }
        : { type: "scheduled", trigger_settings: { cron: schedule } },
    // Labels are a list.
    filters: (wanted.filters ?? []).map((filter) =>
      filter.type === "label" ? { ...filter, value: filter.value.split(",") } : filter,
    ),
    enabled: wanted.enabled,
    override: wanted.override,
    replicate_deletion: wanted.deletion,
    // Under its former name too, which is the one that Harbor's releases read.
    ...(wanted.deletion && { deletion: true }),
    speed: wanted.speed,
    copy_by_chunk: wanted.copyByChunk,
    ...(wanted.singleActiveReplication && { single_active_replication: true }),
  };
}

function toSeen(policy: Policy): Seen {
  const { id, src_registry: source, dest_registry: destination, trigger } = policy;
  const inputs = withoutUndefined({
    name: policy.name,
    description: policy.description,
    action: source === 0 ? "push" : "pull",
    registryId: source === 0 ? destination : source,
    schedule: trigger?.trigger_settings?.cron ?? trigger?.type ?? "manual",
    destNamespace: policy.dest_namespace,
    destNamespaceReplace: policy.dest_namespace_replace_count,
    filters: toFilters(policy.filters ?? []),
    enabled: policy.enabled,
    override: policy.override,
    deletion: policy.replicate_deletion,
    // -1 is kept as 0 (quirk 51).
    speed: policy.speed === 0 ? -1 : policy.speed,
    copyByChunk: policy.copy_by_chunk,
    singleActiveReplication: policy.single_active_replication,
  });
  return { id: String(id), inputs, outputs: { policyId: id } };
}

function toFilters(filters: NonNullable<Policy["filters"]>): readonly Properties[] | undefined {
  if (filters.length === 0) return undefined;
  return filters.map(({ type, value, decoration }) =>
    type === "tag" || type === "label"
      ? { type, value, decoration: decoration || "matches" }
      : { type, value },
  );
}
