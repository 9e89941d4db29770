/** Network interfaces, which a rebuilt instance takes over. */
import { z } from "zod";

import { AwsError, findMade, newId, ofType } from "../cloud.ts";
import type { CloudContents, Made } from "../cloud.ts";
import type { Kind } from "../kind.ts";
import { INSTANCE, INTERFACE, SECURITY_GROUP } from "../tokens.ts";

const interfaceInputs = z.looseObject({
  subnetId: z.string(),
  securityGroups: z.array(z.string()).default([]),
});

export const networkInterface: Kind = {
  type: INTERFACE,
  actions: {
    create: "ec2:CreateNetworkInterface",
    update: "ec2:ModifyNetworkInterfaceAttribute",
    delete: "ec2:DeleteNetworkInterface",
  },
  replacedBy: ["interfaceType", "subnetId", "region"],
  sets: ["securityGroups", "privateIps"],
  create: (given, { cloud, arn }) => {
    const { subnetId, securityGroups } = interfaceInputs.parse(given);
    const subnet = subnetOf(cloud, subnetId, "ec2:CreateNetworkInterface");
    refuseWrongGroups(cloud, securityGroups, subnet, "ec2:CreateNetworkInterface");
    const id = newId("eni");
    const privateIp = nextAddress(cloud, subnet);
    const outputs = {
      arn: arn("ec2", `network-interface/${id}`),
      interfaceType: "interface",
      macAddress: `0a:00:00:00:00:${(cloud.addresses % 256).toString(16).padStart(2, "0")}`,
      ownerId: cloud.account,
      privateIp,
      privateIps: [privateIp],
      sourceDestCheck: true,
    };
    return { id, outputs };
  },
  update: ({ state }, news, { cloud }) => {
    const { subnetId } = interfaceInputs.parse(state);
    const subnet = subnetOf(cloud, subnetId, "ec2:ModifyNetworkInterfaceAttribute");
    const { securityGroups } = interfaceInputs.parse(news);
    refuseWrongGroups(cloud, securityGroups, subnet, "ec2:ModifyNetworkInterfaceAttribute");
    return {};
  },
  remove: ({ id }, { cloud }) => {
    if (userOf(cloud, id) !== undefined)
      throw new AwsError(
        "ec2:DeleteNetworkInterface",
        "InvalidNetworkInterface.InUse",
        `Network interface '${id}' is currently in use.`,
      );
  },
};

export type Subnet = CloudContents["subnets"][number];

/** The instance that has it. */
export const userOf = (cloud: CloudContents, interfaceId: string): Made | undefined =>
  ofType(cloud, INSTANCE).find(({ state }) => state["primaryNetworkInterfaceId"] === interfaceId);

export function subnetOf(cloud: CloudContents, wanted: string, action: string): Subnet {
  const subnet = cloud.subnets.find(({ id }) => id === wanted);
  if (subnet !== undefined) return subnet;
  throw new AwsError(action, "InvalidSubnetID.NotFound", `The subnet ID '${wanted}' does not exist`);
}

/** The first four of a subnet and some more are AWS's own. */
export const nextAddress = (cloud: CloudContents, { cidrBlock }: Subnet): string =>
  `${cidrBlock.split(".").slice(0, 3).join(".")}.${++cloud.addresses + 9}`;

export function refuseWrongGroups(
  cloud: CloudContents,
  groups: readonly string[],
  subnet: Subnet,
  action: string,
): void {
  for (const id of groups) {
    const group = findMade(cloud, SECURITY_GROUP, id);
    if (group === undefined)
      throw new AwsError(action, "InvalidGroup.NotFound", `The security group '${id}' does not exist`);
    if (group.state["vpcId"] !== subnet.vpcId)
      throw new AwsError(
        action,
        "InvalidParameter",
        `Security group ${id} and subnet ${subnet.id} belong to different networks.`,
      );
  }
}
