/** Where a program would be wrong, the stand-in for the plugin aws fails as AWS does. */
import { afterEach, beforeEach, expect, test } from "vitest";

import type { Plugin } from "../../../lab/plugins/plugin-server.ts";
import type { Properties } from "../../../provider/values.ts";
import { Account, call, instance, TYPES } from "./aws-account.ts";

const {
  ATTACHMENT,
  GROUP,
  INGRESS,
  INSTANCE,
  INTERFACE,
  PARAMETER,
  PROFILE,
  RECORD,
  ROLE,
  ROLE_POLICY,
  VOLUME,
} = TYPES;

let account: Account;
let plugin: Plugin;
beforeEach(async () => {
  account = await Account.open();
  plugin = account.plugin;
});
afterEach(() => account.close());

const make = (type: string, inputs: Properties) => account.make(type, inputs);
const problems = (type: string, inputs: Properties) => account.problems(type, inputs);

test("what can't be together in a place", async () => {
  await expect(make(INSTANCE, instance({ ami: "ami-arm" }))).rejects.toThrow(
    "operation error EC2: RunInstances, https response error StatusCode: 400, api error InvalidParameterValue: The architecture 'x86_64'",
  );
  await expect(make(INSTANCE, instance({ ami: "ami-0" }))).rejects.toThrow("InvalidAMIID.NotFound");
  await expect(make(INSTANCE, instance({ subnetId: "subnet-9" }))).rejects.toThrow(
    "InvalidSubnetID.NotFound",
  );
  await expect(make(INSTANCE, instance({ keyName: "nobody" }))).rejects.toThrow("InvalidKeyPair.NotFound");
  await expect(make(INSTANCE, instance({ iamInstanceProfile: "none" }))).rejects.toThrow(
    "iamInstanceProfile",
  );
  const { id: group } = await make(GROUP, { vpcId: "vpc-2", description: "x" });
  await expect(make(INSTANCE, instance({ vpcSecurityGroupIds: [group] }))).rejects.toThrow(
    "belong to different networks",
  );
  await expect(make(INTERFACE, { subnetId: "subnet-a", securityGroups: [group] })).rejects.toThrow(
    "belong to different networks",
  );
  expect(problems(INSTANCE, instance({ userData: "x".repeat(16_385) }))).toEqual([
    "userData: expected length of user_data to be in the range (0 - 16384)",
  ]);
  expect(problems(INSTANCE, instance({ primaryNetworkInterface: { networkInterfaceId: "eni-1" } }))).toEqual([
    "subnetId: conflicts with primary_network_interface",
  ]);
});

test("volumes in another zone, in use, smaller, or of the wrong kind", async () => {
  const { id: instanceId } = await make(INSTANCE, instance());
  const far = await make(VOLUME, { availabilityZone: "eu-west-1b", size: 10 });
  const attach = (volumeId: string, more: Properties = {}) =>
    make(ATTACHMENT, { deviceName: "/dev/sdf", instanceId, volumeId, ...more });
  await expect(attach(far.id)).rejects.toThrow("InvalidVolume.ZoneMismatch");
  const near = await make(VOLUME, { availabilityZone: "eu-west-1a", size: 10 });
  await attach(near.id);
  await expect(attach(near.id, { deviceName: "/dev/sdg" })).rejects.toThrow("VolumeInUse");
  expect(() => plugin.delete(call(VOLUME), near.id, near.state)).toThrow("VolumeInUse");
  const smaller = { availabilityZone: "eu-west-1a", size: 9 };
  expect(() => plugin.update(call(VOLUME), near.id, near.state, smaller)).toThrow(
    "New size cannot be smaller",
  );
  expect(await plugin.update(call(VOLUME), near.id, near.state, { ...smaller, size: 11 })).toMatchObject({
    size: 11,
  });
  expect(problems(VOLUME, { availabilityZone: "a", size: 10, type: "io2" })).toEqual([
    "iops: 'iops' must be set when 'type' is 'io2'",
  ]);
});

test("a volume taken off a machine that is gone, where the machine is to be stopped before", async () => {
  const gone = async (stopInstanceBeforeDetaching: boolean) => {
    const machine = await make(INSTANCE, instance());
    const { id: volumeId } = await make(VOLUME, { availabilityZone: "eu-west-1a", size: 10 });
    const inputs = { deviceName: "/dev/sdf", instanceId: machine.id, volumeId, stopInstanceBeforeDetaching };
    const attached = await make(ATTACHMENT, inputs);
    await plugin.delete(call(INSTANCE), machine.id, machine.state);
    return () => plugin.delete(call(ATTACHMENT), attached.id, attached.state);
  };
  expect(await gone(true)).toThrow("StopInstances, https response error StatusCode: 400, api error Invalid");
  expect(await gone(false)).not.toThrow();
});

test("a network interface or an address at two machines", async () => {
  const { id: eni, state } = await make(INTERFACE, { subnetId: "subnet-a" });
  const primaryNetworkInterface = { networkInterfaceId: eni };
  const machine = { ami: "ami-x86", instanceType: "m7i.large", primaryNetworkInterface };
  expect((await make(INSTANCE, machine)).state).toMatchObject({ privateIp: state["privateIp"] });
  await expect(make(INSTANCE, machine)).rejects.toThrow("InvalidNetworkInterface.InUse");
  expect(() => plugin.delete(call(INTERFACE), eni, state)).toThrow("InvalidNetworkInterface.InUse");
});

test("a rule twice, wrong networks and descriptions", async () => {
  const { id } = await make(GROUP, { vpcId: "vpc-1", description: "x" });
  const rule = {
    securityGroupId: id,
    ipProtocol: "tcp",
    fromPort: 443,
    toPort: 443,
    cidrIpv4: "10.0.0.0/8",
  };
  await make(INGRESS, rule);
  await expect(make(INGRESS, rule)).rejects.toThrow("InvalidPermission.Duplicate");
  const inline = { protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: ["10.0.0.0/8", "10.0.0.0/8"] };
  await expect(make(GROUP, { vpcId: "vpc-1", ingress: [inline] })).rejects.toThrow(
    "InvalidPermission.Duplicate",
  );
  expect(problems(INGRESS, { ...rule, cidrIpv4: "10.0.0.1/8", description: "nodes' ports" })).toEqual([
    expect.stringContaining("description: Valid descriptions"),
    expect.stringContaining('cidrIpv4: "10.0.0.1/8" is not a valid CIDR block'),
  ]);
  await expect(make(GROUP, { vpcId: "vpc-9" })).rejects.toThrow("InvalidVpcID.NotFound");
});

test("records outside of their zone or there already, parameters that others have", async () => {
  const record = { zoneId: "Z1", name: "a.example.com", type: "A", ttl: 60, records: ["10.0.0.1"] };
  await make(RECORD, record);
  await expect(make(RECORD, record)).rejects.toThrow("already exists");
  await expect(make(RECORD, { ...record, name: "a.example.org" })).rejects.toThrow("not permitted in zone");
  await expect(make(RECORD, { ...record, zoneId: "Z2" })).rejects.toThrow("NoSuchHostedZone");
  await make(PARAMETER, { name: "/a/b", type: "String", value: "x" });
  await expect(make(PARAMETER, { name: "/a/b", type: "String", value: "x" })).rejects.toThrow(
    "AlreadyExists",
  );
  expect(problems(PARAMETER, { name: "/aws/a", type: "string", value: "" })).toHaveLength(3);
});

test("policies that IAM can't read, and roles that are still used", async () => {
  const trust = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: {} }],
  };
  const { id } = await make(ROLE, { assumeRolePolicy: JSON.stringify(trust) });
  const policy = (Statement: object) => ({
    role: id,
    policy: JSON.stringify({ Version: "2012-10-17", Statement }),
  });
  expect(problems(ROLE_POLICY, policy({ Effect: "Allow", Action: "a:B", Ressource: "*" }))).toEqual([
    expect.stringContaining("MalformedPolicyDocument"),
  ]);
  expect(problems(ROLE_POLICY, policy({ Effect: "Allow", Action: "a:B" }))).toEqual([
    expect.stringContaining("must have a Resource"),
  ]);
  await make(ROLE_POLICY, policy({ Effect: "Allow", Action: "a:B", Resource: "*" }));
  expect(() => plugin.delete(call(ROLE), id, {})).toThrow("DeleteConflict");
  await expect(make(PROFILE, { role: "nobody" })).rejects.toThrow("NoSuchEntity");
});
