/** The machine of Pulumi.prod.yaml, and one with everything that can be asked for. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { dnsChallengePolicy, ecrPolicy } from "../../../components/host/aws-policies.ts";
import { settingsOf } from "../config/valid.ts";
import { account, awsSettings, hostKey, known, makeHost, startAccount } from "./aws-account.ts";
import type { Made } from "./aws-account.ts";
import { alarm, always, find, managed, rule, sealed, snapshots, tags } from "./aws-expected.ts";

beforeAll(startAccount);
beforeEach(() => {
  account.reset();
});

describe("Pulumi.prod.yaml", () => {
  const { config } = z
    .object({ config: z.record(z.string(), z.unknown()) })
    .parse(parse(readFileSync(join(import.meta.dirname, "../../../Pulumi.prod.yaml"), "utf8")));
  const prod = settingsOf(
    Object.fromEntries(
      Object.entries(config)
        .filter(([key]) => key.startsWith("harbor-cache:"))
        .map(([key, value]) => [key.replace("harbor-cache:", ""), value]),
    ),
  );
  const own = { ...tags, Project: "harbor-cache", Environment: "production" };

  let made: Made;
  beforeAll(async () => {
    account.reset();
    made = await makeHost(prod);
  });

  it("makes these resources and no others", () => {
    const { resources } = made;
    expect(Object.keys(resources).sort()).toEqual(
      [
        ...Object.keys({ ...always, ...snapshots, ...alarm }),
        "iam/RolePolicy host-dns-challenge",
        "iam/RolePolicy host-ecr",
        "route53/Record host-record",
      ].sort(),
    );
  });

  it("opens the web's ports to the nodes, and SSH to where up runs", () => {
    const { resources } = made;
    const web = { cidrBlocks: ["10.0.0.0/8"] };
    expect(find(resources, "ec2/SecurityGroup host-security-group")["ingress"]).toEqual([
      rule("HTTP", 80, web),
      rule("HTTPS", 443, web),
      rule("Metrics", 9090, web),
      rule("SSH", 22, { cidrBlocks: ["10.1.0.0/16"] }),
    ]);
  });

  it("lets the role answer the challenge in the public zone and read its registry", () => {
    const { resources } = made;
    expect(find(resources, "iam/RolePolicy host-dns-challenge")).toEqual({
      role: "host-role-1a2b3c4",
      policy: JSON.stringify(dnsChallengePolicy("aws", "Z0123456789ABCDEFGHIJ", "registry.example.com")),
    });
    expect(find(resources, "iam/RolePolicy host-ecr")).toEqual({
      role: "host-role-1a2b3c4",
      policy: JSON.stringify(
        ecrPolicy("aws", [{ region: "eu-west-1", account: "123456789012" }], "111122223333"),
      ),
    });
  });

  it("has its record in the private zone, before anything relies on it", async () => {
    const { resources, host } = made;
    expect(find(resources, "route53/Record host-record")).toEqual({
      zoneId: "Z0ABCDEFGHIJ123456789",
      name: "registry.example.com",
      type: "A",
      ttl: 60,
      records: ["10.0.1.20"],
    });
    const ready = await Promise.all(host.ready.map(({ urn }) => known(urn)));
    expect(ready.some((urn) => urn.endsWith("::host-record"))).toBe(true);
  });

  it("tells the topic, and tags everything that takes tags", () => {
    const { resources } = made;
    const topic = "arn:aws:sns:eu-west-1:123456789012:platform";
    expect(find(resources, "cloudwatch/MetricAlarm host-recovery")).toMatchObject({
      alarmActions: ["arn:aws:automate:eu-west-1:ec2:recover", topic],
      okActions: [topic],
    });
    const tagged = Object.entries(resources).filter(([, inputs]) => "tags" in inputs);
    expect(tagged).toHaveLength(11);
    for (const [name, inputs] of tagged)
      expect([name, inputs["tags"]]).toEqual([name, expect.objectContaining(own)]);
    expect(find(resources, "ec2/Instance host-instance")["rootBlockDevice"]).toMatchObject({ tags: own });
  });

  it("ignores no change of the subnet that it names", () => {
    const { options } = made;
    expect(options["ec2/NetworkInterface host-network-interface"]).toEqual({});
    expect(options["ebs/Volume host-data"]).toEqual({ protect: true, retainOnDelete: true });
  });
});

describe("everything on", () => {
  const kmsKeyArn = "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef";
  const jump = {
    address: "bastion.example.com",
    port: 22,
    user: "ops",
    hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGQq+RUOLgK4cwh7+oOYNk8HlDqMGVC/01oeQAXZad0H",
  };
  const full = () =>
    awsSettings({
      tls: { mode: "letsencrypt-route53", email: "ops@example.com", hostedZoneId: "Z0123456789ABCDEFGHIJ" },
      machine: {
        vpc: { id: "vpc-0123456789abcdef0" },
        subnet: { id: "subnet-0123456789abcdef0" },
        instanceType: "m7i.2xlarge",
        image: "debian",
        rootVolumeGiB: 50,
        dataVolume: { sizeGiB: 1000, type: "io2", iops: 6000, kmsKeyArn },
        allowedCidrs: {
          web: ["10.0.0.0/8", "2001:db8::/32", "10.0.0.0/8"],
          ssh: ["10.1.0.0/16", "2001:db8:1::/48"],
        },
        elasticIp: true,
        dns: { hostedZoneId: "Z0123456789ABCDEFGHIJ" },
        keyPair: { name: "ops" },
        jump,
        sessionManager: true,
        snapshots: { at: "04:30", retain: 7 },
        tags: { Name: "cache", Owner: "platform" },
      },
    });

  let made: Made;
  beforeAll(async () => {
    account.reset();
    made = await makeHost(full());
  });

  it("has a public address, which the public zone names", async () => {
    const { resources, options, host } = made;
    const own = { ...tags, Name: "cache", Owner: "platform" };
    expect(find(resources, "ec2/Eip host-address")).toEqual({
      domain: "vpc",
      networkInterface: "host-network-interface-id",
      tags: own,
    });
    expect(find(resources, "route53/Record host-record")["records"]).toEqual(["198.51.100.7"]);
    expect(await known(host.access.address)).toBe("198.51.100.7");
    // The way out to AWS's API is there before the machine boots.
    expect(options["ec2/Instance host-instance"]?.["dependsOn"]).toEqual([
      "host-host-key",
      "host-dns-challenge",
      "host-session-manager",
      "host-address",
    ]);
  });

  it("is named by its private address in a private zone all the same", async () => {
    account.zones["Z0123456789ABCDEFGHIJ"] = { name: "example.com", privateZone: true };
    const { resources } = await makeHost({ ...full(), tls: { mode: "none" } });
    expect(find(resources, "route53/Record host-record")["records"]).toEqual(["10.0.1.20"]);
  });

  it("uses the key pair that is given, and the jump host", () => {
    const { resources, host } = made;
    expect(Object.keys(resources).filter((name) => /Key(Pair)? /.test(name))).toEqual([]);
    expect(find(resources, "ec2/Instance host-instance")["keyName"]).toBe("ops");
    expect(host.access.privateKey).toBeUndefined();
    expect(host.access.jump).toEqual(jump);
    expect(find(resources, "command:remote:Command host-cloud-init")["connection"]).toEqual(
      sealed({
        host: "198.51.100.7",
        port: 22,
        user: "admin",
        hostKey,
        dialErrorLimit: 3,
        perDialTimeout: 15,
        proxy: {
          host: "bastion.example.com",
          port: 22,
          user: "ops",
          hostKey: jump.hostKey,
          dialErrorLimit: 3,
          perDialTimeout: 15,
        },
      }),
    );
  });

  it("encrypts both disks with the key, and sizes them", () => {
    const { resources } = made;
    expect(find(resources, "ebs/Volume host-data")).toMatchObject({
      size: 1000,
      type: "io2",
      iops: 6000,
      encrypted: true,
      kmsKeyId: kmsKeyArn,
    });
    expect(find(resources, "ec2/Instance host-instance")).toMatchObject({
      instanceType: "m7i.2xlarge",
      rootBlockDevice: { volumeSize: 50, encrypted: true, kmsKeyId: kmsKeyArn },
    });
  });

  it("lets Systems Manager in, and both kinds of networks, each once", () => {
    const { resources } = made;
    expect(find(resources, "iam/RolePolicyAttachment host-session-manager")).toEqual({
      role: "host-role-1a2b3c4",
      policyArn: managed("AmazonSSMManagedInstanceCore"),
    });
    const web = { cidrBlocks: ["10.0.0.0/8"], ipv6CidrBlocks: ["2001:db8::/32"] };
    expect(find(resources, "ec2/SecurityGroup host-security-group")["ingress"]).toEqual([
      rule("HTTP", 80, web),
      rule("HTTPS", 443, web),
      rule("SSH", 22, { cidrBlocks: ["10.1.0.0/16"], ipv6CidrBlocks: ["2001:db8:1::/48"] }),
    ]);
  });
});
