/** Elastic IP addresses. */
import { z } from "zod";

import type { Properties } from "../../../../provider/values.ts";
import { AwsError, findMade, newId, ofType } from "../cloud.ts";
import type { CloudContents } from "../cloud.ts";
import { when } from "../kind.ts";
import type { Kind } from "../kind.ts";
import { EIP, EIP_ASSOCIATION, INSTANCE, INTERFACE } from "../tokens.ts";

const eipInputs = z.looseObject({
  instance: z.string().optional(),
  networkInterface: z.string().optional(),
});

export const eip: Kind = {
  type: EIP,
  actions: { create: "ec2:AllocateAddress", update: "ec2:AssociateAddress", delete: "ec2:ReleaseAddress" },
  replacedBy: ["address", "domain", "ipamPoolId", "networkBorderGroup", "publicIpv4Pool", "region"],
  check: ({ domain }) =>
    when(
      typeof domain === "string" && !["vpc", "standard"].includes(domain),
      "domain",
      'expected domain to be one of ["vpc" "standard"]',
    ),
  create: (inputs, { cloud, region, arn }) => {
    const at = refuseWrongPlace(inputs, cloud);
    const id = newId("eipalloc");
    const publicIp = `203.0.113.${++cloud.addresses}`;
    const outputs = {
      allocationId: id,
      arn: arn("ec2", `elastic-ip/${id}`),
      domain: "vpc",
      associationId: at === "" ? "" : newId("eipassoc"),
      publicIp,
      publicDns: `ec2-${publicIp.replaceAll(".", "-")}.${region}.compute.amazonaws.com`,
      networkBorderGroup: region,
      publicIpv4Pool: "amazon",
    };
    return { id, outputs };
  },
  update: (_made, news, { cloud }) => ({
    associationId: refuseWrongPlace(news, cloud) === "" ? "" : newId("eipassoc"),
  }),
};

/** Where it is to be; empty: nowhere. */
function refuseWrongPlace(inputs: Properties, cloud: CloudContents): string {
  const { instance, networkInterface } = eipInputs.parse(inputs);
  if (instance !== undefined && findMade(cloud, INSTANCE, instance) === undefined)
    throw new AwsError(
      "ec2:AssociateAddress",
      "InvalidInstanceID.NotFound",
      `The instance ID '${instance}' does not exist`,
    );
  if (networkInterface !== undefined && findMade(cloud, INTERFACE, networkInterface) === undefined)
    throw new AwsError(
      "ec2:AssociateAddress",
      "InvalidNetworkInterfaceID.NotFound",
      `The networkInterface ID '${networkInterface}' does not exist`,
    );
  return instance ?? networkInterface ?? "";
}

const associationInputs = z.looseObject({
  allocationId: z.string().optional(),
  instanceId: z.string().optional(),
});

export const eipAssociation: Kind = {
  type: EIP_ASSOCIATION,
  actions: { create: "ec2:AssociateAddress", update: "none", delete: "ec2:DisassociateAddress" },
  replacedBy: [
    "allocationId",
    "allowReassociation",
    "instanceId",
    "networkInterfaceId",
    "privateIpAddress",
    "publicIp",
    "region",
  ],
  create: (inputs, { cloud }) => {
    const { allocationId = "", instanceId = "" } = associationInputs.parse(inputs);
    const wrong = (code: string, message: string) => new AwsError("ec2:AssociateAddress", code, message);
    const address = findMade(cloud, EIP, allocationId);
    if (address === undefined)
      throw wrong("InvalidAllocationID.NotFound", `The allocation ID '${allocationId}' does not exist`);
    const machine = findMade(cloud, INSTANCE, instanceId);
    if (machine === undefined)
      throw wrong("InvalidInstanceID.NotFound", `The instance ID '${instanceId}' does not exist`);
    const taken = ofType(cloud, EIP_ASSOCIATION).some((one) => one.inputs["allocationId"] === allocationId);
    if (taken && inputs["allowReassociation"] !== true)
      throw wrong("Resource.AlreadyAssociated", `resource ${allocationId} is already associated`);
    const publicIp = address.state["publicIp"] ?? "";
    return {
      id: newId("eipassoc"),
      outputs: {
        publicIp,
        privateIpAddress: machine.state["privateIp"] ?? "",
        networkInterfaceId: machine.state["primaryNetworkInterfaceId"] ?? "",
      },
    };
  },
};
