/** EC2 instances. */
import { z } from "zod";

import { AwsError, findMade, newId, ofType } from "../cloud.ts";
import type { CloudContents, Made } from "../cloud.ts";
import { when } from "../kind.ts";
import type { Kind, Place } from "../kind.ts";
import {
  ATTACHMENT,
  EIP,
  EIP_ASSOCIATION,
  INSTANCE,
  INSTANCE_PROFILE,
  INTERFACE,
  KEY_PAIR,
  PARAMETER,
} from "../tokens.ts";
import { maySay } from "./iam.ts";
import { nextAddress, refuseWrongGroups, subnetOf, userOf } from "./network-interface.ts";

const ACTION = "ec2:RunInstances";

const USER_DATA_BYTES = 16_384;

const inputs = z.looseObject({
  ami: z.string(),
  instanceType: z.string(),
  subnetId: z.string().optional(),
  primaryNetworkInterface: z.looseObject({ networkInterfaceId: z.string() }).optional(),
  availabilityZone: z.string().optional(),
  associatePublicIpAddress: z.boolean().optional(),
  iamInstanceProfile: z.string().optional(),
  keyName: z.string().optional(),
  rootBlockDevice: z.looseObject({ volumeSize: z.number().default(8) }).optional(),
  userData: z.string().default(""),
  vpcSecurityGroupIds: z.array(z.string()).default([]),
});

export const instance: Kind = {
  type: INSTANCE,
  actions: {
    create: ACTION,
    update: "ec2:ModifyInstanceAttribute",
    delete: "ec2:TerminateInstances",
  },
  replacedBy: [
    "ami",
    "associatePublicIpAddress",
    "availabilityZone",
    "cpuOptions",
    "ebsBlockDevices",
    "ebsOptimized",
    "enclaveOptions",
    "ephemeralBlockDevices",
    "hibernation",
    "hostId",
    "ipv6AddressCount",
    "ipv6Addresses",
    "keyName",
    "launchTemplate.id",
    "launchTemplate.name",
    "networkInterfaces",
    "placementGroup",
    "placementPartitionNumber",
    "primaryNetworkInterface.networkInterfaceId",
    "privateDnsNameOptions",
    "privateIp",
    "region",
    "rootBlockDevice.encrypted",
    "rootBlockDevice.kmsKeyId",
    "securityGroups",
    "subnetId",
    "tenancy",
  ],
  sets: ["vpcSecurityGroupIds"],
  alsoReplacedBy: (_olds, news) =>
    news["userDataReplaceOnChange"] === true ? ["userData", "userDataBase64"] : [],
  check: ({ ami, instanceType, launchTemplate, userData, userDataBase64, metadataOptions, ...given }) => [
    ...BY_INTERFACE.filter((name) => given["primaryNetworkInterface"] !== undefined && name in given).map(
      (property) => ({ property, reason: "conflicts with primary_network_interface" }),
    ),
    ...when(
      ami === undefined && launchTemplate === undefined,
      "ami",
      "one of `ami,launch_template` must be specified",
    ),
    ...when(
      instanceType === undefined && launchTemplate === undefined,
      "instanceType",
      "one of `instance_type,launch_template` must be specified",
    ),
    ...when(
      userData !== undefined && userDataBase64 !== undefined,
      "userData",
      "conflicts with user_data_base64",
    ),
    ...when(
      typeof userData === "string" && Buffer.byteLength(userData) > USER_DATA_BYTES,
      "userData",
      `expected length of user_data to be in the range (0 - ${USER_DATA_BYTES})`,
    ),
    ...metadataProblems(metadataOptions),
  ],
  create: (given, place) => {
    const wanted = inputs.parse(given);
    const { cloud, arn, region } = place;
    const at = standsIn(wanted, place);
    refuseWrongZone(wanted.availabilityZone, at.subnet.availabilityZone);
    refuseWrongImage(cloud, wanted.ami, wanted.instanceType);
    refuseWrongGroups(cloud, wanted.vpcSecurityGroupIds, at.subnet, ACTION);
    refuseMissingKey(cloud, wanted.keyName);
    refuseMissingProfile(cloud, wanted.iamInstanceProfile);
    const id = newId("i");
    bootsUp(id, wanted.userData, wanted.iamInstanceProfile, place);
    const outputs = {
      arn: arn("ec2", `instance/${id}`),
      subnetId: at.subnet.id,
      availabilityZone: at.subnet.availabilityZone,
      associatePublicIpAddress: at.publicIp !== "",
      instanceState: "running",
      primaryNetworkInterfaceId: at.interfaceId,
      privateIp: at.privateIp,
      privateDns: `ip-${at.privateIp.replaceAll(".", "-")}.${region}.compute.internal`,
      publicIp: at.publicIp,
      publicDns:
        at.publicIp === "" ? "" : `ec2-${at.publicIp.replaceAll(".", "-")}.${region}.compute.amazonaws.com`,
    };
    return { id, outputs };
  },
  update: ({ state }, news, { cloud }) => {
    const [before, wanted] = [inputs.parse(state), inputs.parse(news)];
    const subnet = cloud.subnets.find(({ id }) => id === before.subnetId);
    if (subnet !== undefined) refuseWrongGroups(cloud, wanted.vpcSecurityGroupIds, subnet, ACTION);
    refuseMissingProfile(cloud, wanted.iamInstanceProfile);
    refuseWrongImage(cloud, wanted.ami, wanted.instanceType);
    if ((wanted.rootBlockDevice?.volumeSize ?? 0) < (before.rootBlockDevice?.volumeSize ?? 0))
      throw new AwsError(
        "ec2:ModifyVolume",
        "InvalidParameterValue",
        "New size cannot be smaller than existing size",
      );
    return {};
  },
  // What was at it is there, and at nothing.
  remove: ({ id }, { cloud }) => {
    cloud.made = cloud.made.filter(
      ({ type, inputs: of }) => ![ATTACHMENT, EIP_ASSOCIATION].includes(type) || of["instanceId"] !== id,
    );
  },
};

/** What the network interface says instead, where one is given. */
const BY_INTERFACE = [
  "associatePublicIpAddress",
  "privateIp",
  "secondaryPrivateIps",
  "securityGroups",
  "subnetId",
  "vpcSecurityGroupIds",
];

function standsIn(wanted: z.output<typeof inputs>, { cloud }: Place) {
  if (wanted.primaryNetworkInterface === undefined) {
    const subnet = subnetOf(cloud, wanted.subnetId ?? "", ACTION);
    const isPublic = wanted.associatePublicIpAddress ?? subnet.mapPublicIpOnLaunch;
    const privateIp = nextAddress(cloud, subnet);
    const publicIp = isPublic ? `198.51.100.${cloud.addresses}` : "";
    return { subnet, interfaceId: newId("eni"), privateIp, publicIp };
  }
  const interfaceId = wanted.primaryNetworkInterface.networkInterfaceId;
  const given = findMade(cloud, INTERFACE, interfaceId);
  if (given === undefined)
    throw fail(
      "InvalidNetworkInterfaceID.NotFound",
      `The networkInterface ID '${interfaceId}' does not exist`,
    );
  const user = userOf(cloud, interfaceId);
  if (user !== undefined)
    throw fail("InvalidNetworkInterface.InUse", `Interface: [${interfaceId}] in use by ${user.id}.`);
  const { subnetId, privateIp } = z
    .looseObject({ subnetId: z.string(), privateIp: z.string() })
    .parse(given.state);
  const address = ofType(cloud, EIP).find(({ inputs: eip }) => eip["networkInterface"] === interfaceId);
  const publicIp = z.string().catch("").parse(address?.state["publicIp"]);
  return { subnet: subnetOf(cloud, subnetId, ACTION), interfaceId, privateIp, publicIp };
}

const fail = (code: string, message: string): AwsError => new AwsError(ACTION, code, message);

function metadataProblems(options: unknown) {
  const given = z
    .looseObject({ httpTokens: z.unknown(), httpPutResponseHopLimit: z.unknown() })
    .safeParse(options).data;
  const { httpTokens, httpPutResponseHopLimit: hops } = given ?? {};
  return [
    ...when(
      typeof httpTokens === "string" && !["optional", "required"].includes(httpTokens),
      "metadataOptions.httpTokens",
      "expected http_tokens to be one of [optional required]",
    ),
    ...when(
      typeof hops === "number" && (hops < 1 || hops > 64),
      "metadataOptions.httpPutResponseHopLimit",
      "expected http_put_response_hop_limit to be in the range (1 - 64)",
    ),
  ];
}

function refuseWrongZone(wanted: string | undefined, zone: string): void {
  if (wanted !== undefined && wanted !== zone)
    throw fail(
      "InvalidParameterValue",
      `The availability zone '${wanted}' does not match the subnet's, '${zone}'`,
    );
}

function refuseWrongImage(cloud: CloudContents, ami: string, type: string): void {
  const image = cloud.images.find(({ id }) => id === ami);
  if (image === undefined) throw fail("InvalidAMIID.NotFound", `The image id '[${ami}]' does not exist`);
  const architecture = /^(a1|[a-z]+\d+g[a-z0-9-]*)\./.test(type) ? "arm64" : "x86_64";
  if (architecture !== image.architecture)
    throw fail(
      "InvalidParameterValue",
      `The architecture '${architecture}' of the specified instance type does not match the architecture ` +
        `'${image.architecture}' of the specified AMI.`,
    );
}

function refuseMissingKey(cloud: CloudContents, name: string | undefined): void {
  if (name === undefined || cloud.keyPairs.includes(name) || findMade(cloud, KEY_PAIR, name) !== undefined)
    return;
  throw fail("InvalidKeyPair.NotFound", `The key pair '${name}' does not exist`);
}

function refuseMissingProfile(cloud: CloudContents, name: string | undefined): void {
  if (name === undefined) return;
  const profile = findMade(cloud, INSTANCE_PROFILE, name);
  if (profile === undefined)
    throw fail("InvalidParameterValue", `Value (${name}) for parameter iamInstanceProfile.name is invalid.`);
  if (typeof profile.inputs["role"] !== "string")
    throw fail("InvalidParameterValue", `IAM Instance Profile "${profile.id}" has no associated IAM Roles`);
}

/** What the user data's program does on a real machine: it tells the host key, if it is allowed to. */
function bootsUp(id: string, userData: string, profile: string | undefined, { cloud }: Place): void {
  const { hostKey } = cloud;
  const role = profile === undefined ? undefined : findMade(cloud, INSTANCE_PROFILE, profile)?.inputs["role"];
  if (hostKey === undefined || typeof role !== "string") return;
  for (const parameter of ofType(cloud, PARAMETER)) {
    if (!userData.includes(parameter.id)) continue;
    if (!maySay(cloud, role, "ssm:PutParameter", z.string().parse(parameter.state["arn"]))) continue;
    const user = /^USER = "(\w+)"$/m.exec(userData)?.[1] ?? "";
    publish(parameter, `${id} ${hostKey} ${user}`.trim());
  }
}

function publish(parameter: Made, value: string): void {
  const version = Number(parameter.state["version"] ?? 1) + 1;
  parameter.state = { ...parameter.state, value, version };
}
