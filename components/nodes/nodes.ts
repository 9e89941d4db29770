/** Points the nodes of a cluster at the cache: one `MirrorPool` per pool. */
import * as pulumi from "@pulumi/pulumi";
import type { PoolSettings, RegistrySettings } from "../../config/settings.ts";
import { MirrorPool } from "../../provider/sdk.ts";
import type { AppliedNode, VerifyPull } from "../../provider/sdk.ts";
import type { HostAccess } from "../host/host.ts";
import type { RobotLogin } from "../robots/robot-login.ts";
import { loginOf } from "./login.ts";
import type { HarborEndpoint } from "./node-mirrors.ts";
import { othersOf } from "./others.ts";
import { poolAccess, sshTarget } from "./pool-access.ts";
import { poolFiles } from "./pool-files.ts";
import { verifyPull } from "./verify-pull.ts";

export interface NodesArgs {
  readonly pools: readonly PoolSettings[];
  readonly registries: readonly RegistrySettings[];
  /** Where the nodes reach Harbor. Plain, so that a preview shows the files. */
  readonly harbor: HarborEndpoint;
  /** PEM, given to the nodes' certs.d. Absent: Harbor's certificate is a public one, or there is none. */
  readonly caCertificate?: pulumi.Input<string> | undefined;
  /** For the caches that aren't public; absent where all are. */
  readonly pullRobot?: RobotLogin | undefined;
  /** Harbor's, in which the pull of a pool's `verifyPull` has to show; without such a pool nobody reads it. */
  readonly accessLog?: AccessLog | undefined;
  /** What the files point at. A node gets none before that is there; a component's dependsOn would not reach the pools. */
  readonly after: readonly pulumi.Resource[];
}

export interface AccessLog {
  readonly machine: HostAccess;
  /** Absolute path there. */
  readonly path: string;
  /** Read by `sudo -n`. */
  readonly sudo: boolean;
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
    const { registries, harbor, caCertificate, pullRobot } = args;
    const login =
      pullRobot &&
      pulumi
        .all([pullRobot.username, pullRobot.password])
        .apply(([username, password]) => loginOf(username, password));
    return new MirrorPool(
      `${name}-${pool.name}`,
      {
        ...poolAccess(pool.nodes),
        files: poolFiles(pool, { registries, harbor, caCertificate, login }),
        runtime: pool.runtime,
        sudo: pool.sudo,
        dropInDir: pool.dropInDir,
        reloadCommand: pool.reloadCommand,
        restartCommand: pool.restartCommand,
        checkCommand: pool.checkCommand,
        logCommand: pool.logCommand,
        others: othersOf(pool, login !== undefined),
        onConflict: pool.onConflict,
        onUnreachable: pool.onUnreachable,
        ...(pool.verifyPull && {
          verifyPull: verifyPull(pool.verifyPull, pool.runtime, registries, logTarget(args.accessLog)),
        }),
        rollout: { ...pool.rollout, canary: canaryOf(pool) },
        timeouts: { ...pool.timeouts },
      },
      { parent: this, dependsOn: [...args.after] },
    );
  }
}

function canaryOf({ rollout: { canary } }: PoolSettings): number | string[] {
  return typeof canary === "number" ? canary : [...canary];
}

function logTarget(log: AccessLog | undefined): VerifyPull["log"] {
  if (log === undefined) throw new Error("verifyPull needs to know where Harbor's access log is");
  const { machine, path, sudo } = log;
  return { ...sshTarget(machine), path, sudo };
}
