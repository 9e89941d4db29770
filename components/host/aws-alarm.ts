import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import type { AwsMachine } from "../../config/settings.ts";
import type { AwsTags } from "./aws-tags.ts";

export interface RecoveryAlarmArgs {
  readonly instance: aws.ec2.Instance;
  readonly settings: AwsMachine["alarms"];
  readonly partition: pulumi.Output<string>;
  readonly region: pulumi.Output<string>;
  readonly tags: AwsTags;
}

/** When AWS's own hardware under the machine fails, the machine starts on other hardware, the same in everything. */
export function recoveryAlarm(
  name: string,
  { instance, settings, partition, region, tags }: RecoveryAlarmArgs,
  opts: pulumi.CustomResourceOptions,
): aws.cloudwatch.MetricAlarm {
  const told = settings.topicArn === undefined ? [] : [settings.topicArn];
  return new aws.cloudwatch.MetricAlarm(
    `${name}-recovery`,
    {
      alarmDescription: "The machine of harbor-cache fails AWS's system status check, and is recovered",
      namespace: "AWS/EC2",
      metricName: "StatusCheckFailed_System",
      dimensions: { InstanceId: instance.id },
      statistic: "Maximum",
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      threshold: 1,
      period: 60,
      evaluationPeriods: 2,
      alarmActions: [pulumi.interpolate`arn:${partition}:automate:${region}:ec2:recover`, ...told],
      ...(told.length > 0 && { okActions: told }),
      tags,
    },
    opts,
  );
}
