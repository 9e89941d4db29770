import * as pulumi from "@pulumi/pulumi";

import type { RegistrySettings, RobotSettings } from "../../config/settings.ts";
import { RobotAccount } from "../../provider/sdk.ts";
import type { Provider, RobotAccountArgs, RobotPermission } from "../../provider/sdk.ts";
import { OWN_ROTATION_DAYS, robotLogin } from "./robot-login.ts";
import type { RobotLogin } from "./robot-login.ts";

export interface RobotsArgs {
  readonly robots: readonly RobotSettings[];
  readonly registries: readonly RegistrySettings[];
  /** Harbor's administrator: no robot may change another. */
  readonly provider: Provider;
  /** What makes the projects: Harbor refuses a robot for one that isn't there. */
  readonly after: readonly pulumi.Resource[];
  /** What Harbor lives in; where that is destroyed too, its robots need not be deleted one by one. */
  readonly harbor: pulumi.Resource;
}

/** Accounts for machines: the nodes' own where a cache isn't public, and those that the settings name. */
export class Robots extends pulumi.ComponentResource {
  /** Pulls from the caches that aren't public; absent where all are. */
  readonly pull: RobotLogin | undefined;
  /** By name, those of the settings. */
  readonly named: Readonly<Record<string, RobotLogin>>;

  constructor(name: string, args: RobotsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("harborcache:components:Robots", name, {}, opts);
    const child = {
      parent: this,
      provider: args.provider,
      dependsOn: [...args.after],
      deletedWith: args.harbor,
    };
    const closed = args.registries.filter((registry) => !registry.public).map(({ project }) => project);
    const pulling: RobotAccountArgs = {
      name: "harbor-cache-pull",
      description: "Pulls from the caches that are not public; managed by harbor-cache",
      permissions: closed.map((project) => permission(project, ["pull"])),
      rotateAfterDays: OWN_ROTATION_DAYS,
    };
    this.pull =
      closed.length === 0 ? undefined : robotLogin(new RobotAccount(`${name}-pull`, pulling, child));
    this.named = Object.fromEntries(
      args.robots.map((robot) => [
        robot.name,
        robotLogin(new RobotAccount(`${name}-named-${robot.name}`, robotArgs(robot), child)),
      ]),
    );
    this.registerOutputs({});
  }
}

function robotArgs(robot: RobotSettings): RobotAccountArgs {
  // Harbor's push needs pull.
  const actions = robot.push ? ["pull", "push"] : ["pull"];
  return {
    name: robot.name,
    ...(robot.description !== undefined && { description: robot.description }),
    duration: robot.expiresAfterDays ?? -1,
    permissions: (robot.projects ?? ["*"]).map((project) => permission(project, actions)),
    ...(robot.rotateAfterDays !== undefined && { rotateAfterDays: robot.rotateAfterDays }),
    ...(robot.rotation !== undefined && { rotation: robot.rotation }),
  };
}

function permission(namespace: string, actions: readonly string[]): RobotPermission {
  return {
    kind: "project",
    namespace,
    access: actions.map((action) => ({ resource: "repository", action })),
  };
}
