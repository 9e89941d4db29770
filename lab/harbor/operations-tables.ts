/** The database's tables for operating Harbor: policies, schedules, and what jobservice ran. */
import { z } from "zod";

const time = z.string();

/** A rule as it came in, less what is empty. */
const rule = z.record(z.string(), z.unknown());

const retention = z.object({
  id: z.int(),
  projectId: z.int(),
  algorithm: z.string(),
  rules: z.array(rule),
  trigger: z.object({ kind: z.string(), cron: z.string() }),
});

const immutableRule = z.object({ id: z.int(), projectId: z.int(), disabled: z.boolean(), rule });

const label = z.object({
  id: z.int(),
  name: z.string(),
  description: z.string(),
  color: z.string(),
  /** Global or of a project. */
  scope: z.enum(["g", "p"]),
  /** 0 for a global one. */
  projectId: z.int(),
  created: time,
  updated: time,
});

const replicationPolicy = z.object({
  id: z.int(),
  name: z.string(),
  description: z.string(),
  /** One of the two is 0: this Harbor. */
  sourceId: z.int(),
  destinationId: z.int(),
  namespace: z.string(),
  replaceCount: z.int(),
  filters: z.array(z.object({ type: z.string(), value: z.unknown(), decoration: z.string() })),
  trigger: z.object({ type: z.string(), cron: z.string().optional() }).optional(),
  deletion: z.boolean(),
  override: z.boolean(),
  enabled: z.boolean(),
  speed: z.int(),
  copyByChunk: z.boolean(),
  singleActive: z.boolean(),
  created: time,
  updated: time,
});

const webhookPolicy = z.object({
  id: z.int(),
  projectId: z.int(),
  name: z.string(),
  description: z.string(),
  enabled: z.boolean(),
  eventTypes: z.array(z.string()),
  targets: z.array(
    z.object({
      type: z.string(),
      address: z.string(),
      authHeader: z.string(),
      skipCertVerify: z.boolean(),
      payloadFormat: z.string(),
    }),
  ),
  created: time,
  updated: time,
});

const schedule = z.object({
  id: z.int(),
  vendorType: z.string(),
  /** A policy's id; 0 or -1 where there is none. */
  vendorId: z.int(),
  /** `Daily`, `Custom`, …; empty for policies. */
  type: z.string(),
  cron: z.string(),
  parameters: z.record(z.string(), z.unknown()),
  created: time,
  updated: time,
});

const execution = z.object({
  id: z.int(),
  vendorType: z.string(),
  vendorId: z.int(),
  trigger: z.enum(["MANUAL", "EVENT", "SCHEDULE"]),
  attributes: z.record(z.string(), z.unknown()),
  /** How many tasks it has. */
  tasks: z.int(),
  failed: z.boolean(),
  started: time,
  ends: time,
});

const allowlist = z.object({
  id: z.int(),
  items: z.array(z.object({ cve_id: z.string() })),
  expiresAt: z.int().optional(),
  created: time,
  updated: time,
});

export const operationsTables = {
  retentions: z.array(retention),
  immutableRules: z.array(immutableRule),
  labels: z.array(label),
  replicationPolicies: z.array(replicationPolicy),
  webhookPolicies: z.array(webhookPolicy),
  schedules: z.array(schedule),
  executions: z.array(execution),
  systemAllowlist: allowlist.optional(),
};

export type Retention = z.infer<typeof retention>;
export type ImmutableRule = z.infer<typeof immutableRule>;
export type Label = z.infer<typeof label>;
export type ReplicationPolicy = z.infer<typeof replicationPolicy>;
export type WebhookPolicy = z.infer<typeof webhookPolicy>;
export type Schedule = z.infer<typeof schedule>;
export type Execution = z.infer<typeof execution>;
