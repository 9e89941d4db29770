import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { mergeOptions } from "@pulumi/pulumi";

import type { AwsMachine } from "../../config/settings.ts";
import { chosenSubnet, type Place } from "./aws-network.ts";
import { snapshotTag } from "./aws-snapshots.ts";
import type { AwsTags } from "./aws-tags.ts";

export interface DataVolumeArgs {
  readonly machine: AwsMachine;
  readonly place: pulumi.Output<Place>;
  readonly protect: boolean;
  readonly tags: AwsTags;
}

/** The disk that holds everything worth keeping: it outlives the machine, and the stack too. */
export function dataVolume(
  name: string,
  { machine, place, protect, tags }: DataVolumeArgs,
  opts: pulumi.CustomResourceOptions,
): aws.ebs.Volume {
  const { sizeGiB, type, iops, throughput, kmsKeyArn } = machine.dataVolume;
  return new aws.ebs.Volume(
    `${name}-data`,
    {
      availabilityZone: place.availabilityZone,
      size: sizeGiB,
      type,
      ...(iops !== undefined && { iops }),
      ...(throughput !== undefined && { throughput }),
      encrypted: true,
      ...(kmsKeyArn !== undefined && { kmsKeyId: kmsKeyArn }),
      tags: { ...tags, ...snapshotTag() },
    },
    mergeOptions(opts, { protect, retainOnDelete: true, ...chosenSubnet(machine, "availabilityZone") }),
  );
}

/** The volume at the machine. It is never taken away from under a running Harbor. */
export function attachment(
  name: string,
  volume: aws.ebs.Volume,
  instance: aws.ec2.Instance,
  opts: pulumi.CustomResourceOptions,
): aws.ec2.VolumeAttachment {
  return new aws.ec2.VolumeAttachment(
    `${name}-data`,
    {
      deviceName: "/dev/sdf",
      instanceId: instance.id,
      volumeId: volume.id,
      stopInstanceBeforeDetaching: true,
    },
    mergeOptions(opts, { deleteBeforeReplace: true, deletedWith: instance }),
  );
}

/** Where Linux shows the volume on a Nitro machine, whatever letter the disk gets. */
export function deviceOf(volumeId: string): string {
  return `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${volumeId.replace("-", "")}`;
}
