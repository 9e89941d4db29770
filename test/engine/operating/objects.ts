/** What both settings of this test's stack are made of. */
import type { Encrypted } from "./environment.ts";
import type { Extra } from "./program/extra.ts";

export interface Settings {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly extras: readonly Extra[];
}

export interface Secrets {
  /** Of the client that Harbor is to the issuer. */
  readonly client: Encrypted;
  /** That a webhook sends. */
  readonly header: Encrypted;
}

export interface Places {
  readonly upstream: string;
  readonly issuer: string;
}

export const spare = (endpointUrl: string) => ({
  name: "spare",
  providerName: "docker-registry",
  endpointUrl,
  proxyCache: false,
});

/** One of each kind that Harbor can't take to another project, or give another name. */
export const moving = (project: string, retained: string, number: number): readonly Extra[] => [
  { type: "Project", name: "moving", args: { name: `moving-${number}` } },
  { type: "Label", name: "moving", args: { name: "moving", project } },
  { type: "ImmutableTagRule", name: "moving", args: { project, repoMatching: `moving-${number}/**` } },
  { type: "WebhookPolicy", name: "moving", args: { ...hook("moving"), project } },
  {
    type: "ProjectMemberGroup",
    name: "moving",
    args: { project, groupName: `moving-${number}`, role: "guest" },
  },
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
