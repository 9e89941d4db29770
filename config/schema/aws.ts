/** A machine to make on AWS EC2, in a VPC that exists. Region and credentials are the `aws:` provider's own settings. */
import * as z from "zod";
import { cidr, privateCidr } from "./network.ts";
import { privateKey } from "./secret.ts";
import { choice, flag, integer, list, mapping, text } from "./value.ts";

function pattern(example: string, form: RegExp, problem: string) {
  return text(example, (value) => (form.test(value) ? undefined : problem));
}

const id = (kind: string) =>
  pattern(
    `${kind}-0123456789abcdef0`,
    new RegExp(`^${kind}-[0-9a-f]{8,17}$`),
    `is not an id of AWS's that begins with ${kind}-`,
  );

export const tags = z.record(
  pattern("Name", /^(?!aws:)[\w .:/=+@-]{1,128}$/, "is not a tag's key that AWS takes"),
  pattern("production", /^[\p{L}\p{N} _.:/=+@-]{0,256}$/u, "is not a tag's value that AWS takes"),
  { error: "must be a mapping of texts; for example: { Name: production }" },
);

/** By id or by tags that exactly one has. */
function found(kind: "vpc" | "subnet") {
  return mapping(`{ id: ${kind}-0123456789abcdef0 } or { tags: { Name: production } }`, {
    id: id(kind).exactOptional().describe("Its id."),
    tags: tags.exactOptional().describe("Tags that exactly one has."),
  }).refine((by) => (by.id === undefined) !== (by.tags === undefined), {
    error: `must have either id or tags; for example: { id: ${kind}-0123456789abcdef0 }`,
  });
}

const instanceType = text("m7i.xlarge", (value) => {
  if (!/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/.test(value)) return "is not an instance type";
  if (xen.test(value))
    return "is a type of an older generation, where the data volume can't be found by its id";
  return /^(a1|[a-z]+\d+g[a-z0-9-]*)\./.test(value)
    ? "is an ARM type, and Harbor's packages are for x86_64"
    : undefined;
});

/** Types of before Nitro: their volumes don't show under /dev/disk/by-id. */
const xen = /^(t[12]|m[1-4]|c[134]|cc2|cr1|r[34]|i[23]|d2|h1|hs1|g2|g3s?|p[23]|x1e?|f1)\./;

const arn = (service: string, resource: string, example: string) =>
  pattern(
    example,
    new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]+:\\d{12}:${resource}$`),
    `is not an ARN of ${service.toUpperCase()}'s`,
  );

export const zoneId = pattern(
  "Z0123456789ABCDEFGHIJ",
  /^Z[A-Z0-9]{6,31}$/,
  "is not a hosted zone's id of Route53's",
);

export function awsMachine<J extends z.ZodType>(jump: J) {
  return mapping(
    "{ type: aws, vpc: { id: vpc-… }, subnet: { id: subnet-… }, allowedCidrs: { web: [10.0.0.0/8] } }",
    {
      type: z.literal("aws").describe("A machine to make on AWS EC2."),
      vpc: found("vpc")
        .exactOptional()
        .describe("Default: the region's default VPC, where defaultVpc is true."),
      subnet: found("subnet")
        .exactOptional()
        .describe("Wanted with vpc. With defaultVpc: one of its default subnets."),
      defaultVpc: flag()
        .default(false)
        .describe(
          "Use the region's default VPC; a machine that stands moves there only with a subnet. Default false.",
        ),
      instanceType: instanceType.default("m7i.xlarge").describe("An x86_64 type, default m7i.xlarge."),
      image: choice(["ubuntu", "debian", "amazon-linux"])
        .default("ubuntu")
        .describe("Ubuntu 24.04 (default), Debian 13 or Amazon Linux 2023, by AWS's public SSM parameters."),
      rootVolumeGiB: integer(8, 16384, "30").default(30).describe("Size of the system's disk, default 30."),
      dataVolume: mapping("{ sizeGiB: 500 }", {
        sizeGiB: integer(40, 16384, "500").default(200).describe("Can only grow. Default 200."),
        type: choice(["gp3", "io2"]).default("gp3").describe("EBS volume type, default gp3."),
        iops: integer(100, 256000, "6000")
          .exactOptional()
          .describe("Wanted with io2. Default with gp3: AWS's, 3000."),
        throughput: integer(125, 2000, "250")
          .exactOptional()
          .describe("MiB per second, with gp3 only. Default: AWS's, 125."),
        kmsKeyArn: arn(
          "kms",
          "key/[a-f0-9-]+",
          "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef",
        )
          .exactOptional()
          .describe("Key that encrypts it. Default: the account's key for EBS."),
      })
        .superRefine(({ type, iops, throughput }, context) => {
          const problem = (key: string, message: string): void => {
            context.addIssue({ code: "custom", path: [key], message });
          };
          if (type === "io2" && iops === undefined) problem("iops", "is missing with io2; for example: 6000");
          if (type === "gp3" && iops !== undefined && (iops < 3000 || iops > 80000))
            problem("iops", "must be a whole number from 3000 to 80000 with gp3; for example: 6000");
          if (type === "io2" && throughput !== undefined)
            problem("throughput", "goes with gp3 only: io2 has what its iops give");
        })
        .prefault({})
        .describe("The disk for dataDir, encrypted, protected and kept on destroy."),
      allowedCidrs: mapping("{ web: [10.0.0.0/8], ssh: [10.1.0.0/16] }", {
        web: list("[10.0.0.0/8]", cidr)
          .refine((networks) => networks.length > 0, {
            error: "must have a network; for example: [10.0.0.0/8]",
          })
          .describe("Networks that reach the ports of HTTP, HTTPS and metrics."),
        ssh: list("[10.1.0.0/16]", privateCidr)
          .default([])
          .describe("Networks that reach port 22, default none."),
      }).describe("Who reaches the machine."),
      elasticIp: flag()
        .default(false)
        .describe("Give it a public address that stays. Default: private address only."),
      dns: mapping("{ hostedZoneId: Z0123456789ABCDEFGHIJ }", {
        hostedZoneId: zoneId.describe("Zone for the A record of hostname, public or private."),
      })
        .exactOptional()
        .describe("Make the A record of hostname. Default: somebody else does."),
      keyPair: mapping("{ name: ops }", {
        name: pattern("ops", /^[\x20-\x7e]{1,255}$/, "is not a key pair's name").describe(
          "A key pair in EC2.",
        ),
        privateKey: privateKey.exactOptional(),
      })
        .exactOptional()
        .describe("Default: a key pair is made and kept in the state."),
      jump: jump
        .exactOptional()
        .describe("A host to go through, where the machine has a private address only."),
      sessionManager: flag().default(false).describe("Let AWS Systems Manager in. Default false."),
      snapshots: mapping("{ at: '03:00', retain: 14 }", {
        enabled: flag().default(true).describe("Default true."),
        at: pattern("'03:00'", /^([01]\d|2[0-3]):[0-5]\d$/, "is not a time of day")
          .default("03:00")
          .describe("Time of day, UTC, default 03:00."),
        retain: integer(1, 1000, "14").default(14).describe("Daily snapshots kept, default 14."),
      })
        .prefault({})
        .describe("Daily snapshots of the data volume."),
      alarms: mapping("{ topicArn: arn:aws:sns:eu-west-1:123456789012:ops }", {
        enabled: flag()
          .default(true)
          .describe("Recover the machine when its status check fails. Default true."),
        topicArn: arn("sns", "[\\w-]+", "arn:aws:sns:eu-west-1:123456789012:ops")
          .exactOptional()
          .describe("SNS topic that is told, default none."),
      })
        .prefault({})
        .describe("CloudWatch alarm on the machine's status."),
      tags: tags.default({}).describe("Tags on everything that is made."),
    },
  ).superRefine(({ vpc, subnet, defaultVpc }, context) => {
    if ((vpc !== undefined) === defaultVpc) {
      context.addIssue({
        code: "custom",
        path: ["vpc"],
        message:
          "must be given, or defaultVpc be true, but not both; for example: { id: vpc-0123456789abcdef0 }",
      });
    }
    if (vpc !== undefined && subnet === undefined) {
      context.addIssue({
        code: "custom",
        path: ["subnet"],
        message: "is missing in a VPC that was given; for example: { id: subnet-0123456789abcdef0 }",
      });
    }
  });
}
