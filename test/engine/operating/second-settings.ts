/** The same stack with everything changed that can be. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { PROJECT_ROOT } from "../../../tools/engine.ts";
import { moving, permission, spare } from "./objects.ts";
import type { Places, Secrets, Settings } from "./objects.ts";

const CERTIFICATE = readFileSync(join(PROJECT_ROOT, "test/fixtures/tls/registry.crt"), "utf8");

/** The crowd is gone, and all that stays has other settings. */
export function secondSettings(places: Places, before: Settings, secrets: Secrets): Settings {
  const { upstream } = places;
  const [cache] = before.settings["registries"] as object[];
  return {
    settings: {
      ...before.settings,
      cache: {
        keepDays: "forever",
        localOnNotFound: true,
        speedKb: 5000,
        scanOnPull: true,
        blockSeverity: "high",
      },
      registries: [{ ...cache, quota: "3GiB" }],
      destinations: [{ name: "dr-site", type: "docker-registry", endpoint: upstream, insecure: true }],
      projects: [
        {
          name: "platform",
          public: true,
          quota: "4GiB",
          retention: {
            schedule: "0 30 4 * * *",
            rules: [
              { always: true, tags: "v*" },
              { daysSinceLastPull: 9, repositories: "app/**", untagged: false },
            ],
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
        {
          name: "ci",
          description: "for CI",
          projects: ["platform"],
          push: true,
          rotation: "1",
          rotateAfterDays: 365,
        },
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
        banner: {
          message: "Closed",
          type: "danger",
          closable: false,
          fromDate: "01/01/2026",
          toDate: "12/31/2026",
        },
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
        args: {
          name: "extra",
          metadata: { severity: "low", auto_scan: "true" },
          storageQuota: 2 ** 21,
          forceDestroy: true,
        },
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
