import { describe, expect, test } from "vitest";

import {
  assumedBy,
  dnsChallengePolicy,
  ecrPolicy,
  hostKeyPolicy,
} from "../../../components/host/aws-policies.ts";
import { leastPrivilege } from "../../../policy/least-privilege.ts";
import { violations } from "./violations.ts";

const ROLE = "aws:iam/role:Role";
const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";
const ZONE = "arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ";

const document = (...statements: unknown[]) =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });
const allow = (Action: unknown, Resource: unknown, more = {}) => ({
  Effect: "Allow",
  Action,
  Resource,
  ...more,
});

/** What a role's own policy with these statements is told. */
const judged = (...statements: unknown[]) =>
  violations(leastPrivilege, ROLE_POLICY, { policy: document(...statements) });

const challenge = (names: unknown, types: unknown = ["TXT"]) => ({
  Condition: {
    "ForAllValues:StringEquals": {
      "route53:ChangeResourceRecordSetsNormalizedRecordNames": names,
      "route53:ChangeResourceRecordSetsRecordTypes": types,
    },
  },
});
const change = (more: object, zone: unknown = ZONE) => allow("route53:ChangeResourceRecordSets", zone, more);
const NAME = "_acme-challenge.registry.example.com";
const tooMuch =
  "route53:ChangeResourceRecordSets reaches more than the challenge: name the zone, and allow only TXT records called _acme-challenge.…, by ForAllValues:StringEquals";

test("what DNS-01 needs passes", () => {
  expect(
    judged(
      allow("route53:GetChange", "arn:aws:route53:::change/*"),
      allow(["route53:ListResourceRecordSets"], [ZONE]),
      change(challenge([NAME])),
      allow("ssm:PutParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/harbor-cache/host-key"),
      allow("ecr:GetAuthorizationToken", "*"),
      allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::images/*"),
    ),
  ).toEqual([]);
});

describe("the challenge's condition", () => {
  test.each([
    ["one name as text", change(challenge(NAME, "TXT"))],
    ["several names", change(challenge([NAME, "_acme-challenge.other.example.com"]))],
    ["another partition", change(challenge([NAME]), ZONE.replace("aws", "aws-us-gov"))],
  ])("passes with %s", (_what, statement) => {
    expect(judged(statement)).toEqual([]);
  });

  test.each([
    ["is missing", change({})],
    ["has no name", change(challenge([]))],
    ["has another name too", change(challenge([NAME, "registry.example.com"]))],
    ["has a pattern", change(challenge(["_acme-challenge.*"]))],
    ["has another type too", change(challenge([NAME], ["TXT", "A"]))],
    ["has no type", change(challenge([NAME], []))],
    [
      "is looser",
      change({
        Condition: { "ForAllValues:StringLike": challenge([NAME]).Condition["ForAllValues:StringEquals"] },
      }),
    ],
    ["is for every zone", change(challenge([NAME]), "arn:aws:route53:::hostedzone/*")],
    ["is for one zone and a pattern", change(challenge([NAME]), [ZONE, "arn:aws:route53:::hostedzone/Z*"])],
    ["is beside it, in capitals", allow("ROUTE53:changeResourceRecordSets", ZONE)],
  ])("doesn't when it %s", (_what, statement) => {
    expect(judged(statement)).toEqual([tooMuch]);
  });
});

describe("a statement", () => {
  test.each([
    [allow("*", ZONE), "the action * is a pattern: name each action"],
    [allow(["route53:GetChange", "route53:*"], ZONE), "the action route53:* is a pattern: name each action"],
    [allow("s3:Get*", "arn:aws:s3:::images/*"), "the action s3:Get* is a pattern: name each action"],
    [
      allow("s3:GetObjec?", "arn:aws:s3:::images/*"),
      "the action s3:GetObjec? is a pattern: name each action",
    ],
    [allow("ssm:PutParameter", "*"), "ssm:PutParameter is allowed on *: name the resources"],
    // Traefik is told the zone's id.
    [
      allow("route53:ListHostedZonesByName", "*"),
      "route53:ListHostedZonesByName is allowed on *: name the resources",
    ],
    [
      allow("s3:GetObject", "arn:aws:s3:::*"),
      "s3:GetObject is allowed on arn:aws:s3:::*: name the resources",
    ],
    [
      allow(["ecr:GetAuthorizationToken", "ecr:BatchGetImage"], ["*"]),
      "ecr:GetAuthorizationToken, ecr:BatchGetImage is allowed on *: name the resources",
    ],
    [
      { Effect: "Allow", NotAction: "iam:*", Resource: ZONE },
      "a statement without Action and Resource allows all but what it names: name what is allowed",
    ],
    [
      { Effect: "Allow", Action: "s3:GetObject", NotResource: ZONE },
      "a statement without Action and Resource allows all but what it names: name what is allowed",
    ],
  ])("%j is told", (statement, message) => {
    expect(judged(statement)).toEqual([message]);
  });

  test("that denies may be as wide as it likes", () => {
    expect(judged({ Effect: "Deny", Action: "*", Resource: "*" })).toEqual([]);
  });

  test("alone, and a document as an object, are read too", () => {
    const policy = { Version: "2012-10-17", Statement: allow("s3:*", "arn:aws:s3:::images/*") };
    for (const type of ["aws:iam/policy:Policy", "aws:iam/userPolicy:UserPolicy", ROLE_POLICY])
      expect(violations(leastPrivilege, type, { policy })).toEqual([
        "the action s3:* is a pattern: name each action",
      ]);
  });

  test("that is no JSON is no pass", () => {
    expect(() => violations(leastPrivilege, ROLE_POLICY, { policy: "{" })).toThrow(/^can't be judged/);
  });
});

describe("a role", () => {
  const trusting = (Principal: unknown) => document({ Effect: "Allow", Action: "sts:AssumeRole", Principal });
  const ec2 = trusting({ Service: "ec2.amazonaws.com" });

  test("for a service passes", () => {
    expect(violations(leastPrivilege, ROLE, { assumeRolePolicy: ec2 })).toEqual([]);
    expect(
      violations(leastPrivilege, ROLE, { assumeRolePolicy: trusting({ Service: ["dlm.amazonaws.com"] }) }),
    ).toEqual([]);
  });

  test.each([
    ["*"],
    [{ AWS: "*" }],
    [{ Service: "ec2.amazonaws.com", AWS: "arn:aws:iam::123456789012:root" }],
  ])("for %j doesn't", (principal) => {
    expect(violations(leastPrivilege, ROLE, { assumeRolePolicy: trusting(principal) })).toEqual([
      "the role can be taken by others than a service of AWS's: give it Principal.Service only",
    ]);
  });

  test("has its inline and managed policies read", () => {
    expect(
      violations(leastPrivilege, ROLE, {
        assumeRolePolicy: ec2,
        inlinePolicies: [{ name: "all", policy: document(allow("iam:*", ZONE)) }],
        managedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"],
      }),
    ).toEqual([
      "the action iam:* is a pattern: name each action",
      "the managed policy arn:aws:iam::aws:policy/AdministratorAccess is not one that harbor-cache needs",
    ]);
  });
});

describe("a managed policy", () => {
  const attached = (policyArn: string) =>
    violations(leastPrivilege, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", { policyArn });

  test.each([
    ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"],
    ["arn:aws-cn:iam::aws:policy/AmazonSSMManagedInstanceCore"],
    ["arn:aws:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole"],
  ])("%s passes", (arn) => {
    expect(attached(arn)).toEqual([]);
  });

  test.each([
    ["arn:aws:iam::aws:policy/AdministratorAccess"],
    ["arn:aws:iam::aws:policy/AmazonRoute53FullAccess"],
    ["arn:aws:iam::123456789012:policy/AmazonSSMManagedInstanceCore"],
    ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCoreAndMore"],
  ])("%s doesn't", (arn) => {
    expect(attached(arn)).toEqual([`the managed policy ${arn} is not one that harbor-cache needs`]);
  });
});

test("what the program gives to the machine's role passes", () => {
  const registries = [{ region: "eu-west-1" }, { region: "eu-central-1", account: "210987654321" }];
  for (const policy of [
    dnsChallengePolicy("aws", "Z0123456789ABCDEFGHIJ", "registry.example.com"),
    hostKeyPolicy("arn:aws:ssm:eu-west-1:123456789012:parameter/host-key"),
    ecrPolicy("aws", registries, "123456789012"),
  ])
    expect(violations(leastPrivilege, ROLE_POLICY, { policy: JSON.stringify(policy) })).toEqual([]);
  for (const service of ["ec2.amazonaws.com", "dlm.amazonaws.com"])
    expect(violations(leastPrivilege, ROLE, { assumeRolePolicy: assumedBy(service) })).toEqual([]);
});
