/** An AWS account as the mock engine sees it: what its functions answer, and what its resources are once they are made. */
import * as pulumi from "@pulumi/pulumi";
import { imageUsers } from "../../../components/host/aws-image.ts";
import { AwsHost } from "../../../components/host/aws-host.ts";
import type { Settings } from "../../../config/settings.ts";
import { harborOnAws, settingsOf, type Tree } from "../config/valid.ts";
import type { Registered } from "../mocks.ts";

export const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICu1o40Xf55Q1hZi6BG/oNVpoN0TyE3yrD6LGswi/2aq";
export const instanceId = "i-0123456789abcdef0";

/** Changed by tests, and put back by `reset`. */
export const account = {
  vpcs: ["vpc-1"],
  subnets: ["subnet-1"],
  zones: {} as Record<string, { name: string; privateZone: boolean }>,
  /** What the parameter for the host key holds. */
  published: "",
  calls: [] as { token: string; inputs: Record<string, unknown> }[],
  reset(): void {
    this.vpcs = ["vpc-1"];
    this.subnets = ["subnet-1"];
    this.zones = {
      Z0123456789ABCDEFGHIJ: { name: "example.com", privateZone: false },
      Z0ABCDEFGHIJ123456789: { name: "example.com", privateZone: true },
    };
    this.published = `${instanceId} ${hostKey} ${imageUsers.ubuntu}`;
    this.calls = [];
  },
};

export function functions(token: string, inputs: Record<string, unknown>): Record<string, unknown> {
  account.calls.push({ token, inputs });
  switch (token) {
    case "aws:index/getRegion:getRegion":
      return { region: "eu-west-1" };
    case "aws:index/getPartition:getPartition":
      return { partition: "aws" };
    case "aws:ec2/getVpcs:getVpcs":
      return { ids: account.vpcs };
    case "aws:ec2/getSubnets:getSubnets":
      return { ids: account.subnets };
    case "aws:ec2/getSubnet:getSubnet":
      return { availabilityZone: "eu-west-1b" };
    case "aws:route53/getZone:getZone": {
      const zone = account.zones[String(inputs["zoneId"])];
      if (zone === undefined) throw new Error("no such zone");
      return zone;
    }
    case "aws:ssm/getParameter:getParameter":
      return {
        insecureValue: String(inputs["name"]).startsWith("/aws/service/")
          ? "ami-0a1b2c3d"
          : account.published,
      };
    default:
      throw new Error(`${token} is not expected`);
  }
}

function outputs({ type, name }: Registered): Record<string, unknown> {
  switch (type) {
    case "aws:ec2/networkInterface:NetworkInterface":
      return { privateIp: "10.0.1.20" };
    case "aws:ec2/eip:Eip":
      return { publicIp: "198.51.100.7" };
    case "aws:ssm/parameter:Parameter":
      return { name: `${name}-1a2b3c4`, arn: `arn:aws:ssm:eu-west-1:111122223333:parameter/${name}-1a2b3c4` };
    case "aws:ec2/keyPair:KeyPair":
      return { keyName: `${name}-1a2b3c4` };
    case "aws:iam/role:Role":
      return { name: `${name}-1a2b3c4`, arn: `arn:aws:iam::111122223333:role/${name}-1a2b3c4` };
    case "aws:iam/instanceProfile:InstanceProfile":
      return { name: `${name}-1a2b3c4` };
    case "harborcache:host:SshKeyPair":
      return { publicKey: "ssh-ed25519 AAAA harbor-cache", privateKey: pulumi.secret("PRIVATE") };
    default:
      return {};
  }
}

/** Ids as AWS gives them, where something is made of them. */
function idOf({ type, name }: Registered): string {
  if (type === "aws:ec2/instance:Instance") return instanceId;
  return type === "aws:ebs/volume:Volume" ? "vol-0fedcba9876543210" : `${name}-id`;
}

/** Settings of a machine on AWS with as little as it takes, and these changes. */
export function awsSettings({
  machine,
  harbor,
  ...changes
}: Tree & { readonly machine?: object; readonly harbor?: object }): Settings {
  return settingsOf({
    hostname: "registry.example.com",
    registries: ["docker.io"],
    machine: { type: "aws", allowedCidrs: { web: ["10.0.0.0/8"] }, ...machine },
    harbor: { ...harborOnAws, ...harbor },
    ...changes,
  });
}

const registered: Registered[] = [];

/** Begins the mock engine; to be awaited before anything is made. */
export async function startAccount(): Promise<void> {
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, provider }) => {
        const resource = { type, name, inputs: inputs as Record<string, unknown>, provider };
        registered.push(resource);
        return { id: idOf(resource), state: { ...resource.inputs, ...outputs(resource) } };
      },
      call: ({ token, inputs }) => functions(token, inputs as Record<string, unknown>),
    },
    "harbor-cache",
    "prod",
  );
}

export interface Made {
  readonly registered: readonly Registered[];
  /** By `module/type name`: `ec2/Instance host-instance`. */
  readonly resources: Readonly<Record<string, Record<string, unknown>>>;
  /** The options that say more than where a resource stands, by the same. */
  readonly options: Readonly<Record<string, Record<string, unknown>>>;
  readonly host: AwsHost;
}

/** Makes the machine that the settings name, and waits until everything is made. */
export async function makeHost(settings: Settings): Promise<Made> {
  registered.length = 0;
  const options: Record<string, Record<string, unknown>> = {};
  const { machine, ...others } = settings;
  if (machine.type !== "aws") throw new Error("these are no settings of a machine on AWS");
  account.published = `${instanceId} ${hostKey} ${imageUsers[machine.image]}`;
  const host = new AwsHost(
    "host",
    { machine, ...others },
    {
      transformations: [
        ({ type, name, opts }) => {
          options[`${shortOf(type)} ${name}`] = said(opts);
          return undefined;
        },
      ],
    },
  );
  await Promise.all(host.ready.map((resource) => known(resource.urn)));
  await pulumi.runtime.disconnect();
  const resources = Object.fromEntries(
    registered.map(({ type, name, inputs }) => [`${shortOf(type)} ${name}`, inputs]),
  );
  return { registered: [...registered], resources, options, host };
}

/** `ec2/Instance` */
export function shortOf(token: string): string {
  const [provider = "", module = "", type = ""] = token.split(":");
  return provider === "aws" ? `${module.split("/")[0] ?? ""}/${type}` : token;
}

/** What Pulumi itself fills in, and where the resource stands. */
const usual = [
  "parent",
  "transformations",
  "provider",
  "providers",
  "pluginDownloadURL",
  "version",
  "aliases",
];

function said(opts: pulumi.CustomResourceOptions): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(opts)
      .filter(
        ([key, value]) => value !== undefined && !usual.includes(key) && key !== "additionalSecretOutputs",
      )
      .map(([key, value]) => [key, names(value)]),
  );
}

/** Resources by their names. */
function names(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(names);
  return value instanceof pulumi.Resource ? (Reflect.get(value, "__name") as unknown) : value;
}

export function known<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply(resolve);
  });
}
