/** `harborcache:harbor:WebhookPolicy`: tells a service what happens in a project. Its id is `project/number`. */
import { z } from "zod";
import type { CheckFailure } from "../resource.ts";
import type { Properties } from "../values.ts";
import { oneOfEvents, WEBHOOK_EVENTS } from "./event-types.ts";
import { harborObject, type Wanted } from "./harbor-object.ts";
import { projectShape } from "./project-inputs.ts";
import { projectObjects } from "./project-object.ts";
import { shownText, type Seen } from "./seen.ts";
import { withoutUndefined } from "./without-undefined.ts";

const objects = projectObjects("webhook/policies");

const eventType = oneOfEvents(WEBHOOK_EVENTS);

const address = z.string().superRefine((text, context) => {
  const parsed = URL.parse(text);
  const message =
    parsed === null || !["http:", "https:"].includes(parsed.protocol)
      ? "must be a URL with http or https: Harbor takes any text, and then calls nobody"
      : parsed.username !== "" || parsed.password !== ""
        ? "must not hold credentials: give authHeader"
        : undefined;
  if (message !== undefined) context.addIssue({ code: "custom", message });
});

const shape = {
  project: projectShape.name,
  name: z.string().min(1, "must not be empty").max(255, "must have at most 255 characters"),
  description: z.string().min(1, "must not be empty: leave it out").optional(),
  eventTypes: z.array(eventType).min(1, "must name at least one type"),
  notifyType: z.enum(["http", "slack"], "must be http or slack").default("http"),
  address,
  authHeader: z.string().min(1, "must not be empty: leave it out").optional(),
  /** Absent is Harbor's default. */
  payloadFormat: z
    .enum(["Default", "CloudEvents"], "must be Default or CloudEvents")
    .transform((format) => (format === "Default" ? undefined : format))
    .optional(),
  skipCertVerify: z.boolean().default(false),
  enabled: z.boolean().default(true),
};

const policySchema = z.object({
  id: z.int(),
  name: z.string().default(""),
  description: shownText,
  enabled: z.boolean().default(false),
  event_types: z.array(z.string()).default([]),
  targets: z
    .array(
      z.object({
        type: z.string().default(""),
        address: z.string().default(""),
        auth_header: shownText,
        skip_cert_verify: z.boolean().default(false),
        payload_format: shownText,
      }),
    )
    .default([]),
});

export const webhookPolicy = harborObject({
  type: "harborcache:harbor:WebhookPolicy",
  what: "webhook policy",
  shape,
  outputs: [],
  replaceOn: ["project"],
  key: ["name", "project"],
  secretInputs: ["authHeader"],
  rules: formatRules,

  async find(harbor, { project, name }) {
    const policies = await objects.list(harbor, project, z.array(policySchema));
    const found = policies.find((policy) => policy.name === name);
    return found && toSeen(project, found);
  },

  async get(harbor, id) {
    const { path, project } = objects.placeOf(id);
    const found = await harbor.find(path, policySchema, true);
    return found && toSeen(project, found);
  },

  post: (_harbor, wanted) =>
    Promise.resolve({ path: objects.pathOf(wanted.project), body: toPolicy(wanted), byName: true }),

  made: ({ location }, { project }) => ({
    id: `${project}/${location.split("/").at(-1) ?? ""}`,
    outputs: {},
  }),

  async put(harbor, seen, wanted) {
    const { path, number } = objects.placeOf(seen.id);
    await harbor.put(path, { ...toPolicy(wanted), id: number }, true);
    return {};
  },

  remove: (harbor, seen) => harbor.delete(objects.placeOf(seen.id).path, true),
});

function formatRules({ notifyType, payloadFormat }: Properties): CheckFailure[] {
  if (notifyType !== "slack" || payloadFormat === undefined) return [];
  return [
    { property: "payloadFormat", reason: "only the notifyType http has payload formats: leave it out" },
  ];
}

/** All of it: what a PUT leaves out is gone (quirk 52). */
function toPolicy(wanted: Wanted<typeof shape>) {
  return {
    name: wanted.name,
    description: wanted.description,
    enabled: wanted.enabled,
    event_types: wanted.eventTypes,
    targets: [
      {
        type: wanted.notifyType,
        address: wanted.address,
        auth_header: wanted.authHeader,
        skip_cert_verify: wanted.skipCertVerify,
        payload_format: wanted.payloadFormat,
      },
    ],
  };
}

function toSeen(project: string, { id, name, description, enabled, event_types, targets }: Policy): Seen {
  const [target] = targets;
  const inputs = withoutUndefined({
    project,
    name,
    description,
    eventTypes: event_types,
    notifyType: target?.type,
    // Several targets, which only the API can make, show as an address that nobody wrote.
    address: targets.map((one) => one.address).join(" "),
    authHeader: target?.auth_header,
    payloadFormat: target?.payload_format === "Default" ? undefined : target?.payload_format,
    skipCertVerify: target?.skip_cert_verify,
    enabled,
  });
  return { id: `${project}/${id}`, inputs, outputs: {} };
}

type Policy = z.infer<typeof policySchema>;
