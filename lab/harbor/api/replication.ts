/** `/replication/policies`: one side is this Harbor, the other a registry endpoint. */
import { z } from "zod";
import type { App } from "../app.ts";
import { cronProblem, syntaxProblem } from "../cron.ts";
import type { Reply } from "../exchange.ts";
import { HarborError, internalError } from "../harbor-error.ts";
import { addPolicySchedule, removeSchedules } from "../jobs.ts";
import type { ReplicationPolicy } from "../operations-tables.ts";
import { REPLICATION } from "../replication-runs.ts";
import { removeWhere } from "../store.ts";
import type { Call, Permission, Route } from "./call.ts";
import { bodyOf, idParam, int64, systemAccess } from "./call.ts";
import { omitEmpty } from "./go-json.ts";
import { fuzzy, listReply } from "./list.ts";
import { showRegistry } from "./registries.ts";

const text = z.string().nullish();
const flag = z.boolean().nullish();
const registry = z.object({ id: int64.nullish() }).nullish();
const policyBody = z.object({
  name: text,
  description: text,
  src_registry: registry,
  dest_registry: registry,
  dest_namespace: text,
  dest_namespace_replace_count: int64.nullish(),
  filters: z.array(z.object({ type: text, value: z.unknown(), decoration: text })).nullish(),
  trigger: z.object({ type: text, trigger_settings: z.object({ cron: text }).nullish() }).nullish(),
  // `replicate_deletion` is only shown: Harbor's handler reads this older name.
  deletion: flag,
  override: flag,
  enabled: flag,
  speed: int64.nullish(),
  copy_by_chunk: flag,
  single_active_replication: flag,
});
const MODELS = {
  "": "ReplicationPolicy",
  src_registry: "Registry",
  dest_registry: "Registry",
  trigger: "ReplicationTrigger",
  "trigger.trigger_settings": "ReplicationTriggerSettings",
};

const NAMESPACE = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const RESOURCES = ["image", "artifact"];

const columns = {
  id: (policy: ReplicationPolicy) => policy.id,
  name: (policy: ReplicationPolicy) => policy.name,
  creation_time: (policy: ReplicationPolicy) => policy.created,
  update_time: (policy: ReplicationPolicy) => policy.updated,
};

type Settings = Omit<ReplicationPolicy, "id" | "created" | "updated">;
type Filter = Settings["filters"][number];

/** The policy, or Harbor's 404. */
export function findReplicationPolicy(app: App, id: number): ReplicationPolicy {
  const policy = app.state.replicationPolicies.find((candidate) => candidate.id === id);
  if (policy === undefined) throw new HarborError(404, `replication policy ${id} not found`);
  return policy;
}

export function replicationRoutes(app: App): Route[] {
  const { state, store } = app;

  function find(call: Call, permission: Permission): ReplicationPolicy {
    const id = idParam(call);
    systemAccess(call, permission);
    return findReplicationPolicy(app, id);
  }

  function refuseTaken(name: string, id?: number): void {
    if (state.replicationPolicies.some((policy) => policy.name === name && policy.id !== id)) {
      throw new HarborError(409, `replication policy ${name} already exists`);
    }
  }

  function checkRegistries({ sourceId, destinationId }: Settings): void {
    for (const id of [sourceId, destinationId]) {
      if (id !== 0 && !state.registries.some((known) => known.id === id)) {
        throw new HarborError(404, `registry ${id} not found`);
      }
    }
  }

  function addScheduleOf(id: number, settings: Settings): void {
    const cron = scheduled(settings);
    if (cron !== "") addPolicySchedule(app, REPLICATION, id, cron);
  }

  function create(call: Call): Reply {
    const body = bodyOf(call, policyBody, "policy", MODELS);
    systemAccess(call, "replication-policy:create");
    const settings = checked(body);
    checkRegistries(settings);
    const id = store.next("replicationPolicy");
    refuseTaken(settings.name);
    addScheduleOf(id, settings);
    const at = app.now();
    state.replicationPolicies.push({ ...settings, id, created: at, updated: at });
    return { status: 201, headers: { Location: `/api/v2.0/replication/policies/${id}` } };
  }

  // Replaces: what is left out becomes empty.
  function update(call: Call): Reply {
    const id = idParam(call);
    const body = bodyOf(call, policyBody, "policy", MODELS);
    systemAccess(call, "replication-policy:update");
    const settings = checked(body);
    checkRegistries(settings);
    const policy = findReplicationPolicy(app, id);
    refuseTaken(settings.name, id);
    if (scheduled(policy) !== scheduled(settings)) {
      removeSchedules(app, REPLICATION, id);
      addScheduleOf(id, settings);
    }
    // Last now, as in a table of PostgreSQL: runs that one push starts come in this order.
    removeWhere(state.replicationPolicies, (known) => known.id === id);
    state.replicationPolicies.push({ ...settings, id, created: policy.created, updated: app.now() });
    return { status: 200 };
  }

  function remove(call: Call): Reply {
    const { id } = find(call, "replication-policy:delete");
    removeSchedules(app, REPLICATION, id);
    removeWhere(state.replicationPolicies, (policy) => policy.id === id);
    removeWhere(state.executions, (run) => run.vendorType === REPLICATION && run.vendorId === id);
    return { status: 200 };
  }

  const show = (policy: ReplicationPolicy): object => ({
    ...omitEmpty({
      id: policy.id,
      name: policy.name,
      description: policy.description,
      dest_namespace: policy.namespace,
      deletion: policy.deletion,
      replicate_deletion: policy.deletion,
      override: policy.override,
      enabled: policy.enabled,
    }),
    src_registry: showRegistry(app, policy.sourceId),
    dest_registry: showRegistry(app, policy.destinationId),
    dest_namespace_replace_count: policy.replaceCount,
    filters: policy.filters.length === 0 ? null : policy.filters.map(showFilter),
    ...(policy.trigger === undefined ? {} : { trigger: showTrigger(policy.trigger) }),
    speed: policy.speed,
    copy_by_chunk: policy.copyByChunk,
    single_active_replication: policy.singleActive,
    creation_time: policy.created,
    update_time: policy.updated,
  });

  return [
    {
      method: "GET",
      path: "/replication/policies",
      handle: (call) => {
        systemAccess(call, "replication-policy:list");
        const name = call.query.get("name") ?? "";
        const policies = state.replicationPolicies.filter((policy) => fuzzy(policy.name, name));
        return listReply(call, policies, columns, "-id", show);
      },
    },
    { method: "POST", path: "/replication/policies", handle: create },
    {
      method: "GET",
      path: "/replication/policies/{id}",
      handle: (call) => ({ status: 200, json: show(find(call, "replication-policy:read")) }),
    },
    { method: "PUT", path: "/replication/policies/{id}", handle: update },
    { method: "DELETE", path: "/replication/policies/{id}", handle: remove },
  ];
}

function checked(body: z.infer<typeof policyBody>): Settings {
  const trigger = body.trigger ?? undefined;
  const settings: Settings = {
    name: body.name ?? "",
    description: body.description ?? "",
    sourceId: body.src_registry?.id ?? 0,
    destinationId: body.dest_registry?.id ?? 0,
    namespace: body.dest_namespace ?? "",
    replaceCount: body.dest_namespace_replace_count ?? -1,
    filters: (body.filters ?? []).map(({ type, value, decoration }) => ({
      type: type ?? "",
      value,
      decoration: decoration ?? "",
    })),
    ...(trigger === undefined
      ? {}
      : {
          trigger: {
            type: trigger.type ?? "",
            ...(trigger.trigger_settings ? { cron: trigger.trigger_settings.cron ?? "" } : {}),
          },
        }),
    deletion: body.deletion ?? false,
    override: body.override ?? false,
    enabled: body.enabled ?? false,
    speed: Math.max(body.speed ?? 0, 0),
    copyByChunk: body.copy_by_chunk ?? false,
    singleActive: body.single_active_replication ?? false,
  };
  const problem = problemOf(settings);
  if (problem !== undefined) throw new HarborError(400, problem);
  // Harbor knows that this can't be, but not how to say it.
  if (settings.singleActive && settings.trigger?.type === "event_based") throw internalError();
  return settings;
}

function problemOf({
  name,
  sourceId,
  destinationId,
  filters,
  namespace,
  trigger,
}: Settings): string | undefined {
  if (name === "") return "empty name";
  if ((sourceId === 0) === (destinationId === 0)) {
    return "either src_registry or dest_registry should be empty and the other one shouldn't be empty";
  }
  for (const filter of filters) {
    const problem = filterProblem(filter);
    if (problem !== undefined) return problem;
  }
  if (namespace !== "" && !NAMESPACE.test(namespace)) return `invalid destination namespace: ${namespace}`;
  return trigger && triggerProblem(trigger);
}

function filterProblem({ type, value, decoration }: Filter): string | undefined {
  if (type === "label") {
    const texts = Array.isArray(value) && value.every((one) => typeof one === "string");
    return texts ? undefined : "the type of label filter value isn't string slice";
  }
  if (!["resource", "name", "tag"].includes(type)) return "invalid filter type";
  if (typeof value !== "string") return "the type of filter value isn't string";
  if (type === "resource" && !RESOURCES.includes(value)) return `invalid resource filter: ${value}`;
  return type !== "tag" && decoration !== "" ? "only tag and label filter support decoration" : undefined;
}

function triggerProblem({ type, cron = "" }: NonNullable<Settings["trigger"]>): string | undefined {
  if (type === "manual" || type === "event_based") return undefined;
  if (type !== "scheduled") return "invalid trigger type";
  if (cron === "") return "the cron string cannot be empty when the trigger type is scheduled";
  if (syntaxProblem(cron) !== undefined) return `invalid cron string for scheduled trigger: ${cron}`;
  if (cron.split(" ")[1] === "*") {
    return (
      cronProblem(cron) ?? "* is not allowed for the Minutes field of the cron setting of replication policy"
    );
  }
  return cronProblem(cron);
}

/** The cron by which the policy runs; empty where it doesn't run by one. */
function scheduled({ enabled, trigger }: Settings): string {
  return enabled && trigger?.type === "scheduled" ? (trigger.cron ?? "") : "";
}

function showFilter({ type, value, decoration }: Filter): object {
  return { type, value, ...(decoration === "" ? {} : { decoration }) };
}

function showTrigger({ type, cron }: NonNullable<Settings["trigger"]>): object {
  return { type, ...(cron === undefined ? {} : { trigger_settings: omitEmpty({ cron }) }) };
}
