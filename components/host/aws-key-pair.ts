import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import type { AwsMachine, Secret } from "../../config/settings.ts";
import { SshKeyPair } from "../../provider/sdk.ts";
import type { AwsTags } from "./aws-tags.ts";

export interface MachineKeyPair {
  readonly name: pulumi.Input<string>;
  /** Absent: the agent at `SSH_AUTH_SOCK` is asked. */
  readonly privateKey?: Secret;
}

/** The key pair that is given, else one of the stack's own. */
export function machineKeyPair(
  name: string,
  given: AwsMachine["keyPair"],
  tags: AwsTags,
  opts: pulumi.CustomResourceOptions,
): MachineKeyPair {
  if (given !== undefined) return given;
  const { publicKey, privateKey } = new SshKeyPair(`${name}-ssh-key`, opts);
  const pair = new aws.ec2.KeyPair(`${name}-key-pair`, { publicKey, tags }, opts);
  return { name: pair.keyName, privateKey: pulumi.secret(privateKey) };
}
