import * as pulumi from "@pulumi/pulumi";
import { beforeEach, expect, test } from "vitest";

import { Projects } from "../../../components/projects/projects.ts";
import { Provider } from "../../../provider/sdk.ts";
import { settingsOf, valid } from "../config/valid.ts";
import { recordResources, settled } from "../mocks.ts";
import type { Registered } from "../mocks.ts";

let registered: Registered[] = [];
beforeEach(async () => {
  registered = await recordResources(({ type }) =>
    type === "harborcache:harbor:Registry" ? { registryId: 7, status: "healthy" } : {},
  );
});

const SECRETS = new Set(["harbor-cache:destinations", "harbor-cache:projects"]);

async function made(tree: object): Promise<Record<string, unknown>> {
  const settings = settingsOf({ ...valid(), ...tree }, SECRETS);
  const provider = new Provider("harbor", { url: "https://h.example.com", username: "robot", password: "p" });
  const { projects, destinations, protect } = settings;
  const component = new Projects("projects", { projects, destinations, protect, provider, harbor: provider });
  await Promise.all(Object.values(component.projectNames).map((name) => settled(name)));
  await pulumi.runtime.disconnect();
  return Object.fromEntries(
    registered
      .filter(({ type }) => type.startsWith("harborcache:harbor:"))
      .map(({ type, name, inputs }) => [`${type.split(":")[2] ?? ""} ${name}`, inputs]),
  );
}

test("nothing is made where nothing is asked for", async () => {
  expect(await made({})).toEqual({});
});

test("a project with all that can hold in it, and a copy of it elsewhere", async () => {
  const resources = await made({
    destinations: [
      {
        name: "dr",
        endpoint: "https://dr.example.com",
        credentials: { username: "robot$push", password: "geheim" },
      },
    ],
    projects: [
      {
        name: "platform",
        quota: "1GiB",
        retention: {
          schedule: "0 0 4 * * *",
          rules: [
            { mostRecentlyPushed: 10, tags: "v*" },
            { always: true, repositories: "base/**", untagged: false },
          ],
        },
        immutableTags: [{ tags: "v*" }],
        labels: [{ name: "gold", color: "#0065AB" }],
        webhooks: [
          { name: "chat", url: "https://hooks.example.com/x", events: ["PUSH_ARTIFACT"], type: "slack" },
          {
            name: "ci",
            url: "https://ci.example.com",
            events: ["PUSH_ARTIFACT"],
            authHeader: "Bearer geheim",
          },
        ],
        replication: [{ to: "dr", tags: "v*", namespace: "mirror", deletion: true }],
      },
      { name: "tools", public: true },
    ],
  });
  expect(resources).toMatchObject({
    "Registry projects-dr": {
      // Of another type another one, which is made before the policy leaves the old one.
      name: "dr (harbor)",
      providerName: "harbor",
      endpointUrl: "https://dr.example.com",
      description: "Projects are copied there; managed by harbor-cache",
      insecure: false,
      proxyCache: false,
      accessId: "robot$push",
    },
    "Project projects-platform": { name: "platform", public: false, storageQuota: 2 ** 30 },
    "RetentionPolicy projects-platform": {
      project: "platform",
      schedule: "0 0 4 * * *",
      rules: [
        { mostRecentlyPushed: 10, repoMatching: "**", tagMatching: "v*", untaggedArtifacts: true },
        { alwaysRetain: true, repoMatching: "base/**", tagMatching: "**", untaggedArtifacts: false },
      ],
    },
    "ImmutableTagRule projects-platform/**/v*": {
      project: "platform",
      repoMatching: "**",
      tagMatching: "v*",
    },
    "Label projects-platform/gold": { project: "platform", name: "gold", color: "#0065AB" },
    "WebhookPolicy projects-platform/chat": {
      project: "platform",
      name: "chat",
      eventTypes: ["PUSH_ARTIFACT"],
      notifyType: "slack",
      skipCertVerify: false,
    },
    "WebhookPolicy projects-platform/ci": { payloadFormat: "Default", notifyType: "http" },
    "ReplicationPolicy projects-platform/dr": {
      name: "platform-to-dr",
      description: "Managed by harbor-cache",
      action: "push",
      registryId: 7,
      schedule: "event_based",
      filters: [
        { type: "name", value: "platform/**" },
        { type: "tag", value: "v*" },
      ],
      destNamespace: "mirror",
      destNamespaceReplace: 1,
      deletion: true,
      override: true,
      speed: -1,
    },
    "Project projects-tools": { name: "tools", public: true, storageQuota: -1 },
  });
  expect(Object.keys(resources)).toHaveLength(9);
  // Slack's has no payload format, and no secret stands in the clear anywhere.
  expect(resources["WebhookPolicy projects-platform/chat"]).not.toHaveProperty("payloadFormat");
});
