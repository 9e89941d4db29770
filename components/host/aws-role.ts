import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import type { HarborSettings, RegistrySettings, Tls } from "../../config/settings.ts";
import {
  assumedBy,
  dnsChallengePolicy,
  ecrByRole,
  ecrPolicy,
  hostKeyPolicy,
  s3Policy,
  type Policy,
} from "./aws-policies.ts";
import type { AwsTags } from "./aws-tags.ts";
import { challengeZone } from "./aws-zone.ts";

export interface MachineRoleArgs {
  readonly hostname: string;
  readonly tls: Tls;
  readonly registries: readonly RegistrySettings[];
  readonly harbor: Pick<HarborSettings, "s3">;
  /** Where the host key is published. */
  readonly parameterArn: pulumi.Output<string>;
  readonly partition: pulumi.Output<string>;
  readonly sessionManager: boolean;
  readonly tags: AwsTags;
}

export interface MachineRole {
  readonly instanceProfile: pulumi.Output<string>;
  /** The rights, which must be there before the machine uses them. */
  readonly rights: readonly pulumi.Resource[];
}

/** The role of the machine, with a policy for each thing that it is for. */
export function machineRole(
  name: string,
  { hostname, tls, registries, harbor, parameterArn, partition, sessionManager, tags }: MachineRoleArgs,
  opts: pulumi.CustomResourceOptions,
): MachineRole {
  const role = new aws.iam.Role(
    `${name}-role`,
    { assumeRolePolicy: JSON.stringify(assumedBy("ec2.amazonaws.com")), tags },
    opts,
  );
  const policy = (
    purpose: string,
    document: pulumi.Output<Policy>,
    more: pulumi.CustomResourceOptions = {},
  ) =>
    new aws.iam.RolePolicy(
      `${name}-${purpose}`,
      { role: role.name, policy: document.apply((statements) => JSON.stringify(statements)) },
      { ...opts, ...more },
    );

  const rights: pulumi.Resource[] = [policy("host-key", parameterArn.apply(hostKeyPolicy))];
  if (tls.mode === "letsencrypt-route53") {
    const zone = challengeZone(tls.hostedZoneId, hostname, opts);
    rights.push(
      policy(
        "dns-challenge",
        pulumi.all([partition, zone]).apply(([of, { zoneId }]) => dnsChallengePolicy(of, zoneId, hostname)),
      ),
    );
  }
  const ecr = ecrByRole(registries);
  if (ecr.length > 0) {
    rights.push(
      policy(
        "ecr",
        pulumi.all([partition, parameterArn]).apply(([of, arn]) => ecrPolicy(of, ecr, accountOf(arn))),
      ),
    );
  }
  const { s3 } = harbor;
  if (s3 !== undefined) {
    const bucket = partition.apply((of) => s3Policy(of, s3));
    // Where the machine refuses another bucket, Harbor still needs the one that it has.
    rights.push(policy("s3", bucket, { replaceOnChanges: ["policy"] }));
  }
  if (sessionManager) {
    rights.push(
      new aws.iam.RolePolicyAttachment(
        `${name}-session-manager`,
        {
          role: role.name,
          policyArn: pulumi.interpolate`arn:${partition}:iam::aws:policy/AmazonSSMManagedInstanceCore`,
        },
        opts,
      ),
    );
  }
  const profile = new aws.iam.InstanceProfile(`${name}-instance-profile`, { role: role.name, tags }, opts);
  return { instanceProfile: profile.name, rights };
}

function accountOf(arn: string): string {
  return arn.split(":")[4] ?? "";
}
