import { describe, expect, test } from "vitest";

import { awsTags } from "../../../components/host/aws-tags.ts";
import { tagged } from "../../../policy/tagged.ts";
import { INSTANCE, violations, VOLUME } from "./violations.ts";

const missing = (key: string) => `the tag ${key} is missing: give the resource the stack's tags`;

test("the tags that the program gives are enough", () => {
  expect(
    violations(tagged, VOLUME, { tags: awsTags("registry.example.com", { Environment: "production" }) }),
  ).toEqual([]);
});

test("so are those that the provider adds, and those whose values aren't known yet", () => {
  const tagsAll = new Proxy(
    { Name: "", Project: "", Stack: "" },
    {
      get() {
        throw new Error("unknown value");
      },
    },
  );
  expect(violations(tagged, INSTANCE, { tagsAll })).toEqual([]);
  expect(
    violations(tagged, INSTANCE, { tags: { Name: "a", Stack: "b" }, tagsAll: { Project: "c" } }),
  ).toEqual([]);
});

describe("a missing tag is named", () => {
  test.each<[string, Record<string, unknown>, string[]]>([
    ["all of them", {}, [missing("Name"), missing("Project"), missing("Stack")]],
    ["one", { tags: { Name: "a", Stack: "b", Environment: "c" } }, [missing("Project")]],
    ["one in another case", { tags: { Name: "a", Stack: "b", project: "c" } }, [missing("Project")]],
  ])("%s", (_what, props, expected) => {
    expect(violations(tagged, VOLUME, props)).toEqual(expected);
  });
});

test.each([
  "aws:ec2/securityGroup:SecurityGroup",
  "aws:ec2/networkInterface:NetworkInterface",
  "aws:ec2/eip:Eip",
  "aws:ec2/keyPair:KeyPair",
  "aws:iam/role:Role",
  "aws:iam/instanceProfile:InstanceProfile",
  "aws:ssm/parameter:Parameter",
  "aws:dlm/lifecyclePolicy:LifecyclePolicy",
  "aws:cloudwatch/metricAlarm:MetricAlarm",
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
])("%s takes tags", (type) => {
  expect(violations(tagged, type)).toHaveLength(3);
});

test.each([
  "aws:ec2/volumeAttachment:VolumeAttachment",
  "aws:ec2/eipAssociation:EipAssociation",
  "aws:ec2/securityGroupRule:SecurityGroupRule",
  "aws:iam/rolePolicy:RolePolicy",
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
  "aws:route53/record:Record",
  "command:remote:Command",
  "docker:index/network:Network",
  "pulumi:providers:aws",
  "harborcache:components:AwsHost",
])("%s takes none", (type) => {
  expect(violations(tagged, type)).toEqual([]);
});
