import * as pulumi from "@pulumi/pulumi";

import type { RobotAccount } from "../../provider/sdk.ts";

/** How a robot signs in. */
export interface RobotLogin {
  /** With Harbor's prefix: `robot$ci`. */
  readonly username: pulumi.Output<string>;
  /** Secret. */
  readonly password: pulumi.Output<string>;
}

export function robotLogin(robot: RobotAccount): RobotLogin {
  return { username: robot.fullName, password: pulumi.secret(robot.secret) };
}
