/** Security groups, with rules of their own or as resources beside them. */
import { isIP } from "node:net";

import { z } from "zod";

import type { CheckFailure } from "../../../../provider/resource.ts";
import type { Properties, Value } from "../../../../provider/values.ts";
import { AwsError, findMade, newId, ofType } from "../cloud.ts";
import type { CloudContents } from "../cloud.ts";
import { when } from "../kind.ts";
import type { Kind } from "../kind.ts";
import { INSTANCE, INTERFACE, SECURITY_GROUP } from "../tokens.ts";

/** EC2 takes no other characters, an apostrophe for instance. */
const DESCRIPTION = /^[\w .:/()#,@[\]+=&;{}!$*-]{0,255}$/;

const inline = z.looseObject({
  protocol: z.string(),
  fromPort: z.number(),
  toPort: z.number(),
  cidrBlocks: z.array(z.string()).default([]),
  ipv6CidrBlocks: z.array(z.string()).default([]),
});

const groupInputs = z.looseObject({
  name: z.string(),
  vpcId: z.string().optional(),
  ingress: z.array(inline).default([]),
  egress: z.array(inline).default([]),
});

export const securityGroup: Kind = {
  type: SECURITY_GROUP,
  actions: {
    create: "ec2:CreateSecurityGroup",
    update: "ec2:AuthorizeSecurityGroupIngress",
    delete: "ec2:DeleteSecurityGroup",
  },
  autonamed: "name",
  replacedBy: ["description", "name", "namePrefix", "vpcId", "region"],
  sets: ["ingress", "egress"],
  check: (inputs) => [
    ...descriptionProblems(inputs["description"], "description"),
    ...when(
      typeof inputs["name"] === "string" && inputs["name"].startsWith("sg-"),
      "name",
      "cannot begin with 'sg-'",
    ),
    ...["ingress", "egress"].flatMap((side) => inlineProblems(inputs[side], side)),
  ],
  create: (inputs, { cloud, arn }) => {
    const given = groupInputs.parse(inputs);
    const action = "ec2:CreateSecurityGroup";
    const vpcId = given.vpcId ?? cloud.vpcs.find((vpc) => vpc.default)?.id ?? "";
    if (!cloud.vpcs.some(({ id }) => id === vpcId))
      throw new AwsError(action, "InvalidVpcID.NotFound", `The vpc ID '${vpcId}' does not exist`);
    const same = ofType(cloud, SECURITY_GROUP).some(
      ({ state }) => state["vpcId"] === vpcId && state["name"] === given.name,
    );
    if (same)
      throw new AwsError(
        action,
        "InvalidGroup.Duplicate",
        `The security group '${given.name}' already exists for VPC '${vpcId}'`,
      );
    for (const side of [given.ingress, given.egress]) refuseTwice(side.flatMap(rulesOf));
    const id = newId("sg");
    return {
      id,
      outputs: {
        arn: arn("ec2", `security-group/${id}`),
        ownerId: cloud.account,
        vpcId,
        ingress: inputs["ingress"] ?? [],
        egress: inputs["egress"] ?? [],
      },
    };
  },
  update: (_made, news) => {
    const given = groupInputs.parse(news);
    for (const side of [given.ingress, given.egress]) refuseTwice(side.flatMap(rulesOf));
    return {};
  },
  remove: ({ id }, { cloud }) => {
    const used = [...ofType(cloud, INSTANCE), ...ofType(cloud, INTERFACE)].some(({ inputs }) => {
      const groups = inputs["vpcSecurityGroupIds"] ?? inputs["securityGroups"];
      return Array.isArray(groups) && groups.includes(id);
    });
    if (used)
      throw new AwsError(
        "ec2:DeleteSecurityGroup",
        "DependencyViolation",
        `resource ${id} has a dependent object`,
      );
  },
};

const ruleInputs = z.looseObject({
  securityGroupId: z.string(),
  ipProtocol: z.string(),
  fromPort: z.number().optional(),
  toPort: z.number().optional(),
  cidrIpv4: z.string().optional(),
  cidrIpv6: z.string().optional(),
  prefixListId: z.string().optional(),
  referencedSecurityGroupId: z.string().optional(),
});

/** A rule as a resource: it changes in place but for the group that it is of. */
function rule(side: "Ingress" | "Egress"): Kind {
  const type = `aws:vpc/securityGroup${side}Rule:SecurityGroup${side}Rule`;
  const action = `ec2:AuthorizeSecurityGroup${side}`;
  const others = (cloud: CloudContents, group: string, not?: string): string[] =>
    ofType(cloud, type)
      .filter(({ id, inputs }) => id !== not && inputs["securityGroupId"] === group)
      .map(({ inputs }) => ruleOf(inputs));
  return {
    type,
    actions: {
      create: action,
      update: "ec2:ModifySecurityGroupRules",
      delete: `ec2:RevokeSecurityGroup${side}`,
    },
    replacedBy: ["securityGroupId", "region"],
    check: (inputs) => {
      const peers = ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"];
      return [
        ...descriptionProblems(inputs["description"], "description"),
        ...cidrProblems(inputs["cidrIpv4"], "cidrIpv4", 4),
        ...cidrProblems(inputs["cidrIpv6"], "cidrIpv6", 6),
        ...when(
          peers.filter((peer) => (inputs[peer] ?? undefined) !== undefined).length !== 1,
          "cidrIpv4",
          `Exactly one of these attributes must be configured: [${peers.join(",")}]`,
        ),
        ...when(
          inputs["ipProtocol"] !== "-1" && (inputs["fromPort"] ?? inputs["toPort"]) === undefined,
          "fromPort",
          "must be given, with toPort, unless ipProtocol is -1",
        ),
      ];
    },
    create: (inputs, { cloud, arn }) => {
      const group = ruleInputs.parse(inputs).securityGroupId;
      if (findMade(cloud, SECURITY_GROUP, group) === undefined)
        throw new AwsError(action, "InvalidGroup.NotFound", `The security group '${group}' does not exist`);
      refuseTwice([...others(cloud, group), ruleOf(inputs)], action);
      const id = newId("sgr");
      return { id, outputs: { arn: arn("ec2", `security-group-rule/${id}`), securityGroupRuleId: id } };
    },
    update: ({ id }, news, { cloud }) => {
      const group = ruleInputs.parse(news).securityGroupId;
      refuseTwice([...others(cloud, group, id), ruleOf(news)], "ec2:ModifySecurityGroupRules");
      return {};
    },
  };
}

export const securityGroupIngressRule = rule("Ingress");
export const securityGroupEgressRule = rule("Egress");

function ruleOf(inputs: Properties): string {
  const given = ruleInputs.parse(inputs);
  const peer =
    given.cidrIpv4 ?? given.cidrIpv6 ?? given.prefixListId ?? given.referencedSecurityGroupId ?? "";
  return inWords(peer, given.ipProtocol, given.fromPort ?? -1, given.toPort ?? -1);
}

const rulesOf = ({
  protocol,
  fromPort,
  toPort,
  cidrBlocks,
  ipv6CidrBlocks,
}: z.output<typeof inline>): string[] =>
  [...cidrBlocks, ...ipv6CidrBlocks].map((peer) => inWords(peer, protocol, fromPort, toPort));

const inWords = (peer: string, protocol: string, from: number, to: number): string =>
  `peer: ${peer}, ${protocol.toUpperCase()}, from port: ${from}, to port: ${to}, ALLOW`;

function refuseTwice(rules: readonly string[], action = "ec2:AuthorizeSecurityGroupIngress"): void {
  const twice = rules.find((one, index) => rules.indexOf(one) !== index);
  if (twice !== undefined)
    throw new AwsError(action, "InvalidPermission.Duplicate", `the specified rule "${twice}" already exists`);
}

function inlineProblems(rules: Value | undefined, side: string): CheckFailure[] {
  if (!Array.isArray(rules)) return [];
  return (rules as Value[]).flatMap((one, index) => {
    const given = z.looseObject({ description: z.unknown() }).safeParse(one).data ?? {
      description: undefined,
    };
    const cidrs = inline.safeParse(one).data;
    const at = `${side}[${index}]`;
    return [
      ...descriptionProblems(given.description, `${at}.description`),
      ...(cidrs?.cidrBlocks ?? []).flatMap((cidr, which) =>
        cidrProblems(cidr, `${at}.cidrBlocks[${which}]`, 4),
      ),
      ...(cidrs?.ipv6CidrBlocks ?? []).flatMap((cidr, which) =>
        cidrProblems(cidr, `${at}.ipv6CidrBlocks[${which}]`, 6),
      ),
    ];
  });
}

const descriptionProblems = (text: unknown, property: string): CheckFailure[] =>
  when(
    typeof text === "string" && !DESCRIPTION.test(text),
    property,
    "Valid descriptions are strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
  );

/** Bits behind the prefix must be 0. */
function cidrProblems(cidr: unknown, property: string, version: 4 | 6): CheckFailure[] {
  if (typeof cidr !== "string") return [];
  const [address = "", length = ""] = cidr.split("/");
  const bits = Number(length);
  const wrong = isIP(address) !== version || !/^\d+$/.test(length) || bits > (version === 4 ? 32 : 128);
  if (wrong) return when(true, property, `"${cidr}" is not a valid CIDR block`);
  if (version === 6) return [];
  const number = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  return when(
    number % 2 ** (32 - bits) !== 0,
    property,
    `"${cidr}" is not a valid CIDR block: bits behind its prefix are set`,
  );
}
