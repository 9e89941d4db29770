/** Every kind of resource and every function that the provider knows. */
import { garbageCollection } from "./harbor/garbage-collection.ts";
import { getProject, getRegistry, getStatistics, getSystemInfo } from "./harbor/harbor-functions.ts";
import { immutableTagRule } from "./harbor/immutable-tag-rule.ts";
import { label } from "./harbor/label.ts";
import { projectMemberGroup } from "./harbor/member-group.ts";
import { oidcAuth } from "./harbor/oidc-auth.ts";
import { password } from "./harbor/password.ts";
import { project } from "./harbor/project.ts";
import { getPullQuota } from "./harbor/pull-quota.ts";
import { purgeAuditLog } from "./harbor/purge-audit-log.ts";
import { registry } from "./harbor/registry.ts";
import { replicationPolicy } from "./harbor/replication-policy.ts";
import { retentionPolicy } from "./harbor/retention-policy.ts";
import { robotAccount } from "./harbor/robot-account.ts";
import { scanAll } from "./harbor/scan-all.ts";
import { systemSettings } from "./harbor/system-settings.ts";
import { webhookPolicy } from "./harbor/webhook-policy.ts";
import { access } from "./host/access.ts";
import { sshKeyPair } from "./host/ssh-key-pair.ts";
import { mirrorPool } from "./nodes/mirror-pool.ts";
import type { FunctionModule, ResourceModule } from "./resource.ts";

export const resources: readonly ResourceModule[] = [
  registry,
  project,
  password,
  oidcAuth,
  projectMemberGroup,
  robotAccount,
  systemSettings,
  retentionPolicy,
  immutableTagRule,
  label,
  webhookPolicy,
  replicationPolicy,
  garbageCollection,
  purgeAuditLog,
  scanAll,
  access,
  sshKeyPair,
  mirrorPool,
];

export const functions: readonly FunctionModule[] = [
  getSystemInfo,
  getStatistics,
  getProject,
  getRegistry,
  getPullQuota,
];
