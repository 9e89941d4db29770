import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import {
  dnsChallengePolicy,
  ecrByRole,
  ecrPolicy,
  hostKeyPolicy,
  s3Policy,
} from "../../../components/host/aws-policies.ts";
import type { RegistrySettings } from "../../../config/settings.ts";

const registry: RegistrySettings = {
  name: "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
  endpoint: "https://api.ecr.eu-west-1.amazonaws.com",
  type: "aws-ecr",
  project: "ecr",
  public: false,
  quotaBytes: -1,
  cache: {},
  insecure: false,
  aliases: [],
  fallback: true,
  pullFromMirror: "all",
  mirrors: [],
};

describe("the machine's role", () => {
  it("may change the challenge's record, and only it", () => {
    expect(dnsChallengePolicy("aws", "Z0123456789ABCDEFGHIJ", "registry.example.com")).toEqual({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Action: ["route53:GetChange"], Resource: ["arn:aws:route53:::change/*"] },
        {
          Effect: "Allow",
          Action: ["route53:ListResourceRecordSets"],
          Resource: ["arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ"],
        },
        {
          Effect: "Allow",
          Action: ["route53:ChangeResourceRecordSets"],
          Resource: ["arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ"],
          Condition: {
            "ForAllValues:StringEquals": {
              "route53:ChangeResourceRecordSetsNormalizedRecordNames": [
                "_acme-challenge.registry.example.com",
              ],
              "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"],
            },
          },
        },
      ],
    });
  });

  it("may write the host key, and not read it", () => {
    expect(hostKeyPolicy("arn:aws:ssm:eu-west-1:1:parameter/key")).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: ["ssm:PutParameter"],
          Resource: ["arn:aws:ssm:eu-west-1:1:parameter/key"],
        },
      ],
    });
  });

  it("may pull from the registries that it reads, each in its account and region", () => {
    const ecr = [{ region: "eu-west-1", account: "123456789012" }, { region: "us-east-1" }];
    expect(ecrPolicy("aws", ecr, "111122223333")).toEqual({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Action: ["ecr:GetAuthorizationToken"], Resource: ["*"] },
        {
          Effect: "Allow",
          Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
          Resource: [
            "arn:aws:ecr:eu-west-1:123456789012:repository/*",
            "arn:aws:ecr:us-east-1:111122223333:repository/*",
          ],
        },
      ],
    });
  });

  it.each([
    [{}, "arn:aws-cn:s3:::layers/*"],
    [{ rootDirectory: "/harbor/prod" }, "arn:aws-cn:s3:::layers/harbor/prod/*"],
  ])("may use the bucket's objects, with %o only those below it", (root, objects) => {
    expect(s3Policy("aws-cn", { bucket: "layers", region: "cn-north-1", ...root })).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
          Resource: ["arn:aws-cn:s3:::layers"],
        },
        {
          Effect: "Allow",
          Action: [
            "s3:PutObject",
            "s3:GetObject",
            "s3:DeleteObject",
            "s3:ListMultipartUploadParts",
            "s3:AbortMultipartUpload",
          ],
          Resource: [objects],
        },
      ],
    });
  });
});

describe("the registries that are read by the role", () => {
  const credentials = { username: "AKIA", password: pulumi.secret("x") };
  it.each<[string, Partial<RegistrySettings>, unknown]>([
    ["account by the name", {}, [{ region: "eu-west-1", account: "123456789012" }]],
    [
      "account by the endpoint",
      { name: "ecr.example.com", endpoint: "https://210987654321.dkr.ecr.us-east-2.amazonaws.com" },
      [{ region: "us-east-2", account: "210987654321" }],
    ],
    ["the own account", { name: "ecr.example.com" }, [{ region: "eu-west-1" }]],
    [
      "China",
      {
        name: "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
        endpoint: "https://api.ecr.cn-north-1.amazonaws.com.cn",
      },
      [{ region: "cn-north-1", account: "123456789012" }],
    ],
    ["not those with credentials of their own", { credentials }, []],
    ["not those of another type", { type: "docker-registry" }, []],
    ["not what only looks like AWS", { endpoint: "https://api.ecr.eu-west-1.amazonaws.com.example.com" }, []],
  ])("%s", (_what, changes, expected) => {
    expect(ecrByRole([{ ...registry, ...changes }])).toEqual(expected);
  });
});
