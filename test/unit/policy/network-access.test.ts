import { describe, expect, test } from "vitest";

import { networkAccess } from "../../../policy/network-access.ts";
import { violations } from "./violations.ts";

const GROUP = "aws:ec2/securityGroup:SecurityGroup";
const RULE = "aws:ec2/securityGroupRule:SecurityGroupRule";
const INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";

interface Inbound {
  readonly protocol: string | number;
  readonly fromPort?: number;
  readonly toPort?: number;
  readonly networks: readonly string[];
}

/** The same rule in each form that AWS has for it. */
function inEachForm({ networks, protocol, ...ports }: Inbound): [string, Record<string, unknown>][] {
  const ipv6CidrBlocks = networks.filter((network) => network.includes(":"));
  const cidrBlocks = networks.filter((network) => !network.includes(":"));
  const rule = { protocol, ...ports, cidrBlocks, ipv6CidrBlocks };
  return [
    [GROUP, { ingress: [{ protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: ["0.0.0.0/0"] }, rule] }],
    ["aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", { ingress: [rule] }],
    [RULE, { type: "ingress", ...rule }],
    ...networks.map((network): [string, Record<string, unknown>] => [
      INGRESS,
      { ipProtocol: String(protocol), ...ports, [network.includes(":") ? "cidrIpv6" : "cidrIpv4"]: network },
    ]),
  ];
}

const tcp = (fromPort: number, toPort: number, network: string): Inbound => ({
  protocol: "tcp",
  fromPort,
  toPort,
  networks: [network],
});
const everything = (protocol: string | number, network: string): Inbound => ({
  protocol,
  fromPort: 0,
  toPort: 0,
  networks: [network],
});

describe.each<[string, Inbound, readonly number[]]>([
  ["SSH", tcp(22, 22, "0.0.0.0/0"), [22]],
  ["SSH by IPv6", tcp(22, 22, "::/0"), [22]],
  ["Harbor without TLS", tcp(8080, 8080, "0.0.0.0/0"), [8080]],
  ["a range with SSH at its start", tcp(22, 80, "0.0.0.0/0"), [22]],
  ["a range with 8080 at its end", tcp(443, 8080, "0.0.0.0/0"), [8080]],
  ["all ports", tcp(0, 65535, "0.0.0.0/0"), [22, 8080]],
  ["tcp without ports", { protocol: "tcp", networks: ["0.0.0.0/0"] }, [22, 8080]],
  ["tcp by its number", { ...tcp(22, 22, "0.0.0.0/0"), protocol: "6" }, [22]],
  ["TCP in capitals", { ...tcp(22, 22, "0.0.0.0/0"), protocol: "TCP" }, [22]],
  ["every protocol", everything("-1", "0.0.0.0/0"), [22, 8080]],
  ["every protocol by another name", everything("all", "::/0"), [22, 8080]],
  ["half of the internet", tcp(22, 22, "128.0.0.0/1"), [22]],
  ["a quarter of IPv6", tcp(22, 22, "2000::/3"), [22]],
])("%s open to the internet", (_what, rule, ports) => {
  test.each(inEachForm(rule))("is found in %s", (type, props) => {
    const [network = ""] = rule.networks;
    expect(violations(networkAccess, type, props)).toEqual(
      ports.map((port) => `port ${port} is open to ${network}: name the networks that need it`),
    );
  });
});

describe.each<[string, Inbound]>([
  ["443 for all", tcp(443, 443, "0.0.0.0/0")],
  ["80 for all", tcp(80, 80, "::/0")],
  ["SSH for one network", tcp(22, 22, "203.0.113.0/24")],
  ["SSH for the largest private network", tcp(22, 22, "10.0.0.0/8")],
  ["everything for private IPv6", everything("-1", "fc00::/7")],
  ["the ports below SSH", tcp(0, 21, "0.0.0.0/0")],
  ["the ports between", tcp(23, 8079, "0.0.0.0/0")],
  ["the ports above", tcp(8081, 65535, "0.0.0.0/0")],
  ["UDP on 22", { ...tcp(22, 22, "0.0.0.0/0"), protocol: "udp" }],
  ["ping", { protocol: "icmp", fromPort: -1, toPort: -1, networks: ["0.0.0.0/0"] }],
])("%s", (_what, rule) => {
  test.each(inEachForm(rule))("passes in %s", (type, props) => {
    expect(violations(networkAccess, type, props)).toEqual([]);
  });
});

test("a rule for another security group or prefix list passes", () => {
  const rule = { protocol: "tcp", fromPort: 22, toPort: 22 };
  expect(violations(networkAccess, GROUP, { ingress: [{ ...rule, securityGroups: ["sg-1"] }] })).toEqual([]);
  expect(violations(networkAccess, INGRESS, { ipProtocol: "tcp", prefixListId: "pl-1" })).toEqual([]);
});

test("what goes out passes", () => {
  const out = { protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"] };
  expect(violations(networkAccess, GROUP, { egress: [out] })).toEqual([]);
  expect(violations(networkAccess, RULE, { type: "egress", ...out })).toEqual([]);
});

test("what is found before an unknown value is not lost", () => {
  const unknown = new Proxy(
    {},
    {
      get() {
        throw new Error("unknown value");
      },
    },
  );
  const ingress = [{ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: ["0.0.0.0/0"] }, unknown];
  const found: string[] = [];
  expect(() => {
    for (const violation of networkAccess.check({
      type: GROUP,
      props: { ingress },
      opts: { protect: false },
    }))
      found.push(violation);
  }).toThrow("unknown value");
  expect(found).toEqual(["port 22 is open to 0.0.0.0/0: name the networks that need it"]);
});
