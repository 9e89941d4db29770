/** The stand-in for the plugin aws in a small cloud of its own, called without gRPC. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "vitest";

import { awsPlugin } from "../../../lab/plugins/aws/plugin.ts";
import type { Call, Plugin } from "../../../lab/plugins/plugin-server.ts";
import { publishedTypes } from "../../../lab/plugins/published-types/published-types.ts";
import type { Properties } from "../../../provider/values.ts";

export const TYPES = {
  ATTACHMENT: "aws:ec2/volumeAttachment:VolumeAttachment",
  EIP: "aws:ec2/eip:Eip",
  GROUP: "aws:ec2/securityGroup:SecurityGroup",
  INGRESS: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
  INSTANCE: "aws:ec2/instance:Instance",
  INTERFACE: "aws:ec2/networkInterface:NetworkInterface",
  PARAMETER: "aws:ssm/parameter:Parameter",
  PROFILE: "aws:iam/instanceProfile:InstanceProfile",
  RECORD: "aws:route53/record:Record",
  ROLE: "aws:iam/role:Role",
  ROLE_POLICY: "aws:iam/rolePolicy:RolePolicy",
  VOLUME: "aws:ebs/volume:Volume",
} as const;

const cloud = {
  vpcs: [
    { id: "vpc-1", cidrBlock: "10.0.0.0/16", tags: { Name: "production" } },
    { id: "vpc-2", cidrBlock: "10.9.0.0/16" },
  ],
  instances: [
    { id: "i-1", privateIp: "10.0.1.21", tags: { Role: "worker" } },
    { id: "i-2", privateIp: "10.0.1.22", publicIp: "198.51.100.22", tags: { Role: "worker" } },
    { id: "i-3", privateIp: "10.0.1.23", state: "stopped", tags: { Role: "worker" } },
  ],
  subnets: [
    {
      id: "subnet-a",
      vpcId: "vpc-1",
      availabilityZone: "eu-west-1a",
      cidrBlock: "10.0.1.0/24",
      tags: { Name: "a" },
    },
    { id: "subnet-b", vpcId: "vpc-1", availabilityZone: "eu-west-1b", cidrBlock: "10.0.2.0/24" },
    { id: "subnet-2", vpcId: "vpc-2", availabilityZone: "eu-west-1a", cidrBlock: "10.9.1.0/24" },
  ],
  images: [{ id: "ami-x86" }, { id: "ami-arm", architecture: "arm64" }],
  parameters: { "/aws/service/image": "ami-x86" },
  zones: [{ id: "Z1", name: "example.com" }],
  hostKey: "ssh-ed25519 AAAA",
};

export function configured(at: string | undefined): Plugin {
  const made = awsPlugin(at);
  void made.configure?.({ region: "eu-west-1" }, () => undefined);
  return made;
}

export const call = (type: string, preview = false): Call => ({
  urn: `urn:pulumi:s::p::${type}::it`,
  type,
  name: "it",
  preview,
  signal: new AbortController().signal,
  log: () => undefined,
});

export const instance = (more: Properties = {}): Properties => ({
  ami: "ami-x86",
  instanceType: "m7i.large",
  subnetId: "subnet-a",
  ...more,
});

/** What the stand-in says must be what the package's class reads; not everything is said. */
const wrongOutputs = (type: string, state: Properties) =>
  publishedTypes("@pulumi/aws")
    .outputs(type)(state)
    .filter(({ reason }) => reason !== "This property is required.");

export class Account {
  readonly folder: string;
  readonly plugin: Plugin;

  private constructor(folder: string) {
    this.folder = folder;
    this.plugin = configured(folder);
  }

  static async open(): Promise<Account> {
    const folder = await mkdtemp(join(tmpdir(), "aws-plugin-"));
    await writeFile(join(folder, "cloud.json"), JSON.stringify(cloud));
    return new Account(folder);
  }

  close(): Promise<void> {
    return rm(this.folder, { recursive: true });
  }

  problems(type: string, inputs: Properties): string[] {
    const { failures } = this.plugin.check(type, inputs, {}, "it");
    return failures.map(({ property, reason }) => `${property}: ${reason}`);
  }

  /** Checks and makes. */
  async make(type: string, inputs: Properties) {
    const { inputs: checked, failures } = this.plugin.check(type, inputs, {}, "it");
    expect(failures).toEqual([]);
    const created = await this.plugin.create(call(type), checked);
    expect(wrongOutputs(type, created.state)).toEqual([]);
    return created;
  }

  /** Paths whose change replaces. */
  replaced(type: string, olds: Properties, news: Properties): string[] {
    return Object.entries(this.plugin.diff(type, "id", olds, {}, news).detailed)
      .filter(([, { kind }]) => kind.endsWith("-replace"))
      .map(([path]) => path);
  }

  async calls(): Promise<string[]> {
    const lines = (await readFile(join(this.folder, "calls.jsonl"), "utf8")).trim().split("\n");
    return lines.map((line) => (JSON.parse(line) as { action: string }).action);
  }
}

export const lookupBy =
  (plugin: Plugin) =>
  (token: string, args: Properties, log: Call["log"] = () => undefined) =>
    Promise.resolve().then(() => plugin.invoke?.(token, args, log));
