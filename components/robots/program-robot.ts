import * as pulumi from "@pulumi/pulumi";

import { RobotAccount } from "../../provider/sdk.ts";
import type { Provider } from "../../provider/sdk.ts";
import { PROGRAM_PERMISSIONS } from "./program-permissions.ts";
import { robotLogin } from "./robot-login.ts";
import type { RobotLogin } from "./robot-login.ts";

export interface ProgramRobotArgs {
  /** Harbor's administrator. */
  readonly provider: Provider;
  /** Made before it. */
  readonly after: readonly pulumi.Resource[];
  /** What Harbor lives in; where that is destroyed too, the robot need not be deleted. */
  readonly harbor: pulumi.Resource;
}

/** Days after which an up makes a new secret. Nobody else has it. */
const ROTATION_DAYS = 90;

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
        rotateAfterDays: ROTATION_DAYS,
        // Of a former stack on the same data, when it could do something else.
        adopt: true,
      },
      { parent: this, provider: args.provider, deletedWith: args.harbor, dependsOn: [...args.after] },
    );
    this.login = robotLogin(robot);
    this.registerOutputs({});
  }
}
