import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import type { AwsMachine } from "../../config/settings.ts";
import { assumedBy } from "./aws-policies.ts";
import type { AwsTags } from "./aws-tags.ts";

/** What the snapshots find the data volume by. A volume that an earlier stack of the same name left is found too. */
export function snapshotTag(): AwsTags {
  return { "harbor-cache:snapshots": `${pulumi.getProject()}/${pulumi.getStack()}` };
}

export interface SnapshotsArgs {
  readonly settings: AwsMachine["snapshots"];
  readonly partition: pulumi.Output<string>;
  readonly tags: AwsTags;
}

/** Daily snapshots of the data volume, by Data Lifecycle Manager. Those that were made stay when the stack goes. */
export function dailySnapshots(
  name: string,
  { settings, partition, tags }: SnapshotsArgs,
  opts: pulumi.CustomResourceOptions,
): void {
  const role = new aws.iam.Role(
    `${name}-snapshots-role`,
    { assumeRolePolicy: JSON.stringify(assumedBy("dlm.amazonaws.com")), tags },
    opts,
  );
  const rights = new aws.iam.RolePolicyAttachment(
    `${name}-snapshots-role`,
    {
      role: role.name,
      policyArn: pulumi.interpolate`arn:${partition}:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole`,
    },
    opts,
  );
  new aws.dlm.LifecyclePolicy(
    `${name}-snapshots`,
    {
      description: "harbor-cache data volume",
      executionRoleArn: role.arn,
      state: "ENABLED",
      policyDetails: {
        resourceTypes: ["VOLUME"],
        targetTags: snapshotTag(),
        schedules: [
          {
            name: "daily",
            createRule: { interval: 24, intervalUnit: "HOURS", times: settings.at },
            retainRule: { count: settings.retain },
            copyTags: true,
          },
        ],
      },
      tags,
    },
    pulumi.mergeOptions(opts, { dependsOn: rights }),
  );
}
