import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import type { AwsMachine, HarborSettings, Tls } from "../../config/settings.ts";
import type { AwsTags } from "./aws-tags.ts";
import { OutputError } from "./output-error.ts";

export type WebPorts = Pick<HarborSettings, "httpPort" | "httpsPort" | "metrics">;

/** Where a machine stands in a network that exists. */
export interface Place {
  readonly vpcId: string;
  readonly subnetId: string;
  readonly availabilityZone: string;
}

/** @throws OutputError where not exactly one VPC and one subnet are found. */
export async function findPlace({ vpc, subnet }: AwsMachine, opts: pulumi.InvokeOptions): Promise<Place> {
  const vpcs = await aws.ec2.getVpcs(
    vpc === undefined ? { filters: [filter("is-default", "true")] } : query("vpc-id", vpc),
    opts,
  );
  const vpcId = only(vpcs.ids, "vpc", vpc);
  const wanted =
    subnet === undefined ? { filters: [filter("default-for-az", "true")] } : query("subnet-id", subnet);
  const subnets = await aws.ec2.getSubnets(
    { ...wanted, filters: [...(wanted.filters ?? []), filter("vpc-id", vpcId)] },
    opts,
  );
  const subnetId = subnet === undefined ? first(subnets.ids) : only(subnets.ids, "subnet", subnet);
  const { availabilityZone } = await aws.ec2.getSubnet({ id: subnetId }, opts);
  return { vpcId, subnetId, availabilityZone };
}

type Found = NonNullable<AwsMachine["vpc"]>;

const filter = (name: string, value: string) => ({ name, values: [value] });

function query(idFilter: string, { id, tags }: Found) {
  return { ...(id !== undefined && { filters: [filter(idFilter, id)] }), ...(tags && { tags }) };
}

function only(ids: readonly string[], key: "vpc" | "subnet", by: Found | undefined): string {
  const [id, ...others] = ids;
  if (id !== undefined && others.length === 0) return id;
  const setting = `harbor-cache:machine.${by === undefined ? "defaultVpc" : `${key}.${by.id === undefined ? "tags" : "id"}`}`;
  const what = key === "vpc" ? "VPC" : "subnet";
  const where = key === "vpc" ? "in the region of aws:region" : "in the VPC";
  const problem =
    id === undefined
      ? `no such ${what} is found ${where}, for the account that the credentials belong to`
      : `${ids.length} of them are found ${where} (${[...ids].sort().join(", ")}): name one by its id, or give more tags`;
  throw new OutputError(`${setting}: ${problem}`);
}

function first(ids: readonly string[]): string {
  const [id] = [...ids].sort();
  if (id === undefined) {
    throw new OutputError(
      "harbor-cache:machine.subnet: the default VPC has no default subnet; name one: { id: subnet-… }",
    );
  }
  return id;
}

/** One rule: who reaches one port. */
export interface Opening {
  readonly port: number;
  readonly networks: readonly string[];
  readonly description: string;
}

/** What the machine's own firewall lets in. Harbor's port behind the edge is never in it. */
export function openings(machine: AwsMachine, tls: Tls, ports: WebPorts): Opening[] {
  const { web, ssh } = machine.allowedCidrs;
  return [
    { port: ports.httpPort, networks: web, description: "HTTP" },
    ...(tls.mode === "none" ? [] : [{ port: ports.httpsPort, networks: web, description: "HTTPS" }]),
    ...(ports.metrics.enabled ? [{ port: ports.metrics.port, networks: web, description: "Metrics" }] : []),
    { port: 22, networks: ssh, description: "SSH" },
  ].filter(({ networks }) => networks.length > 0);
}

/**
 * The machine's firewall. Its rules lie in the group itself and not beside it: they change in place either way, and here a
 * rule that somebody opened by hand shows as drift, and the next `up` closes it.
 */
export function securityGroup(
  name: string,
  args: {
    vpcId: pulumi.Input<string>;
    machine: AwsMachine;
    rules: readonly Opening[];
    tags: AwsTags;
  },
  opts: pulumi.CustomResourceOptions,
): aws.ec2.SecurityGroup {
  const { vpcId, machine, rules, tags } = args;
  return new aws.ec2.SecurityGroup(
    `${name}-security-group`,
    {
      // Without anything from the settings: another description would replace the group.
      description: "Who reaches harbor-cache",
      vpcId,
      ingress: rules.map(({ port, networks, description }) => ({
        description,
        protocol: "tcp",
        fromPort: port,
        toPort: port,
        ...blocks(networks),
      })),
      egress: [{ protocol: "-1", fromPort: 0, toPort: 0, ...blocks(["0.0.0.0/0", "::/0"]) }],
      tags,
    },
    pulumi.mergeOptions(opts, chosenSubnet(machine, "vpcId")),
  );
}

function blocks(networks: readonly string[]) {
  const distinct = [...new Set(networks)];
  const ipv4 = distinct.filter((network) => !network.includes(":"));
  const ipv6 = distinct.filter((network) => network.includes(":"));
  return { ...(ipv4.length > 0 && { cidrBlocks: ipv4 }), ...(ipv6.length > 0 && { ipv6CidrBlocks: ipv6 }) };
}

/**
 * The machine's network interface: of its own, so that a rebuilt machine has the same private address, and so that no
 * subnet's default gives the machine a public one.
 */
export function networkInterface(
  name: string,
  args: {
    place: pulumi.Output<Place>;
    machine: AwsMachine;
    securityGroup: aws.ec2.SecurityGroup;
    tags: AwsTags;
  },
  opts: pulumi.CustomResourceOptions,
): aws.ec2.NetworkInterface {
  const { place, machine, tags } = args;
  return new aws.ec2.NetworkInterface(
    `${name}-network-interface`,
    { subnetId: place.subnetId, securityGroups: [args.securityGroup.id], description: "harbor-cache", tags },
    pulumi.mergeOptions(opts, chosenSubnet(machine, "subnetId")),
  );
}

/**
 * A default subnet that AWS adds later must not move a machine that stands, and what moves must not move without the rest:
 * where no subnet is named, the place is chosen once.
 */
export function chosenSubnet(
  { subnet }: AwsMachine,
  property: "vpcId" | "subnetId" | "availabilityZone",
): pulumi.CustomResourceOptions {
  return subnet === undefined ? { ignoreChanges: [property] } : {};
}
