/** What the program itself makes passes its own policies, whatever is switched on. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { rules } from "../../../policy/rules.ts";
import { settingsOf } from "../config/valid.ts";
import { account, awsSettings, makeHost, shortOf, startAccount } from "../host/aws-account.ts";

beforeAll(startAccount);
beforeEach(() => {
  account.reset();
});

const zone = "Z0123456789ABCDEFGHIJ";
const letsencrypt = { mode: "letsencrypt-route53", email: "ops@example.com", hostedZoneId: zone };
const ecr = [
  "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
  "210987654321.dkr.ecr-fips.us-east-1.amazonaws.com",
];

function prod() {
  const file = readFileSync(join(import.meta.dirname, "../../../Pulumi.prod.yaml"), "utf8");
  const { config } = z.object({ config: z.record(z.string(), z.unknown()) }).parse(parse(file));
  const own = Object.entries(config).filter(([key]) => key.startsWith("harbor-cache:"));
  return settingsOf(Object.fromEntries(own.map(([key, value]) => [key.replace("harbor-cache:", ""), value])));
}

const everything = () =>
  awsSettings({
    tls: letsencrypt,
    registries: ["docker.io", ...ecr.map((name, i) => ({ name, project: `ecr-${i}` }))],
    harbor: {
      metrics: { enabled: true },
      s3: { bucket: "layers", region: "eu-west-1", rootDirectory: "/harbor" },
    },
    machine: {
      defaultVpc: true,
      dataVolume: {
        sizeGiB: 1000,
        type: "io2",
        iops: 6000,
        kmsKeyArn: "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef",
      },
      allowedCidrs: { web: ["0.0.0.0/0", "::/0"], ssh: ["10.0.0.0/8", "fd00::/8"] },
      elasticIp: true,
      dns: { hostedZoneId: zone },
      sessionManager: true,
      alarms: { topicArn: "arn:aws:sns:eu-west-1:123456789012:ops" },
      tags: { Owner: "platform" },
    },
  });

const smallest = () =>
  awsSettings({
    tls: { mode: "none" },
    machine: {
      defaultVpc: true,
      allowedCidrs: { web: ["10.0.0.0/8"], ssh: ["10.1.0.0/16"] },
      snapshots: { enabled: false },
      alarms: { enabled: false },
    },
  });

test.each([
  ["Pulumi.prod.yaml", prod],
  ["a machine with everything on", everything],
  ["the smallest one", smallest],
])("%s", async (_what, settings) => {
  const { registered, options } = await makeHost(settings());
  const found = registered.flatMap(({ type, name, inputs }) => {
    const opts = { protect: options[`${shortOf(type)} ${name}`]?.["protect"] === true };
    return rules.flatMap((rule) =>
      [...rule.check({ type, props: inputs, opts })].map(
        (violation) => `${name}: ${rule.name}: ${violation}`,
      ),
    );
  });
  expect(found).toEqual([]);
  expect(registered.filter(({ type }) => type.startsWith("aws:")).length).toBeGreaterThan(9);
});
