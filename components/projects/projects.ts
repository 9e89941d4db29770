import * as pulumi from "@pulumi/pulumi";

import type { DestinationSettings, ProjectSettings } from "../../config/settings.ts";
import {
  ImmutableTagRule,
  Label,
  Project,
  Registry,
  ReplicationPolicy,
  RetentionPolicy,
  WebhookPolicy,
} from "../../provider/sdk.ts";
import type { Provider, ReplicationPolicyArgs, RetentionRule } from "../../provider/sdk.ts";
import { endpointName } from "../cache/endpoint-name.ts";

export interface ProjectsArgs {
  readonly projects: readonly ProjectSettings[];
  readonly destinations: readonly DestinationSettings[];
  readonly provider: Provider;
  /** Pulumi refuses to delete a project, whose images nobody can pull again from elsewhere. */
  readonly protect: boolean;
  /** What Harbor lives in; where that is destroyed too, nothing in it is deleted one by one. */
  readonly harbor: pulumi.Resource;
}

type Rule = NonNullable<ProjectSettings["retention"]>["rules"][number];
type Replication = ProjectSettings["replication"][number];

/** Projects of one's own, what holds in them, and where their artifacts are copied to. */
export class Projects extends pulumi.ComponentResource {
  /** By name, known once the project exists. */
  readonly projectNames: Readonly<Record<string, pulumi.Output<string>>>;
  /** Harbor's number by name. */
  readonly projectIds: Readonly<Record<string, pulumi.Output<number>>>;

  constructor(name: string, args: ProjectsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("harborcache:components:Projects", name, {}, opts);
    const child = { parent: this, provider: args.provider, deletedWith: args.harbor };
    const destinations = new Map(
      args.destinations.map((destination) => [
        destination.name,
        new Registry(`${name}-${destination.name}`, registryArgs(destination), child),
      ]),
    );
    const made = args.projects.map((settings) => {
      const project = new Project(
        `${name}-${settings.name}`,
        { name: settings.name, public: settings.public, storageQuota: settings.quota },
        { ...child, protect: args.protect },
      );
      // Neither name holds a slash, so that no two resources meet.
      const prefix = `${name}-${settings.name}`;
      const within = { project: project.name };
      if (settings.retention !== undefined) {
        const { schedule, rules } = settings.retention;
        new RetentionPolicy(prefix, { ...within, schedule, rules: rules.map(retentionRule) }, child);
      }
      settings.immutableTags.forEach(({ repositories, tags }) => {
        const rule = { ...within, repoMatching: repositories, tagMatching: tags };
        new ImmutableTagRule(`${prefix}/${repositories}/${tags}`, rule, child);
      });
      for (const label of settings.labels)
        new Label(`${prefix}/${label.name}`, { ...within, ...label }, child);
      for (const hook of settings.webhooks) {
        new WebhookPolicy(`${prefix}/${hook.name}`, { ...within, ...webhookArgs(hook) }, child);
      }
      for (const replication of settings.replication) {
        const destination = destinations.get(replication.to);
        if (destination === undefined) throw new Error(`no destination ${replication.to}`);
        new ReplicationPolicy(
          `${prefix}/${replication.to}`,
          replicationArgs(settings.name, replication, destination),
          // Its filter names the project, which it doesn't depend on otherwise.
          { ...child, dependsOn: project },
        );
      }
      return [settings.name, project] as const;
    });
    this.projectNames = Object.fromEntries(made.map(([known, project]) => [known, project.name]));
    this.projectIds = Object.fromEntries(made.map(([known, project]) => [known, project.projectId]));
    this.registerOutputs({});
  }
}

function registryArgs(destination: DestinationSettings) {
  const { type, endpoint, credentials, insecure, caCertificate } = destination;
  return {
    name: endpointName(destination),
    providerName: type,
    endpointUrl: endpoint,
    description: "Projects are copied there; managed by harbor-cache",
    insecure,
    proxyCache: false,
    ...(credentials && { accessId: credentials.username, accessSecret: credentials.password }),
    ...(caCertificate !== undefined && { caCertificate }),
  };
}

function retentionRule(rule: Rule): RetentionRule {
  const { daysSinceLastPull, daysSinceLastPush, mostRecentlyPulled, mostRecentlyPushed, always } = rule;
  return {
    ...(daysSinceLastPull !== undefined && { nDaysSinceLastPull: daysSinceLastPull }),
    ...(daysSinceLastPush !== undefined && { nDaysSinceLastPush: daysSinceLastPush }),
    ...(mostRecentlyPulled !== undefined && { mostRecentlyPulled }),
    ...(mostRecentlyPushed !== undefined && { mostRecentlyPushed }),
    ...(always === true && { alwaysRetain: true }),
    repoMatching: rule.repositories,
    tagMatching: rule.tags,
    untaggedArtifacts: rule.untagged,
  };
}

function webhookArgs(hook: ProjectSettings["webhooks"][number]) {
  return {
    name: hook.name,
    eventTypes: [...hook.events],
    notifyType: hook.type,
    // A chat's address lets everybody write there.
    address: pulumi.secret(hook.url),
    ...(hook.authHeader !== undefined && { authHeader: hook.authHeader }),
    ...(hook.type === "http" && { payloadFormat: hook.format }),
    skipCertVerify: hook.skipVerify,
  };
}

function replicationArgs(
  project: string,
  { to, on, repositories, tags, namespace, deletion, override, speedKb }: Replication,
  destination: Registry,
): ReplicationPolicyArgs {
  return {
    name: `${project}-to-${to}`,
    description: "Managed by harbor-cache",
    action: "push",
    registryId: destination.registryId,
    schedule: on === "push" ? "event_based" : on,
    filters: [
      { type: "name", value: `${project}/${repositories ?? "**"}` },
      ...(tags === undefined ? [] : [{ type: "tag" as const, value: tags }]),
    ],
    ...(namespace !== undefined && { destNamespace: namespace, destNamespaceReplace: 1 }),
    deletion,
    override,
    speed: speedKb,
  };
}
