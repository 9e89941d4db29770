import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import type { AwsMachine } from "../../config/settings.ts";
import type { AwsTags } from "./aws-tags.ts";
import { zoneFor } from "./aws-zone.ts";

/** Seconds that a changed address takes to be known everywhere. */
const ttl = 60;

/** A public address that stays, where it is wanted. */
export function elasticIp(
  name: string,
  networkInterface: aws.ec2.NetworkInterface,
  tags: AwsTags,
  opts: pulumi.CustomResourceOptions,
): aws.ec2.Eip {
  return new aws.ec2.Eip(
    `${name}-address`,
    { domain: "vpc", networkInterface: networkInterface.id, tags },
    opts,
  );
}

export interface Addresses {
  readonly privateIp: pulumi.Output<string>;
  /** Where the machine has one. */
  readonly publicIp?: pulumi.Output<string>;
}

/** The name's A record. In a private zone it is the private address: who asks there is inside the network. */
export function addressRecord(
  name: string,
  {
    hostname,
    dns,
    privateIp,
    publicIp = privateIp,
  }: Addresses & { hostname: string; dns: NonNullable<AwsMachine["dns"]> },
  opts: pulumi.CustomResourceOptions,
): aws.route53.Record {
  const zone = pulumi.output(zoneFor("machine.dns.hostedZoneId", dns.hostedZoneId, hostname, opts));
  return new aws.route53.Record(
    `${name}-record`,
    {
      zoneId: zone.zoneId,
      name: hostname,
      type: "A",
      ttl,
      records: [zone.apply(({ isPrivate }) => (isPrivate ? privateIp : publicIp))],
    },
    opts,
  );
}
