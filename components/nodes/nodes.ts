/** Points the nodes of a cluster at the cache: one `MirrorPool` per pool. */
import * as pulumi from "@pulumi/pulumi";
import type { NodeSettings, PoolSettings, RegistrySettings, SshAccess } from "../../config/settings.ts";
import { MirrorPool } from "../../provider/sdk.ts";
import type { AppliedNode, NodeFile, PoolNode, SshTarget } from "../../provider/sdk.ts";
import { crioCaFile, crioCaPath, crioDropIn } from "./crio-drop-in.ts";
import type { HarborEndpoint } from "./crio-drop-in.ts";

export interface NodesArgs {
  readonly pools: readonly PoolSettings[];
  readonly registries: readonly RegistrySettings[];
  /** Where the nodes reach Harbor. Plain, so that a preview shows the files. */
  readonly harbor: HarborEndpoint;
  /** PEM, given to the nodes' certs.d. Absent: Harbor's certificate is a public one, or there is none. */
  readonly caCertificate?: pulumi.Input<string> | undefined;
  /** What the files point at. A node gets none before that is there; a component's dependsOn would not reach the pools. */
  readonly after: readonly pulumi.Resource[];
}

export class Nodes extends pulumi.ComponentResource {
  /** What each node was last given, by pool. */
  readonly applied: pulumi.Output<Record<string, Record<string, AppliedNode>>>;

  constructor(name: string, args: NodesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("harborcache:components:Nodes", name, {}, opts);
    const pools = args.pools.map((pool) => [pool.name, this.pool(name, pool, args)] as const);
    this.applied = pulumi.output(Object.fromEntries(pools.map(([key, pool]) => [key, pool.applied])));
    this.registerOutputs({ applied: this.applied });
  }

  private pool(name: string, pool: PoolSettings, args: NodesArgs): MirrorPool {
    return new MirrorPool(
      `${name}-${pool.name}`,
      {
        nodes: pool.nodes.map(poolNode),
        files: [
          ...args.registries.map((registry) => dropIn(registry, pool, args.harbor)),
          ...(args.caCertificate === undefined ? [] : [caFile(args.caCertificate, pool, args.harbor)]),
        ],
        sudo: pool.sudo,
        dropInDir: pool.dropInDir,
        reloadCommand: pool.reloadCommand,
        checkCommand: pool.checkCommand,
        rollout: { parallel: pool.rollout.parallel },
        timeouts: { ...pool.timeouts },
      },
      { parent: this, dependsOn: [...args.after] },
    );
  }
}

function dropIn(registry: RegistrySettings, pool: PoolSettings, harbor: HarborEndpoint): NodeFile {
  return crioDropIn(registry, harbor, { dropInDir: pool.dropInDir, pool: pool.name });
}

/** Path and mode are plain, so that only the content is unknown while Harbor is yet to be made. */
function caFile(certificate: pulumi.Input<string>, pool: PoolSettings, harbor: HarborEndpoint): NodeFile {
  return {
    path: crioCaPath(harbor, pool.certsDir),
    content: pulumi.output(certificate).apply((pem) => crioCaFile(pem, pool.name)),
    mode: "0644",
  };
}

function poolNode(node: NodeSettings): PoolNode {
  return { name: node.name, ...sshTarget(node) };
}

function sshTarget(access: SshAccess): SshTarget {
  return {
    address: access.address,
    port: access.port,
    user: access.user,
    hostKey: access.hostKey,
    ...(access.privateKey === undefined ? {} : { privateKey: access.privateKey }),
    ...(access.jump === undefined ? {} : { jump: sshTarget(access.jump) }),
  };
}
