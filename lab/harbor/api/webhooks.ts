/** `/projects/{p}/webhook`: where Harbor tells what happens in a project. The stand-in keeps the policies and calls nobody. */
import { z } from "zod";
import type { App } from "../app.ts";
import type { Reply } from "../exchange.ts";
import { HarborError } from "../harbor-error.ts";
import type { WebhookPolicy } from "../operations-tables.ts";
import { NEVER, removeWhere } from "../store.ts";
import type { Call, Permission, Route } from "./call.ts";
import { bodyOf, idParam } from "./call.ts";
import { omitEmpty } from "./go-json.ts";
import { listReply } from "./list.ts";
import { projectIdFor } from "./project-access.ts";

const EVENT_TYPES = [
  "PUSH_ARTIFACT",
  "PULL_ARTIFACT",
  "DELETE_ARTIFACT",
  "QUOTA_EXCEED",
  "QUOTA_WARNING",
  "SCANNING_FAILED",
  "SCANNING_STOPPED",
  "SCANNING_COMPLETED",
  "REPLICATION",
  "TAG_RETENTION",
];
const TARGET_TYPES = ["http", "slack"];
const FORMATS = ["Default", "CloudEvents"];

const text = z.string().nullish();
const policyBody = z.object({
  name: text,
  description: text,
  enabled: z.boolean().nullish(),
  event_types: z.array(z.string()).nullish(),
  targets: z
    .array(
      z.object({
        type: text,
        address: text,
        auth_header: text,
        skip_cert_verify: z.boolean().nullish(),
        payload_format: text,
      }),
    )
    .nullish(),
});

const columns = {
  id: (policy: WebhookPolicy) => policy.id,
  name: (policy: WebhookPolicy) => policy.name,
  creation_time: (policy: WebhookPolicy) => policy.created,
};

type Settings = Omit<WebhookPolicy, "id" | "projectId" | "created" | "updated">;
type Target = WebhookPolicy["targets"][number];

export function webhookRoutes(app: App): Route[] {
  const { state, store } = app;
  const list = "/projects/{project_name_or_id}/webhook/policies";
  const one = `${list}/{webhook_policy_id}`;

  function find(call: Call, permission: Permission): WebhookPolicy {
    const id = idParam(call, "webhook_policy_id");
    const projectId = projectIdFor(app, call, permission);
    const policy = state.webhookPolicies.find((candidate) => candidate.id === id);
    if (policy === undefined) throw new HarborError(404, `notificationPolicy ${id} not found`);
    if (policy.projectId !== projectId) {
      const missing = `project id:${projectId}, webhook policy id: ${id} not found`;
      throw new HarborError(404, `resource not found: ${missing}`);
    }
    return policy;
  }

  function refuseTaken(name: string, projectId: number, id?: number): void {
    const taken = state.webhookPolicies.some(
      (policy) => policy.name === name && policy.projectId === projectId && policy.id !== id,
    );
    if (taken) throw new HarborError(409, `notification policy named ${name} already exists`);
  }

  function create(call: Call): Reply {
    const projectId = projectIdFor(app, call, "notification-policy:create");
    const settings = parse(call);
    const id = store.next("webhookPolicy");
    refuseTaken(settings.name, projectId);
    const at = app.now();
    state.webhookPolicies.push({ ...settings, id, projectId, created: at, updated: at });
    return { status: 201, headers: { Location: `/api/v2.0${call.path}/${id}` } };
  }

  // Harbor loses the time of creation here and doesn't note the one of the change.
  function update(call: Call): Reply {
    const policy = find(call, "notification-policy:update");
    const settings = parse(call);
    refuseTaken(settings.name, policy.projectId, policy.id);
    Object.assign(policy, settings, { created: NEVER });
    return { status: 200 };
  }

  return [
    {
      method: "GET",
      path: "/projects/{project_name_or_id}/webhook/events",
      handle: (call) => {
        projectIdFor(app, call, "notification-policy:read");
        return {
          status: 200,
          json: {
            event_type: EVENT_TYPES,
            notify_type: TARGET_TYPES,
            payload_formats: [{ formats: FORMATS, notify_type: "http" }],
          },
        };
      },
    },
    { method: "POST", path: list, handle: create },
    { method: "PUT", path: one, handle: update },
    {
      method: "GET",
      path: list,
      handle: (call) => {
        const projectId = projectIdFor(app, call, "notification-policy:list");
        const policies = state.webhookPolicies.filter((policy) => policy.projectId === projectId);
        return listReply(call, policies, columns, "-id", show);
      },
    },
    {
      method: "GET",
      path: one,
      handle: (call) => ({ status: 200, json: show(find(call, "notification-policy:read")) }),
    },
    {
      method: "DELETE",
      path: one,
      handle: (call) => {
        const { id } = find(call, "notification-policy:delete");
        removeWhere(state.webhookPolicies, (policy) => policy.id === id);
        return { status: 200 };
      },
    },
  ];
}

function parse(call: Call): Settings {
  const body = bodyOf(call, policyBody, "policy", { "": "WebhookPolicy" });
  const name = body.name ?? "";
  const eventTypes = body.event_types ?? [];
  if (eventTypes.length === 0) throw new HarborError(400, "empty event type");
  for (const type of eventTypes) {
    if (!EVENT_TYPES.includes(type)) throw new HarborError(400, `unsupported event type ${type}`);
  }
  const targets = (body.targets ?? []).map((target): Target => ({
    type: target.type ?? "",
    address: target.address ?? "",
    authHeader: target.auth_header ?? "",
    skipCertVerify: target.skip_cert_verify ?? false,
    payloadFormat: target.payload_format ?? "",
  }));
  if (targets.length === 0) throw new HarborError(400, `empty notification target with policy ${name}`);
  for (const target of targets) {
    checkAddress(target.address);
    checkType(target, name);
    if (target.type === "http" && target.payloadFormat === "") target.payloadFormat = "Default";
  }
  return { name, description: body.description ?? "", enabled: body.enabled ?? false, eventTypes, targets };
}

function checkAddress(address: string): void {
  if (/^[ /]*$/.test(address)) throw new HarborError(400, "empty URL");
  const [, scheme] = /^(.*?):\/\//.exec(address.trim()) ?? [];
  if (scheme !== undefined && !["http", "https"].includes(scheme)) {
    throw new HarborError(400, `invalid scheme: ${scheme}`);
  }
}

function checkType({ type, payloadFormat }: Target, policy: string): void {
  if (!TARGET_TYPES.includes(type)) {
    throw new HarborError(400, `unsupported target type ${type} with policy ${policy}`);
  }
  if (payloadFormat === "") return;
  if (type === "slack") throw new HarborError(400, "set payload format is not allowed for slack");
  if (!FORMATS.includes(payloadFormat)) {
    throw new HarborError(400, `unsupported payload format type: ${payloadFormat}`);
  }
}

function show(policy: WebhookPolicy): object {
  const { id, name, description, enabled, projectId, eventTypes, targets, created, updated } = policy;
  const shown = omitEmpty({
    id,
    name,
    description,
    project_id: projectId,
    event_types: eventTypes,
    targets: targets.map(({ type, address, authHeader, skipCertVerify, payloadFormat }) =>
      omitEmpty({
        type,
        address,
        auth_header: authHeader,
        skip_cert_verify: skipCertVerify,
        payload_format: payloadFormat,
      }),
    ),
    creation_time: created,
    update_time: updated,
  });
  return { ...shown, enabled };
}
