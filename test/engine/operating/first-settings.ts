/** The stack's settings at first. */
import type { Encrypted } from "./environment.ts";
import { hook, moving, permission, spare } from "./objects.ts";
import type { Places, Secrets, Settings } from "./objects.ts";

const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICu1o40Xf55Q1hZi6BG/oNVpoN0TyE3yrD6LGswi/2aq";

/** Twenty projects at once. */
export const CROWD = Array.from({ length: 20 }, (_, index) => `crowd-${index + 1}`);

export function firstSettings(
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
      destinations: [
        { name: "dr-site", type: "docker-registry", endpoint: upstream, insecure: true, credentials },
      ],
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
        {
          name: "ci",
          description: "pulls for CI",
          projects: ["platform", "proxy.up.example"],
          rotation: "1",
        },
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
        type: "Project",
        name: "extra",
        args: { name: "extra", metadata: { severity: "high" }, storageQuota: 2 ** 20 },
      },
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
        args: {
          name: "pull-in",
          action: "pull",
          schedule: "0 0 2 * * *",
          filters: [{ type: "name", value: "a/**" }],
        },
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
