import { isIPv4 } from "node:net";

import * as z from "zod";

import { read, type Resource, type Rule } from "./rule.ts";

/** SSH, and Harbor without TLS. */
const CLOSED_PORTS = [22, 8080];
/** The widest networks that are private: 10.0.0.0/8 and fc00::/7. Anything wider is a piece of the internet. */
const WIDEST = { ipv4: 8, ipv6: 7 };

const networks = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);
const inbound = z.object({
  protocol: z.union([z.string(), z.number()]).transform((protocol) => String(protocol).toLowerCase()),
  fromPort: z.number().optional(),
  toPort: z.number().optional(),
  cidrBlocks: networks,
  ipv6CidrBlocks: networks,
});
type Inbound = z.output<typeof inbound>;

const ingress = z.object({ ingress: z.array(z.unknown()).nullish() });
const direction = z.object({ type: z.string() });
const single = z
  .object({
    ipProtocol: z.string(),
    fromPort: z.number().optional(),
    toPort: z.number().optional(),
    cidrIpv4: z.string().optional(),
    cidrIpv6: z.string().optional(),
  })
  .transform(({ ipProtocol, cidrIpv4, cidrIpv6, ...ports }) => ({
    ...ports,
    protocol: ipProtocol.toLowerCase(),
    cidrBlocks: cidrIpv4 === undefined ? [] : [cidrIpv4],
    ipv6CidrBlocks: cidrIpv6 === undefined ? [] : [cidrIpv6],
  }));

/** Every form in which AWS lets traffic in by a security group. */
function* rulesOf({ type, props }: Resource): Generator<Inbound> {
  if (
    type === "aws:ec2/securityGroup:SecurityGroup" ||
    type === "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
  )
    for (const rule of read(ingress, props).ingress ?? []) yield read(inbound, rule);
  if (type === "aws:ec2/securityGroupRule:SecurityGroupRule" && read(direction, props).type === "ingress")
    yield read(inbound, props);
  if (type === "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") yield read(single, props);
}

function lets({ protocol, fromPort = 0, toPort = 65535 }: Inbound, port: number): boolean {
  if (protocol === "-1" || protocol === "all") return true;
  return (protocol === "tcp" || protocol === "6") && fromPort <= port && port <= toPort;
}

function isPublic(network: string): boolean {
  const [address = "", bits = ""] = network.split("/");
  return Number(bits) < (isIPv4(address) ? WIDEST.ipv4 : WIDEST.ipv6);
}

export const networkAccess: Rule = {
  name: "network-access",
  description: "Ports 22 (SSH) and 8080 (Harbor without TLS) are never open to the internet.",
  *check(resource) {
    for (const rule of rulesOf(resource))
      for (const network of [...rule.cidrBlocks, ...rule.ipv6CidrBlocks].filter(isPublic))
        for (const port of CLOSED_PORTS.filter((port) => lets(rule, port)))
          yield `port ${port} is open to ${network}: name the networks that need it`;
  },
};
