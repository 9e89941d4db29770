import * as z from "zod";

import { read, type Rule } from "./rule.ts";

const flag = z.object({ encrypted: z.boolean().default(false) });
const disks = z.object({ ebsBlockDevices: z.array(z.unknown()).default([]) });
const rootDisk = z.object({ rootBlockDevice: flag.default({ encrypted: false }) });

export const encryptedVolumes: Rule = {
  name: "encrypted-volumes",
  description: "EBS volumes are encrypted, those of an instance too.",
  *check({ type, props }) {
    if (type === "aws:ebs/volume:Volume" && !read(flag, props).encrypted)
      yield "the volume is not encrypted: set encrypted";
    if (type !== "aws:ec2/instance:Instance") return;
    // Without one, the image decides.
    if (!read(rootDisk, props).rootBlockDevice.encrypted)
      yield "the instance's root disk is not encrypted: set rootBlockDevice.encrypted";
    for (const [index, disk] of read(disks, props).ebsBlockDevices.entries())
      if (!read(flag, disk).encrypted)
        yield `a disk of the instance is not encrypted: set ebsBlockDevices[${index}].encrypted`;
  },
};
