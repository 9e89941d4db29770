import * as pulumi from "@pulumi/pulumi";

import { RobotAccount } from "../../provider/sdk.ts";
import type { Provider } from "../../provider/sdk.ts";
import { PROGRAM_PERMISSIONS } from "./program-permissions.ts";
import { OWN_ROTATION_DAYS, robotLogin } from "./robot-login.ts";
import type { RobotLogin } from "./robot-login.ts";

export interface ProgramRobotArgs {
  /** Harbor's administrator. */
  readonly provider: Provider;
  /** What Harbor lives in; where that is destroyed too, the robot need not be deleted. */
  readonly harbor: pulumi.Resource;
}

/** The account that this program uses after Harbor's first start, for all that Harbor lets a robot do. */
export class ProgramRobot extends pulumi.ComponentResource {
  readonly login: RobotLogin;

  constructor(name: string, args: ProgramRobotArgs, opts?: pulumi.ComponentResourceOptions) {
    super("harborcache:components:ProgramRobot", name, {}, opts);
    const robot = new RobotAccount(
      name,
      {
        name: "harbor-cache",
        description: "Does what pulumi up does; managed by harbor-cache",
        permissions: [...PROGRAM_PERMISSIONS],
        rotateAfterDays: OWN_ROTATION_DAYS,
      },
      { parent: this, provider: args.provider, deletedWith: args.harbor },
    );
    this.login = robotLogin(robot);
    this.registerOutputs({});
  }
}
