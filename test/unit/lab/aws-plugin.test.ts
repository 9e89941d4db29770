import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { Call, Plugin } from "../../../lab/plugins/plugin-server.ts";
import { publishedTypes } from "../../../lab/plugins/published-types/published-types.ts";
import { UNKNOWN } from "../../../provider/values.ts";
import type { Properties } from "../../../provider/values.ts";
import { Account, call, configured, instance, lookupBy, TYPES } from "./aws-account.ts";

const { ATTACHMENT, EIP, GROUP, INSTANCE, PARAMETER, PROFILE, RECORD, ROLE, ROLE_POLICY, VOLUME } = TYPES;

let account: Account;
let plugin: Plugin;
beforeEach(async () => {
  account = await Account.open();
  plugin = account.plugin;
});
afterEach(() => account.close());

const make = (type: string, inputs: Properties) => account.make(type, inputs);
const problems = (type: string, inputs: Properties) => account.problems(type, inputs);
const replaced = (type: string, olds: Properties, news: Properties) => account.replaced(type, olds, news);
const lookup = (token: string, args: Properties, log?: Call["log"]) => lookupBy(plugin)(token, args, log);
const calls = () => account.calls();

test("what it doesn't know is refused by name", async () => {
  expect(plugin.knows("aws:s3/bucket:Bucket")).toBe(false);
  await expect(lookup("aws:s3/getBucket:getBucket", {})).rejects.toThrow(
    "the stand-in for the plugin aws 7.48.0 has no function aws:s3/getBucket:getBucket",
  );
  expect(problems(INSTANCE, instance({ amy: "ami-1" }))).toEqual([
    "amy: There is no such property. Did you mean 'ami'?",
  ]);
  expect(plugin.checkConfig?.({ regoin: "eu-west-1", version: "7.48.0" })).toMatchObject([
    { property: "regoin" },
    { property: "region" },
  ]);
});

test("ids, ARNs and addresses have AWS's own form, and each call is recorded", async () => {
  const { id, state } = await make(INSTANCE, instance());
  expect(id).toMatch(/^i-[0-9a-f]{17}$/);
  expect(state).toMatchObject({
    arn: `arn:aws:ec2:eu-west-1:123456789012:instance/${id}`,
    availabilityZone: "eu-west-1a",
    privateIp: "10.0.1.10",
    publicIp: "",
  });
  const volume = await make(VOLUME, {
    availabilityZone: "eu-west-1a",
    size: 10,
    type: "gp3",
    encrypted: true,
  });
  expect(volume).toMatchObject({
    id: expect.stringMatching(/^vol-[0-9a-f]{17}$/) as string,
    state: { iops: 3000, throughput: 125, size: 10, encrypted: true },
  });
  const role = await make(ROLE, {
    assumeRolePolicy:
      '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}}',
  });
  expect(role.id).toMatch(/^it-[0-9a-f]{7}$/);
  expect(role.state["arn"]).toBe(`arn:aws:iam::123456789012:role/${role.id}`);
  expect((await make(EIP, { domain: "vpc" })).state).toMatchObject({
    publicIp: expect.stringMatching(/^203\.0\.113\./) as string,
  });
  expect(await calls()).toEqual([
    "ec2:RunInstances",
    "ec2:CreateVolume",
    "iam:CreateRole",
    "ec2:AllocateAddress",
  ]);
});

test("at a preview nothing is made, and what AWS would say is unknown", async () => {
  const { id, state } = await plugin.create(call(INSTANCE, true), instance({ tags: { a: "b" } }));
  expect(id).toBe("");
  expect(state).toMatchObject({ arn: UNKNOWN, privateIp: UNKNOWN, ami: "ami-x86", tagsAll: { a: "b" } });
  await expect(calls()).rejects.toThrow("ENOENT");
});

test("a name that is made up stays, and one that is given is deleted before it is made again", () => {
  const first = plugin.check(ROLE, {}, {}, "it").inputs;
  expect(plugin.check(ROLE, {}, first, "it").inputs["name"]).toBe(first["name"]);
  expect(plugin.check(ROLE, {}, { name: "given" }, "it").inputs["name"]).not.toBe("given");
  const given = { name: "role", path: "/a/" };
  expect(plugin.diff(ROLE, "role", given, {}, { ...given, path: "/b/" })).toMatchObject({
    deleteBeforeReplace: true,
  });
  expect(plugin.diff(ROLE, "it", first, {}, { ...first, path: "/b/" })).toMatchObject({
    deleteBeforeReplace: false,
  });
});

test("replaced are those that Terraform's provider replaces", () => {
  const disk = { availabilityZone: "a", size: 10, type: "gp3", encrypted: true };
  expect(
    replaced(VOLUME, disk, { ...disk, size: 20, type: "io2", iops: 4000, throughput: 1, tags: {} }),
  ).toEqual([]);
  expect(replaced(VOLUME, disk, { ...disk, availabilityZone: "b", kmsKeyId: "k", encrypted: false })).toEqual(
    ["availabilityZone", "encrypted", "kmsKeyId"],
  );
  const machine = instance({
    rootBlockDevice: { volumeSize: 8, encrypted: true },
    userData: "a",
    keyName: "a",
  });
  expect(
    replaced(INSTANCE, machine, {
      ...machine,
      instanceType: "m7i.xlarge",
      userData: "b",
      metadataOptions: { httpTokens: "required" },
      rootBlockDevice: { volumeSize: 9, encrypted: true },
    }),
  ).toEqual([]);
  expect(
    replaced(INSTANCE, machine, {
      ...machine,
      ami: "ami-2",
      keyName: UNKNOWN,
      userDataReplaceOnChange: true,
      userData: "b",
      rootBlockDevice: { volumeSize: 8, encrypted: false },
    }),
  ).toEqual(["ami", "rootBlockDevice.encrypted", "userData", "keyName"].sort((a, b) => order(a) - order(b)));
  expect(replaced(ATTACHMENT, { instanceId: "a" }, { instanceId: UNKNOWN, forceDetach: true })).toEqual([
    "instanceId",
  ]);
  expect(replaced(RECORD, { type: "A", name: "a" }, { type: "AAAA", name: "b" })).toEqual(["name"]);
});
const order = (name: string) => ["ami", "rootBlockDevice.encrypted", "userData", "keyName"].indexOf(name);

test("the order of a set is no change", () => {
  const rules = [80, 443].map((port) => ({
    protocol: "tcp",
    fromPort: port,
    toPort: port,
    cidrBlocks: ["10.0.0.0/8"],
  }));
  expect(plugin.diff(GROUP, "sg", { ingress: rules }, {}, { ingress: rules.toReversed() }).detailed).toEqual(
    {},
  );
});

test("refresh shows what somebody changed, and what is gone", async () => {
  const { id, state } = await make(EIP, { domain: "vpc", tags: { a: "b" } });
  const file = join(account.folder, "cloud.json");
  await writeFile(file, (await readFile(file, "utf8")).replaceAll('"a": "b"', '"a": "c"'));
  const inputs = { domain: "vpc", tags: { a: "b" } };
  expect(await plugin.read?.(call(EIP), id, inputs, state)).toMatchObject({ inputs: { tags: { a: "c" } } });
  await plugin.delete(call(EIP), id, state);
  expect(await plugin.read?.(call(EIP), id, inputs, state)).toBeUndefined();
  await plugin.delete(call(EIP), id, state);
});

test("a new machine publishes its host key where its role may", async () => {
  const name = "/harbor-cache/host-key";
  const parameter = await make(PARAMETER, { name, type: "String", insecureValue: "not yet" });
  const trust =
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}}';
  const { id: role } = await make(ROLE, { assumeRolePolicy: trust });
  const { id: iamInstanceProfile } = await make(PROFILE, { role });
  const value = async () => (await lookup("aws:ssm/getParameter:getParameter", { name }))?.["insecureValue"];
  const machine = instance({ iamInstanceProfile, userData: `PARAMETER = "${name}"` });
  await make(INSTANCE, machine);
  expect(await value()).toBe("not yet");
  const statement = { Effect: "Allow", Action: ["ssm:PutParameter"], Resource: [parameter.state["arn"]] };
  await make(ROLE_POLICY, {
    role,
    policy: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }),
  });
  const { id } = await make(INSTANCE, machine);
  expect(await value()).toBe(`${id} ssh-ed25519 AAAA`);
});

describe("lookups", () => {
  test("find what the cloud has, and only that", async () => {
    const vpcs = await lookup("aws:ec2/getVpcs:getVpcs", { tags: { Name: "production" } });
    expect(vpcs?.["ids"]).toEqual(["vpc-1"]);
    const inVpc = [{ name: "vpc-id", values: ["vpc-1"] }];
    expect((await lookup("aws:ec2/getSubnets:getSubnets", { filters: inVpc }))?.["ids"]).toEqual([
      "subnet-a",
      "subnet-b",
    ]);
    expect(await lookup("aws:ec2/getSubnet:getSubnet", { id: "subnet-a" })).toMatchObject({
      vpcId: "vpc-1",
      availabilityZone: "eu-west-1a",
    });
    await expect(lookup("aws:ec2/getSubnet:getSubnet", { id: "subnet-9" })).rejects.toThrow(
      "no matching EC2 Subnet",
    );
    await expect(lookup("aws:ec2/getSubnet:getSubnet", { vpcId: "vpc-1" })).rejects.toThrow(
      "multiple EC2 Subnets",
    );
    await expect(lookup("aws:ssm/getParameter:getParameter", { name: "/no" })).rejects.toThrow(
      "ParameterNotFound",
    );
    const odd = [{ name: "owner", values: ["me"] }];
    await expect(lookup("aws:ec2/getVpcs:getVpcs", { filters: odd })).rejects.toThrow(
      "not know the filter owner",
    );
  });

  test("of instances take tags and states, and leave out addresses that aren't there", async () => {
    const token = "aws:ec2/getInstances:getInstances";
    await make(INSTANCE, instance({ tags: { Role: "worker" } }));
    const workers = await lookup(token, { instanceTags: { Role: "worker" } });
    expect(workers).toMatchObject({
      ids: ["i-1", "i-2", expect.stringMatching(/^i-0/)],
      privateIps: ["10.0.1.21", "10.0.1.22", expect.stringMatching(/^10\.0\./)],
      publicIps: ["198.51.100.22"],
    });
    const stopped = { instanceTags: { Role: "worker" }, instanceStateNames: ["stopped"] };
    expect((await lookup(token, stopped))?.["ids"]).toEqual(["i-3"]);
    expect((await lookup(token, { instanceTags: { Role: "none" } }))?.["ids"]).toEqual([]);
    await expect(lookup(token, { instanceStateNames: ["runing"] })).rejects.toThrow("runing");
    await expect(lookup(token, { tags: { Role: "worker" } })).rejects.toThrow("tags");
  });

  test("answer in the form that the package publishes", async () => {
    const types = publishedTypes("@pulumi/aws");
    for (const [token, args] of Object.entries({
      "aws:ec2/getInstances:getInstances": {},
      "aws:ec2/getVpc:getVpc": { id: "vpc-1" },
      "aws:ec2/getVpcs:getVpcs": {},
      "aws:ec2/getSubnet:getSubnet": { id: "subnet-a" },
      "aws:ec2/getSubnets:getSubnets": {},
      "aws:ssm/getParameter:getParameter": { name: "/aws/service/image" },
      "aws:route53/getZone:getZone": { zoneId: "Z1" },
      "aws:index/getCallerIdentity:getCallerIdentity": {},
      "aws:index/getRegion:getRegion": {},
      "aws:index/getPartition:getPartition": {},
    }))
      expect([token, types.result(token)((await lookup(token, args)) ?? {})]).toEqual([token, []]);
  });

  test("without a cloud the answers are made up, which is said once, and nothing can be made", async () => {
    plugin = configured(undefined);
    const lines: string[] = [];
    const log: Call["log"] = (_severity, message) => lines.push(message);
    const token = "aws:ec2/getVpcs:getVpcs";
    const tagged = await lookup(token, { tags: { Name: "x" } }, log);
    expect(tagged?.["ids"]).toEqual([expect.stringMatching(/^vpc-[0-9a-f]{17}$/)]);
    expect(await lookup(token, { tags: { Name: "x" } }, log)).toEqual(tagged);
    const byId = { filters: [{ name: "vpc-id", values: ["vpc-7"] }] };
    expect((await lookup(token, byId, log))?.["ids"]).toEqual(["vpc-7"]);
    expect(lines).toEqual([expect.stringContaining("made up")]);
    expect(() => plugin.create(call(EIP), { domain: "vpc" })).toThrow("makes nothing");
  });
});
