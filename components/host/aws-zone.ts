import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

import { OutputError } from "./output-error.ts";

export interface Zone {
  readonly zoneId: string;
  readonly isPrivate: boolean;
}

/** A hosted zone that can hold the name's records. @throws OutputError where it can't. */
export async function zoneFor(
  setting: string,
  zoneId: string,
  hostname: string,
  opts: pulumi.InvokeOptions,
): Promise<Zone> {
  const { name, privateZone } = await aws.route53.getZone({ zoneId }, opts);
  const domain = name.replace(/\.$/, "");
  if (hostname !== domain && !hostname.endsWith(`.${domain}`)) {
    throw new OutputError(
      `harbor-cache:${setting}: the zone ${zoneId} is of ${domain}, and ${hostname} is not in it`,
    );
  }
  return { zoneId, isPrivate: privateZone === true };
}

/**
 * The zone for the challenge of Let's Encrypt, which asks the public DNS and nothing else.
 *
 * @throws OutputError where it is another one.
 */
export async function challengeZone(
  zoneId: string,
  hostname: string,
  opts: pulumi.InvokeOptions,
): Promise<Zone> {
  const zone = await zoneFor("tls.hostedZoneId", zoneId, hostname, opts);
  if (zone.isPrivate) {
    throw new OutputError(
      `harbor-cache:tls.hostedZoneId: the zone ${zoneId} is private, and the challenge is looked up in the public DNS: ` +
        "give the public zone; machine.dns.hostedZoneId may stay a private one",
    );
  }
  return zone;
}
