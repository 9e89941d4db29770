/** What a program looks up in AWS. */
import { z } from "zod";

import type { Properties } from "../../../provider/values.ts";
import { AwsError, findMade } from "./cloud.ts";
import type { Cloud, CloudContents } from "./cloud.ts";
import { getInstances } from "./instance-lookup.ts";
import { filters, hasTags, lookup, madeUpId, only, passes, tags, valueOf } from "./lookup.ts";
import type { Lookup } from "./lookup.ts";

const vpcArgs = z.looseObject({ id: z.string().optional(), default: z.boolean().optional(), tags, filters });

const subnetArgs = z.looseObject({
  id: z.string().optional(),
  vpcId: z.string().optional(),
  availabilityZone: z.string().optional(),
  defaultForAz: z.boolean().optional(),
  tags,
  filters,
});

function vpcs(args: Properties, cloud: Cloud, now: CloudContents): CloudContents["vpcs"] {
  const wanted = vpcArgs.parse(args);
  if (cloud.madeUp) {
    const id = wanted.id ?? valueOf(wanted.filters, "vpc-id") ?? madeUpId("vpc", args);
    return [{ id, cidrBlock: "10.0.0.0/16", default: wanted.default ?? false, tags: wanted.tags }];
  }
  return now.vpcs.filter(
    (one) =>
      (wanted.id ?? one.id) === one.id &&
      (wanted.default ?? one.default) === one.default &&
      hasTags(one.tags, wanted.tags) &&
      passes(wanted.filters, { "vpc-id": one.id, "is-default": String(one.default) }, one.tags),
  );
}

const getVpc = lookup("ec2:DescribeVpcs", (args, cloud, now) => {
  const vpc = only("ec2:DescribeVpcs", "EC2 VPC", vpcs(args, cloud, now));
  return {
    ...vpc,
    arn: cloud.arn("ec2", `vpc/${vpc.id}`),
    cidrBlockAssociations: [],
    dhcpOptionsId: "dopt-0123456789abcdef0",
    enableDnsHostnames: true,
    enableDnsSupport: true,
    enableNetworkAddressUsageMetrics: false,
    instanceTenancy: "default",
    ipv6AssociationId: "",
    ipv6CidrBlock: "",
    ipv6CidrBlockAssociations: [],
    mainRouteTableId: "rtb-0123456789abcdef0",
    ownerId: now.account,
    region: cloud.region,
    state: "available",
  };
});

function subnets(args: Properties, cloud: Cloud, now: CloudContents): CloudContents["subnets"] {
  const wanted = subnetArgs.parse(args);
  const vpcId = wanted.vpcId ?? valueOf(wanted.filters, "vpc-id");
  if (cloud.madeUp) {
    return [
      {
        id: wanted.id ?? valueOf(wanted.filters, "subnet-id") ?? madeUpId("subnet", args),
        vpcId: vpcId ?? madeUpId("vpc", args),
        availabilityZone: wanted.availabilityZone ?? `${cloud.region}a`,
        cidrBlock: "10.0.0.0/24",
        defaultForAz: wanted.defaultForAz ?? false,
        mapPublicIpOnLaunch: false,
        tags: wanted.tags,
      },
    ];
  }
  return now.subnets.filter(
    (one) =>
      (wanted.id ?? one.id) === one.id &&
      (wanted.vpcId ?? one.vpcId) === one.vpcId &&
      (wanted.availabilityZone ?? one.availabilityZone) === one.availabilityZone &&
      (wanted.defaultForAz ?? one.defaultForAz) === one.defaultForAz &&
      hasTags(one.tags, wanted.tags) &&
      passes(
        wanted.filters,
        {
          "vpc-id": one.vpcId,
          "subnet-id": one.id,
          "availability-zone": one.availabilityZone,
          "default-for-az": String(one.defaultForAz),
        },
        one.tags,
      ),
  );
}

const getSubnet = lookup("ec2:DescribeSubnets", (args, cloud, now) => {
  const subnet = only("ec2:DescribeSubnets", "EC2 Subnet", subnets(args, cloud, now));
  return {
    ...subnet,
    arn: cloud.arn("ec2", `subnet/${subnet.id}`),
    assignIpv6AddressOnCreation: false,
    availabilityZoneId: `${subnet.availabilityZone}z`,
    availableIpAddressCount: 200,
    customerOwnedIpv4Pool: "",
    enableDns64: false,
    enableLniAtDeviceIndex: 0,
    enableResourceNameDnsARecordOnLaunch: false,
    enableResourceNameDnsAaaaRecordOnLaunch: false,
    ipv6CidrBlock: "",
    ipv6CidrBlockAssociationId: "",
    ipv6Native: false,
    mapCustomerOwnedIpOnLaunch: false,
    outpostArn: "",
    ownerId: now.account,
    privateDnsHostnameTypeOnLaunch: "ip-name",
    region: cloud.region,
    state: "available",
  };
});

/** None found is an empty list and no error. */
const getVpcs = lookup("ec2:DescribeVpcs", (args, cloud, now) => ({
  id: cloud.region,
  ids: vpcs(args, cloud, now).map(({ id }) => id),
  region: cloud.region,
  tags: vpcArgs.parse(args).tags,
}));

const getSubnets = lookup("ec2:DescribeSubnets", (args, cloud, now) => ({
  id: cloud.region,
  ids: subnets(args, cloud, now).map(({ id }) => id),
  region: cloud.region,
  tags: subnetArgs.parse(args).tags,
}));

const getParameter = lookup("ssm:GetParameter", (args, cloud, now) => {
  const { name } = z.looseObject({ name: z.string() }).parse(args);
  const ours = findMade(now, "aws:ssm/parameter:Parameter", name);
  const value =
    ours?.state["value"] ?? now.parameters[name] ?? (cloud.madeUp ? madeUpId("ami", args) : undefined);
  if (typeof value !== "string")
    throw new AwsError("ssm:GetParameter", "ParameterNotFound", `parameter ${name} not found`);
  return {
    arn: cloud.arn("ssm", `parameter${name}`),
    id: name,
    insecureValue: value,
    name,
    region: cloud.region,
    type: ours?.inputs["type"] ?? "String",
    value,
    version: ours?.state["version"] ?? 1,
    withDecryption: args["withDecryption"] ?? true,
  };
});

const getZone = lookup("route53:GetHostedZone", (args, cloud, now) => {
  const wanted = z
    .looseObject({
      zoneId: z.string().optional(),
      name: z.string().optional(),
      privateZone: z.boolean().optional(),
    })
    .parse(args);
  const name = wanted.name?.replace(/\.$/, "");
  const zone = only(
    "route53:ListHostedZones",
    "Route 53 Hosted Zone",
    cloud.madeUp
      ? [
          {
            id: wanted.zoneId ?? "Z0123456789ABCDEFGHIJ",
            name: name ?? "example.com",
            private: wanted.privateZone ?? false,
          },
        ]
      : now.zones.filter(
          (one) =>
            (wanted.zoneId ?? one.id) === one.id &&
            (name ?? one.name) === one.name &&
            (wanted.privateZone ?? one.private) === one.private,
        ),
  );
  return {
    arn: cloud.arn("route53", `hostedzone/${zone.id}`),
    callerReference: "",
    comment: "",
    id: zone.id,
    linkedServiceDescription: "",
    linkedServicePrincipal: "",
    name: zone.name,
    nameServers: ["ns-1.example.net"],
    primaryNameServer: "ns-1.example.net",
    privateZone: zone.private,
    resourceRecordSetCount: 2,
    tags: {},
    zoneId: zone.id,
  };
});

const getCallerIdentity = lookup("sts:GetCallerIdentity", (_args, _cloud, now) => ({
  accountId: now.account,
  arn: `arn:aws:iam::${now.account}:user/stand-in`,
  id: now.account,
  userId: "AIDASTANDIN",
}));

const getRegion = lookup("none", (_args, { region }) => ({
  description: region,
  endpoint: `ec2.${region}.amazonaws.com`,
  id: region,
  name: region,
  region,
}));

const getPartition = lookup("none", () => ({
  dnsSuffix: "amazonaws.com",
  id: "aws",
  partition: "aws",
  reverseDnsPrefix: "com.amazonaws",
}));

/** By token. */
export const LOOKUPS: Readonly<Record<string, Lookup>> = {
  "aws:ec2/getInstances:getInstances": getInstances,
  "aws:ec2/getVpc:getVpc": getVpc,
  "aws:ec2/getVpcs:getVpcs": getVpcs,
  "aws:ec2/getSubnet:getSubnet": getSubnet,
  "aws:ec2/getSubnets:getSubnets": getSubnets,
  "aws:ssm/getParameter:getParameter": getParameter,
  "aws:route53/getZone:getZone": getZone,
  "aws:index/getCallerIdentity:getCallerIdentity": getCallerIdentity,
  "aws:index/getRegion:getRegion": getRegion,
  "aws:index/getPartition:getPartition": getPartition,
};
