import * as pulumi from "@pulumi/pulumi";

import type { RegistrySettings } from "../../config/settings.ts";
import { Project, Registry, RetentionPolicy } from "../../provider/sdk.ts";
import type { Provider } from "../../provider/sdk.ts";
import { cacheMetadata, cacheRetention, retentionWarning } from "./cache-options.ts";
import { endpointName } from "./endpoint-name.ts";

export interface CacheArgs {
  /** Upstreams, each becoming an endpoint and a proxy-cache project. */
  readonly registries: readonly RegistrySettings[];
  /** The Harbor that becomes the cache. */
  readonly provider: Provider;
  /**
   * What Harbor lives in. Where that is destroyed too, endpoints and projects are not deleted one by one: Harbor's data
   * is kept as it is, and Harbor need not answer any more.
   */
  readonly harbor: pulumi.Resource;
}

/** Harbor's own time for it. */
const RETENTION_RUN = "0 0 0 * * *";

/** Turns a running Harbor into a pull-through cache: one endpoint and one proxy-cache project per upstream. */
export class Cache extends pulumi.ComponentResource {
  /** Harbor project by registry name, known once the project exists. */
  readonly projects: pulumi.Output<Record<string, string>>;
  /** By the project's own name, known once it exists. */
  readonly projectNames: Readonly<Record<string, pulumi.Output<string>>>;
  /** Harbor's number by the project's own name. */
  readonly projectIds: Readonly<Record<string, pulumi.Output<number>>>;

  constructor(name: string, args: CacheArgs, opts?: pulumi.ComponentResourceOptions) {
    super("harborcache:components:Cache", name, {}, opts);
    const projects = args.registries.map((registry) => {
      const metadata = cacheMetadata(registry.cache);
      const child = { parent: this, provider: args.provider, deletedWith: args.harbor };
      const endpoint = new Registry(
        `${name}-${registry.name}`,
        {
          name: endpointName(registry),
          providerName: registry.type,
          endpointUrl: registry.endpoint,
          description: `Upstream of the project ${registry.project}, managed by harbor-cache`,
          insecure: registry.insecure,
          ...(registry.credentials && {
            accessId: registry.credentials.username,
            accessSecret: registry.credentials.password,
          }),
          ...(registry.caCertificate !== undefined && { caCertificate: registry.caCertificate }),
        },
        child,
      );
      const project = new Project(
        `${name}-${registry.name}`,
        {
          name: registry.project,
          registryId: endpoint.registryId,
          public: registry.public,
          storageQuota: registry.quotaBytes,
          ...(Object.keys(metadata).length > 0 && { metadata }),
          // Everything in a cache can be pulled again, and Harbor deletes no project that holds images.
          forceDestroy: true,
        },
        child,
      );
      new RetentionPolicy(
        `${name}-${registry.name}`,
        { project: project.name, schedule: RETENTION_RUN, rules: [cacheRetention(registry.cache)] },
        child,
      );
      const warning = retentionWarning(registry.name, registry.cache);
      if (warning !== undefined) void pulumi.log.warn(warning, this);
      return { registry, name: project.name, id: project.projectId };
    });
    this.projects = pulumi.output(
      Object.fromEntries(projects.map(({ registry, name: made }) => [registry.name, made])),
    );
    this.projectNames = Object.fromEntries(
      projects.map(({ registry, name: made }) => [registry.project, made]),
    );
    this.projectIds = Object.fromEntries(projects.map(({ registry, id }) => [registry.project, id]));
    this.registerOutputs({ projects: this.projects });
  }
}
