/** EBS volumes and what they are attached to. */
import { z } from "zod";

import type { Properties } from "../../../../provider/values.ts";
import { AwsError, findMade, newId, ofType } from "../cloud.ts";
import type { CloudContents } from "../cloud.ts";
import { when } from "../kind.ts";
import type { Kind } from "../kind.ts";
import { ATTACHMENT, INSTANCE } from "../tokens.ts";

const VOLUME = "aws:ebs/volume:Volume";

const volumeInputs = z.looseObject({
  availabilityZone: z.string(),
  size: z.number().optional(),
  type: z.string().default("gp2"),
  iops: z.number().optional(),
  throughput: z.number().optional(),
  encrypted: z.boolean().default(false),
  kmsKeyId: z.string().optional(),
  snapshotId: z.string().optional(),
});

const IOPS: Readonly<Record<string, number>> = { gp3: 3000 };

export const volume: Kind = {
  type: VOLUME,
  actions: { create: "ec2:CreateVolume", update: "ec2:ModifyVolume", delete: "ec2:DeleteVolume" },
  replacedBy: [
    "availabilityZone",
    "encrypted",
    "kmsKeyId",
    "multiAttachEnabled",
    "outpostArn",
    "snapshotId",
    "region",
  ],
  check: (inputs) => {
    const { iops = 0, throughput = 0, size, snapshotId } = inputs;
    // An unknown one is right.
    const type = z.string().default("gp2").safeParse(inputs["type"]).data;
    const needsIops = type === "io1" || type === "io2";
    return [
      ...when(
        size === undefined && snapshotId === undefined,
        "size",
        "one of `size,snapshot_id` must be specified",
      ),
      ...when(needsIops && iops === 0, "iops", `'iops' must be set when 'type' is '${type}'`),
      ...when(
        type !== undefined && !needsIops && type !== "gp3" && iops !== 0,
        "iops",
        `'iops' must not be set when 'type' is '${type ?? ""}'`,
      ),
      ...when(
        typeof throughput === "number" && throughput > 0 && type !== undefined && type !== "gp3",
        "throughput",
        `'throughput' must not be set when 'type' is '${type ?? ""}'`,
      ),
      ...when(
        typeof inputs["kmsKeyId"] === "string" && !inputs["kmsKeyId"].startsWith("arn:"),
        "kmsKeyId",
        "is an invalid ARN: arn: invalid prefix",
      ),
    ];
  },
  create: (inputs, { region, arn }) => {
    const { availabilityZone, type, size = 8, iops, throughput, ...given } = volumeInputs.parse(inputs);
    const wrong = (code: string, message: string) => new AwsError("ec2:CreateVolume", code, message);
    if (!availabilityZone.startsWith(region))
      throw wrong("InvalidParameterValue", `Invalid availability zone: [${availabilityZone}]`);
    if (size < 1 || size > 16_384)
      throw wrong(
        "InvalidParameterValue",
        `Volume of ${size}GiB is out of the range 1-16384GiB for volume type ${type}.`,
      );
    if (given.kmsKeyId !== undefined && !given.encrypted)
      throw wrong(
        "InvalidParameterDependency",
        "The parameter KmsKeyId requires the parameter Encrypted to be set.",
      );
    const id = newId("vol");
    const outputs = {
      arn: arn("ec2", `volume/${id}`),
      size,
      type,
      encrypted: given.encrypted,
      iops: iops ?? IOPS[type] ?? 100,
      throughput: throughput ?? (type === "gp3" ? 125 : 0),
      kmsKeyId:
        given.kmsKeyId ?? (given.encrypted ? arn("kms", "key/00000000-0000-4000-8000-0000000000eb") : ""),
      snapshotId: given.snapshotId ?? "",
      createTime: new Date().toISOString(),
    };
    return { id, outputs };
  },
  update: ({ id, state }, news) => {
    const before = volumeInputs.parse(state);
    const { size = before.size ?? 0, type, iops, throughput } = volumeInputs.parse(news);
    if (size < (before.size ?? 0))
      throw new AwsError(
        "ec2:ModifyVolume",
        "InvalidParameterValue",
        `New size cannot be smaller than existing size (${id} has ${before.size ?? 0} GiB)`,
      );
    return {
      size,
      type,
      iops: iops ?? IOPS[type] ?? 100,
      throughput: throughput ?? (type === "gp3" ? 125 : 0),
    };
  },
  remove: ({ id }, { cloud }) => {
    const [used] = attachmentsOf(cloud, id);
    if (used !== undefined)
      throw new AwsError(
        "ec2:DeleteVolume",
        "VolumeInUse",
        `Volume ${id} is currently attached to ${attachmentInputs.parse(used.inputs).instanceId}`,
      );
  },
};

const attachmentInputs = z.looseObject({
  deviceName: z.string(),
  instanceId: z.string(),
  volumeId: z.string(),
});

export const volumeAttachment: Kind = {
  type: ATTACHMENT,
  actions: { create: "ec2:AttachVolume", update: "none", delete: "ec2:DetachVolume" },
  replacedBy: ["deviceName", "instanceId", "volumeId", "region"],
  create: (inputs, { cloud }) => {
    const { deviceName, instanceId, volumeId } = attachmentInputs.parse(inputs);
    const wrong = (code: string, message: string) => new AwsError("ec2:AttachVolume", code, message);
    const disk = findMade(cloud, VOLUME, volumeId);
    if (disk === undefined) throw wrong("InvalidVolume.NotFound", `The volume '${volumeId}' does not exist.`);
    const machine = findMade(cloud, INSTANCE, instanceId);
    if (machine === undefined)
      throw wrong("InvalidInstanceID.NotFound", `The instance ID '${instanceId}' does not exist`);
    const [zone, other] = [disk.state["availabilityZone"], machine.state["availabilityZone"]];
    if (zone !== other)
      throw wrong(
        "InvalidVolume.ZoneMismatch",
        `The volume '${volumeId}' is not in the same availability zone as instance '${instanceId}'`,
      );
    if (attachmentsOf(cloud, volumeId).length > 0)
      throw wrong("VolumeInUse", `${volumeId} is already attached to an instance`);
    const taken = ofType(cloud, ATTACHMENT).some(
      (one) => one.inputs["instanceId"] === instanceId && one.inputs["deviceName"] === deviceName,
    );
    if (taken || deviceName === "/dev/xvda" || deviceName === "/dev/sda1")
      throw wrong(
        "InvalidParameterValue",
        `Invalid value '${deviceName}' for unixDevice. Attachment point ${deviceName} is already in use`,
      );
    return { id: `vai-${Number.parseInt(volumeId.slice(-8), 16)}`, outputs: {} };
  },
  // It stops the machine first, and that fails where there is none (terraform-provider-aws, ec2/ebs_volume_attachment.go).
  beforeRemove: (state, { cloud }) => {
    const { instanceId } = attachmentInputs.parse(state);
    if (state["stopInstanceBeforeDetaching"] === true && findMade(cloud, INSTANCE, instanceId) === undefined)
      throw new AwsError(
        "ec2:StopInstances",
        "InvalidInstanceID.NotFound",
        `The instance ID '${instanceId}' does not exist`,
      );
  },
};

function attachmentsOf(cloud: CloudContents, volumeId: string): { readonly inputs: Properties }[] {
  return ofType(cloud, ATTACHMENT).filter(({ inputs }) => inputs["volumeId"] === volumeId);
}
