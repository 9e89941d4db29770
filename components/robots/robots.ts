import * as pulumi from "@pulumi/pulumi";

import type { RegistrySettings, RobotSettings } from "../../config/settings.ts";
import { RobotAccount } from "../../provider/sdk.ts";
import type { Provider, RobotAccountArgs, RobotPermission } from "../../provider/sdk.ts";
import { robotLogin } from "./robot-login.ts";
import type { RobotLogin } from "./robot-login.ts";

export interface RobotsArgs {
  readonly robots: readonly RobotSettings[];
  readonly registries: readonly RegistrySettings[];
  /** Harbor's administrator: no robot may change another. */
  readonly provider: Provider;
  /** What makes the projects: Harbor refuses a robot for one that isn't there. */
  readonly after: readonly pulumi.Resource[];
  /** By name; of those that robots are for. */
  readonly projectIds: Readonly<Record<string, pulumi.Output<number>>>;
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
      // Never rotated by itself: whoever pulls by it would be shut out until somebody has spread the new secret.
      ...scope(closed, ["pull"], args.projectIds),
      adopt: true,
    };
    this.pull =
      closed.length === 0 ? undefined : robotLogin(new RobotAccount(`${name}-pull`, pulling, child));
    this.named = Object.fromEntries(
      args.robots.map((robot) => [
        robot.name,
        robotLogin(new RobotAccount(`${name}-named-${robot.name}`, robotArgs(robot, args.projectIds), child)),
      ]),
    );
    this.registerOutputs({});
  }
}

function robotArgs(robot: RobotSettings, projectIds: RobotsArgs["projectIds"]): RobotAccountArgs {
  // Harbor's push needs pull.
  const actions = robot.push ? ["pull", "push"] : ["pull"];
  return {
    name: robot.name,
    ...(robot.description !== undefined && { description: robot.description }),
    duration: robot.expiresAfterDays ?? -1,
    ...scope(robot.projects ?? ["*"], actions, projectIds),
    ...(robot.rotateAfterDays !== undefined && { rotateAfterDays: robot.rotateAfterDays }),
    ...(robot.rotation !== undefined && { rotation: robot.rotation }),
  };
}

/** What may be done in these projects, and which they are. */
function scope(
  projects: readonly string[],
  actions: readonly string[],
  projectIds: RobotsArgs["projectIds"],
): Pick<RobotAccountArgs, "permissions" | "projectIds"> {
  const access = actions.map((action) => ({ resource: "repository", action }));
  const ids = projects.flatMap((project) => projectIds[project] ?? []);
  return {
    permissions: projects.map((namespace): RobotPermission => ({ kind: "project", namespace, access })),
    ...(ids.length > 0 && { projectIds: ids }),
  };
}
