/** The stack's settings, and the same with everything changed that can be. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { PROJECT_ROOT } from "../../../tools/engine.ts";
import type { Encrypted } from "./environment.ts";
import type { Extra } from "./program/extra.ts";

export interface Settings {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly extras: readonly Extra[];
}

export interface Secrets {
  readonly client: Encrypted;
  readonly header: Encrypted;
}

interface Places {
  readonly upstream: string;
  readonly issuer: string;
}

const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICu1o40Xf55Q1hZi6BG/oNVpoN0TyE3yrD6LGswi/2aq";
const CERTIFICATE = readFileSync(join(PROJECT_ROOT, "test/fixtures/tls/registry.crt"), "utf8");

/** Twenty projects at once. */
export const CROWD = Array.from({ length: 20 }, (_, index) => `crowd-${index + 1}`);

export function first(
  { upstream, issuer }: Places,
  secrets: Secrets & { readonly upstream: Encrypted },
): Settings {
  const credentials = { username: "bot", password: secrets.upstream };
  return {
    settings: {
      hostname: "harbor.test",
      machine: { address: "127.0.0.1", user: "root", hostKey: HOST_KEY },
      harbor: { installer: { sha256: "0".repeat(64) }, trivy: { enabled: true } },
      protect: false,
      cache: { keepDays: 60 },
      registries: [{ name: "up.example", endpoint: upstream, insecure: true, credentials, quota: "1GiB" }],
      destinations: [{ name: "dr-site", type: "docker-registry", endpoint: upstream, insecure: true, credentials }],
      projects: [
        {
          name: "platform",
          quota: "2GiB",
          retention: { schedule: "0 0 4 * * *", rules: [{ mostRecentlyPushed: 10, tags: "v*" }] },
          immutableTags: [{ tags: "v*" }],
          labels: [{ name: "gold", color: "#0065AB", description: "kept for years" }],
          webhooks: [
            {
              name: "chat",
              url: "https://hooks.example/harbor",
              events: ["PUSH_ARTIFACT"],
              authHeader: secrets.header,
            },
          ],
          replication: [{ to: "dr-site", repositories: "app/**", tags: "v*", namespace: "mirror" }],
        },
        ...CROWD.map((name) => ({
          name,
          retention: { schedule: "0 0 5 * * *", rules: [{ daysSinceLastPush: 90 }] },
        })),
      ],
      robots: [
        { name: "ci", description: "pulls for CI", projects: ["platform", "proxy.up.example"], rotation: "1" },
        { name: "pusher", projects: ["platform"], push: true, expiresAfterDays: 30 },
      ],
      login: {
        issuer,
        client: { mode: "existing", id: "harbor", secret: secrets.client },
        adminGroup: "harbor-admins",
        groupFilter: "^(harbor-admins|team|viewers)$",
        members: [
          { group: "team", role: "maintainer", projects: ["platform"] },
          { group: "viewers", role: "viewer", projects: ["platform", "proxy.up.example"] },
        ],
      },
      maintenance: {
        garbageCollection: { schedule: "0 0 3 * * 6" },
        auditLog: { keepDays: 30 },
        scanSchedule: "0 0 1 * * 0",
        sessionMinutes: 120,
        tokenMinutes: 60,
        projectCreation: "adminonly",
        banner: { message: "Maintenance on friday" },
      },
    },
    extras: [
      {
        type: "RobotAccount",
        name: "deployer",
        by: "admin",
        args: {
          name: "deployer",
          level: "project",
          permissions: [permission("platform", ["pull"])],
          duration: 30,
        },
      },
      { type: "Registry", name: "spare", args: { ...spare(upstream), insecure: true } },
      { type: "Registry", name: "other", args: { ...spare(upstream), name: "other" } },
      {
        type: "ReplicationPolicy",
        name: "pull-in",
        endpoint: "spare",
        args: { name: "pull-in", action: "pull", schedule: "0 0 2 * * *", filters: [{ type: "name", value: "a/**" }] },
      },
      {
        type: "Project",
        name: "extra",
        args: { name: "extra", metadata: { severity: "high" }, storageQuota: 2 ** 20 },
      },
      { type: "ImmutableTagRule", name: "kept", args: { project: "platform", tagMatching: "release-*" } },
      { type: "Label", name: "silver", args: { name: "silver", project: "platform" } },
      ...moving("platform", "extra", 1),
      {
        type: "WebhookPolicy",
        name: "caller",
        args: { ...hook("caller"), project: "platform" },
      },
    ],
  };
}

/** The crowd is gone, and all that stays has other settings. */
export function second(places: Places, before: Settings, secrets: Secrets): Settings {
  const { upstream } = places;
  const [cache] = before.settings["registries"] as object[];
  return {
    settings: {
      ...before.settings,
      cache: { keepDays: "forever", localOnNotFound: true, speedKb: 5000, scanOnPull: true, blockSeverity: "high" },
      registries: [{ ...cache, quota: "3GiB" }],
      destinations: [{ name: "dr-site", type: "docker-registry", endpoint: upstream, insecure: true }],
      projects: [
        {
          name: "platform",
          public: true,
          quota: "4GiB",
          retention: {
            schedule: "0 30 4 * * *",
            rules: [{ always: true, tags: "v*" }, { daysSinceLastPull: 9, repositories: "app/**", untagged: false }],
          },
          immutableTags: [{ tags: "v*" }],
          labels: [{ name: "gold", color: "#FFD700", description: "kept for ever" }],
          webhooks: [
            {
              name: "chat",
              url: "https://hooks.example/new",
              events: ["PUSH_ARTIFACT", "QUOTA_WARNING"],
              authHeader: secrets.header,
              format: "CloudEvents",
              skipVerify: true,
            },
          ],
          replication: [{ to: "dr-site", on: "0 0 6 * * *", deletion: true, override: false, speedKb: 900 }],
        },
      ],
      robots: [
        { name: "ci", description: "for CI", projects: ["platform"], push: true, rotation: "1", rotateAfterDays: 365 },
        { name: "pusher", projects: ["platform"], push: true, expiresAfterDays: 60 },
      ],
      login: {
        ...(before.settings["login"] as object),
        name: "people",
        client: { mode: "existing", id: "harbor-2", secret: secrets.client },
        issuer: `${places.issuer}/`,
        scope: "openid,groups",
        groupsClaim: "teams",
        adminGroup: "root",
        groupFilter: "^(root|team|viewers)$",
        userClaim: "email",
        verifyCertificate: false,
        autoOnboard: true,
        logout: true,
        extraRedirectParameters: { prompt: "consent" },
        primary: true,
        checkIssuer: false,
        members: [
          { group: "team", role: "admin", projects: ["platform"] },
          { group: "viewers", role: "developer", projects: ["platform", "proxy.up.example"] },
        ],
      },
      maintenance: {
        garbageCollection: { schedule: "0 0 4 * * 0", deleteUntagged: true, workers: 3 },
        auditLog: { schedule: "0 0 2 * * *", keepDays: 7, events: ["pull_artifact"] },
        scanSchedule: "0 0 2 * * 1",
        sessionMinutes: 30,
        tokenMinutes: 15,
        projectCreation: "everyone",
        banner: { message: "Closed", type: "danger", closable: false, fromDate: "01/01/2026", toDate: "12/31/2026" },
      },
    },
    extras: [
      {
        type: "RobotAccount",
        name: "deployer",
        by: "admin",
        args: {
          name: "deployer",
          level: "project",
          permissions: [permission("platform", ["pull", "push"])],
          duration: 60,
          description: "deploys",
          disable: true,
        },
      },
      {
        type: "Registry",
        name: "spare",
        args: {
          ...spare(upstream.replace("127.0.0.1", "localhost")),
          name: "spare wheel",
          description: "changed",
          caCertificate: CERTIFICATE,
        },
      },
      { type: "Registry", name: "other", args: { ...spare(upstream), name: "other" } },
      {
        type: "ReplicationPolicy",
        name: "pull-in",
        endpoint: "other",
        args: {
          name: "pull in",
          description: "by night",
          action: "push",
          schedule: "0 0 3 * * *",
          destNamespace: "theirs",
          destNamespaceReplace: 1,
          filters: [{ type: "tag", value: "v*", decoration: "excludes" }],
          enabled: false,
          override: false,
          deletion: true,
          speed: 100,
          copyByChunk: true,
          singleActiveReplication: true,
        },
      },
      {
        type: "Project",
        name: "extra",
        args: { name: "extra", metadata: { severity: "low", auto_scan: "true" }, storageQuota: 2 ** 21, forceDestroy: true },
      },
      {
        type: "ImmutableTagRule",
        name: "kept",
        args: { project: "platform", tagExcluding: "dev-*", repoExcluding: "scratch/**", disabled: true },
      },
      {
        type: "Label",
        name: "silver",
        args: { name: "Silver", project: "platform", color: "#C0C0C0", description: "second" },
      },
      ...moving("extra", "library", 2),
      {
        type: "WebhookPolicy",
        name: "caller",
        args: {
          project: "platform",
          name: "called",
          description: "tells",
          eventTypes: ["DELETE_ARTIFACT"],
          notifyType: "slack",
          address: "https://hooks.example/2",
          skipCertVerify: true,
          enabled: false,
        },
      },
    ],
  };
}

export const spare = (endpointUrl: string) => ({
  name: "spare",
  providerName: "docker-registry",
  endpointUrl,
  proxyCache: false,
});

/** What Harbor can't take to another project or give another name, and what was never in both places at once. */
const moving = (project: string, retained: string, number: number): readonly Extra[] => [
  { type: "Project", name: "moving", args: { name: `moving-${number}` } },
  { type: "Label", name: "moving", args: { name: "moving", project } },
  { type: "ImmutableTagRule", name: "moving", args: { project, repoMatching: `moving-${number}/**` } },
  { type: "WebhookPolicy", name: "moving", args: { ...hook("moving"), project } },
  { type: "ProjectMemberGroup", name: "moving", args: { project, groupName: `moving-${number}`, role: "guest" } },
  {
    type: "RetentionPolicy",
    name: "moving",
    args: { project: retained, rules: [{ mostRecentlyPulled: number }] },
  },
  {
    type: "RobotAccount",
    name: "moving",
    by: "admin",
    args: {
      name: `moving-${number}`,
      level: number === 1 ? "system" : "project",
      permissions: [permission(project, ["pull"])],
    },
  },
];

export const hook = (name: string) => ({
  name,
  eventTypes: ["PULL_ARTIFACT"],
  address: "http://hooks.example/1",
});

export const permission = (namespace: string, actions: readonly string[]) => ({
  kind: "project",
  namespace,
  access: actions.map((action) => ({ resource: "repository", action })),
});
