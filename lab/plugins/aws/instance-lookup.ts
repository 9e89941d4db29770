/** EC2's instances by their tags and states. */
import { z } from "zod";

import type { Properties } from "../../../provider/values.ts";
import { AwsError, ofType } from "./cloud.ts";
import type { Cloud, CloudContents } from "./cloud.ts";
import { filters, hasTags, lookup, madeUpId, passes, tags } from "./lookup.ts";
import { INSTANCE } from "./tokens.ts";

const STATES = ["pending", "running", "shutting-down", "stopped", "stopping", "terminated"] as const;

const args = z.looseObject({
  instanceTags: tags,
  instanceStateNames: z.array(z.string()).default(["running"]),
  filters,
  region: z.string().optional(),
});

const made = z.looseObject({
  instanceState: z.enum(STATES),
  privateIp: z.string(),
  publicIp: z.string(),
  tags,
});

function instances(given: Properties, cloud: Cloud, now: CloudContents): CloudContents["instances"] {
  const wanted = args.parse(given);
  const odd = wanted.instanceStateNames.find((name) => !STATES.some((state) => state === name));
  if (odd !== undefined)
    throw new AwsError(
      "ec2:DescribeInstances",
      "InvalidParameterValue",
      `expected instance_state_names: ${odd}`,
    );
  if (cloud.madeUp) {
    const id = madeUpId("i", given);
    return [
      {
        id,
        state: "running",
        privateIp: "10.0.0.200",
        publicIp: "198.51.100.200",
        tags: wanted.instanceTags,
      },
    ];
  }
  const ours = ofType(now, INSTANCE).map(({ id, state }) => {
    const { instanceState, ...one } = made.parse(state);
    return { id, state: instanceState, ...one };
  });
  return [...now.instances, ...ours].filter(
    (one) =>
      wanted.instanceStateNames.includes(one.state) &&
      hasTags(one.tags, wanted.instanceTags) &&
      passes(wanted.filters, { "instance-id": one.id, "private-ip-address": one.privateIp }, one.tags),
  );
}

/** Those without an address are missing in its list, so that lists may differ in length. None found is no error. */
export const getInstances = lookup("ec2:DescribeInstances", (given, cloud, now) => {
  const found = instances(given, cloud, now);
  const wanted = args.parse(given);
  const present = (addresses: readonly string[]): string[] => addresses.filter((address) => address !== "");
  return {
    id: wanted.region ?? cloud.region,
    ids: found.map(({ id }) => id),
    instanceStateNames: wanted.instanceStateNames,
    instanceTags: wanted.instanceTags,
    ipv6Addresses: [],
    privateIps: present(found.map(({ privateIp }) => privateIp)),
    publicIps: present(found.map(({ publicIp }) => publicIp)),
    region: wanted.region ?? cloud.region,
  };
});
