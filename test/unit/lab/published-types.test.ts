import { expect, test } from "vitest";

import { publishedTypes } from "../../../lab/plugins/published-types/published-types.ts";
import { UNKNOWN } from "../../../provider/values.ts";
import type { Properties } from "../../../provider/values.ts";

const aws = publishedTypes("@pulumi/aws");
const docker = publishedTypes("@pulumi/docker");
const INSTANCE = "aws:ec2/instance:Instance";
const VOLUME = "aws:ebs/volume:Volume";

test("inputs as a package publishes them are right, unknown ones and absent optional ones too", () => {
  const right: Properties = {
    ami: "ami-1",
    instanceType: UNKNOWN,
    ebsOptimized: null,
    metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 2 },
    rootBlockDevice: { volumeSize: 30, tags: { Name: UNKNOWN } },
    vpcSecurityGroupIds: ["sg-1", UNKNOWN],
    tags: { Name: "x" },
    __defaults: ["name"],
  };
  expect(aws.resource(INSTANCE)(right)).toEqual([]);
  expect(aws.resource(INSTANCE)({ rootBlockDevice: UNKNOWN })).toEqual([]);
  expect(docker.resource("docker:index/volume:Volume")({ driverOpts: { o: "bind" } })).toEqual([]);
});

test("each wrong name and type is told with its path, and never with its value", () => {
  const problems = aws.resource(INSTANCE)({
    ami: 3,
    instanceTyp: "secret-a",
    iamInstanceProfile: {},
    metadataOptions: ["secret-b"],
    rootBlockDevice: { volumeSize: "secret-c", size: 1 },
    tags: { "a.b": 3 },
    vpcSecurityGroupIds: ["sg-1", 3],
  });
  expect(problems.map(({ property, reason }) => `${property}: ${reason}`).sort()).toEqual([
    "ami: Must be a string, not a number.",
    "iamInstanceProfile: Must be a string, not an object.",
    "instanceTyp: There is no such property. Did you mean 'instanceType'?",
    "metadataOptions: Must be an object, not a list.",
    "rootBlockDevice.size: There is no such property.",
    "rootBlockDevice.volumeSize: Must be a number, not this string.",
    'tags["a.b"]: Must be a string, not a number.',
    "vpcSecurityGroupIds[1]: Must be a string, not a number.",
  ]);
  expect(JSON.stringify(problems)).not.toMatch(/secret-[abc]/);
});

test("what is required is asked for, in nested objects too", () => {
  expect(aws.resource("aws:ec2/volumeAttachment:VolumeAttachment")({ deviceName: "/dev/sdf" })).toEqual([
    { property: "instanceId", reason: "This property is required." },
    { property: "volumeId", reason: "This property is required." },
  ]);
  expect(aws.resource(VOLUME)({ availabilityZone: null, size: 1 })).toEqual([
    { property: "availabilityZone", reason: "This property is required." },
  ]);
  expect(
    aws.resource("aws:dlm/lifecyclePolicy:LifecyclePolicy")({
      description: "x",
      executionRoleArn: UNKNOWN,
      policyDetails: { schedules: [{ createRule: {}, retainRule: {} }] },
    }),
  ).toEqual([{ property: "policyDetails.schedules[0].name", reason: "This property is required." }]);
  expect(docker.resource("docker:index/volume:Volume")({ labels: [{ label: "x" }] })).toEqual([
    { property: "labels[0].value", reason: "This property is required." },
  ]);
});

test("literals and enums are taken at their word, a union by the member of the value's own form", () => {
  const policy = aws.resource("aws:iam/rolePolicy:RolePolicy");
  expect(policy({ role: "r", policy: "{}" })).toEqual([]);
  expect(policy({ role: "r", policy: { Version: "2012-10-17", Statement: [] } })).toEqual([]);
  expect(policy({ role: "r", policy: { Version: "2012", Statement: [] } })).toEqual([
    { property: "policy.Version", reason: 'Must be "2012-10-17" or "2008-10-17", not this string.' },
  ]);
  expect(policy({ role: "r", policy: 3 })[0]?.reason).toBe("Must be a string or an object, not a number.");
});

test("outputs, arguments and results of lookups, and a provider's configuration are checked alike", () => {
  expect(aws.outputs("aws:iam/rolePolicyAttachment:RolePolicyAttachment")({ policyArn: "a" })).toEqual([
    { property: "role", reason: "This property is required." },
  ]);
  expect(aws.invoke("aws:ssm/getParameter:getParameter")({ nam: "x" })).toEqual([
    { property: "name", reason: "This property is required." },
    { property: "nam", reason: "There is no such property. Did you mean 'name'?" },
  ]);
  expect(
    aws.result("aws:index/getCallerIdentity:getCallerIdentity")({ accountId: 1, arn: "", id: "" }),
  ).toEqual([
    { property: "accountId", reason: "Must be a string, not a number." },
    { property: "userId", reason: "This property is required." },
  ]);
  // What is no text comes as JSON, and the engine adds the version.
  const configuration = {
    region: "eu-west-1",
    version: "7.48.0",
    maxRetries: "3",
    defaultTags: '{"tags":{"a":1}}',
  };
  expect(aws.provider()(configuration)).toEqual([
    { property: "defaultTags.tags.a", reason: "Must be a string, not a number." },
  ]);
  expect(docker.provider()({ host: "ssh://a", sshOpts: '["-v"]', sshOps: "x" })).toEqual([
    { property: "sshOps", reason: "There is no such property. Did you mean 'sshOpts'?" },
  ]);
});

test("a token that the package doesn't have is an error", () => {
  expect(() => aws.resource("aws:ec2/instanse:Instanse")).toThrow(
    "@pulumi/aws has no aws:ec2/instanse:Instanse",
  );
  expect(() => aws.resource("Instance")).toThrow("no type token in three parts");
});
