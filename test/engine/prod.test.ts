/**
 * Pulumi.prod.yaml on the real engine, with a strict stand-in for AWS (lab/plugins/aws): what it makes, what each change
 * of a setting does, and that nothing ever takes the data.
 */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { LookupFunction } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Agent, fetch } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";

import { ensureEngine } from "../../tools/engine.ts";
import { findProgram } from "../../tools/test-programs.ts";
import type { Prod } from "./prod/environment.ts";
import { startProd, SUBNETS, withNewerImage } from "./prod/environment.ts";
import { planned } from "./prod/planned.ts";
import { filesWithSecrets, secretsIn, watchArguments } from "./secret-watch.ts";

/** The steps write to /etc: they run in a mount namespace, which root can make. */
const programs = await Promise.all(["unshare", "ssh", "openssl"].map((name) => findProgram(name)));
const can = process.getuid?.() === 0 && !programs.includes(undefined);

describe.skipIf(!can)("prod", () => {
  let folder: string;
  let prod: Prod;
  let stopWatching: ReturnType<typeof watchArguments>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "engine-prod-"));
    prod = await startProd(folder, await ensureEngine());
    stopWatching = watchArguments(prod.secrets);
  });
  afterAll(async () => {
    await prod.close();
    await rm(folder, { recursive: true, force: true });
  });

  const changing = async () =>
    (await prod.calls()).filter(({ action }) => !/^none$|:(Get|Describe|List)/.test(action));
  /** Without what is secret. */
  const outputs = async () => {
    const { stdout } = await prod.stack.must(["stack", "output", "--json", "--stack", "prod"]);
    return z
      .looseObject({
        harborUrl: z.string(),
        caCertificate: z.string(),
        machine: z.looseObject({ address: z.string() }),
        projects: z.record(z.string(), z.string()),
      })
      .parse(JSON.parse(stdout));
  };
  const forgetCalls = () => rm(join(folder, "cloud/calls.jsonl"), { force: true });
  const orders = async () => (await readFile(join(folder, "machine/acme/orders"), "utf8")).trim().split("\n");

  test("a preview from nothing, with everything unknown, shows all of it and makes nothing", async () => {
    const plan = await planned(prod.stack);
    expect(new Set(Object.values(plan))).toEqual(new Set(["create"]));
    const aws = Object.keys(plan).filter((name) => /^(cloudwatch|dlm|ebs|ec2|iam|route53|ssm):/.test(name));
    expect(aws.sort()).toEqual([
      "cloudwatch:MetricAlarm host-recovery",
      "dlm:LifecyclePolicy host-snapshots",
      "ebs:Volume host-data",
      "ec2:Eip host-address",
      "ec2:Instance host-instance",
      "ec2:KeyPair host-key-pair",
      "ec2:NetworkInterface host-network-interface",
      "ec2:SecurityGroup host-security-group",
      "ec2:VolumeAttachment host-data",
      "iam:InstanceProfile host-instance-profile",
      "iam:Role host-role",
      "iam:Role host-snapshots-role",
      "iam:RolePolicy host-dns-challenge",
      "iam:RolePolicy host-host-key",
      "iam:RolePolicyAttachment host-snapshots-role",
      "route53:Record host-record",
      "ssm:Parameter host-host-key",
    ]);
    expect(await changing()).toEqual([]);
  });

  test("up makes the machine, reaches it by the host key that it published, and serves Harbor behind the edge", async () => {
    await prod.stack.mustRun("up");
    const { harborUrl, caCertificate } = await outputs();
    const loopback = (_host: string, _options: object, found: (error: null, addresses: object[]) => void) => {
      found(null, [{ address: "127.0.0.1", family: 4 }]);
    };
    const health = await fetch(`${harborUrl}/api/v2.0/health`, {
      dispatcher: new Agent({ connect: { ca: caCertificate, lookup: loopback as LookupFunction } }),
    });
    expect(await health.json()).toMatchObject({ status: "healthy" });
    expect(
      prod.nodes.map((node) => node.content("registries.conf.d/50-harbor-cache-up.example.conf")),
    ).toEqual([
      expect.stringContaining("registry.example.com"),
      expect.stringContaining("registry.example.com"),
    ]);
    expect(await orders()).toEqual(["registry.example.com"]);
  });

  test("a second up and a refresh change nothing", async () => {
    await forgetCalls();
    await prod.stack.mustRun("up", "--refresh", "--expect-no-changes");
    expect(await changing()).toEqual([]);
  });

  describe("what a change of each setting does", () => {
    const planFor = async (settings: Record<string, unknown>) => {
      const back = await prod.configure(settings);
      try {
        return await planned(prod.stack);
      } finally {
        await back();
      }
    };
    const STEPS = ["prerequisites", "directories", "package", "stop", "start", "health", "edge-health"];
    /** Every step on the machine, run again because of these inputs. */
    const steps = (inputs: string) =>
      Object.fromEntries(STEPS.map((step) => [`command:remote:Command harbor-${step}`, inputs]));
    const only = (plan: Record<string, string>, pattern: RegExp) =>
      Object.fromEntries(Object.entries(plan).filter(([name]) => pattern.test(name)));
    const AWS = /^(cloudwatch|dlm|ebs|ec2|iam|route53|ssm):/;

    test("sizes, networks, rights, times and tags change in place", async () => {
      const plan = await planFor({
        "machine.instanceType": "m7i.2xlarge",
        "machine.rootVolumeGiB": 40,
        "machine.dataVolume": { sizeGiB: 600, type: "gp3", iops: 4000, throughput: 200 },
        "machine.allowedCidrs": {
          web: ["10.0.0.0/8", "192.168.0.0/16"],
          ssh: ["10.1.0.0/16", "10.3.0.0/16"],
        },
        "machine.snapshots": { at: "04:00", retain: 7 },
        "machine.alarms.topicArn": "arn:aws:sns:eu-west-1:123456789012:ops",
        "machine.sessionManager": true,
        "machine.tags.Owner": "platform",
      });
      expect(only(plan, AWS)).toEqual({
        "cloudwatch:MetricAlarm host-recovery": "update alarmActions[1] okActions[0] tags.Owner",
        "dlm:LifecyclePolicy host-snapshots":
          "update policyDetails.schedules[0].createRule.times policyDetails.schedules[0].retainRule.count tags.Owner",
        "ebs:Volume host-data": "update iops size tags.Owner throughput",
        "ec2:Eip host-address": "update tags.Owner",
        "ec2:Instance host-instance":
          "update instanceType rootBlockDevice.tags.Owner rootBlockDevice.volumeSize tags.Owner",
        "ec2:KeyPair host-key-pair": "update tags.Owner",
        "ec2:NetworkInterface host-network-interface": "update tags.Owner",
        "ec2:SecurityGroup host-security-group":
          "update ingress[0].cidrBlocks[1] ingress[1].cidrBlocks[1] ingress[2].cidrBlocks[1] tags.Owner",
        "iam:InstanceProfile host-instance-profile": "update tags.Owner",
        "iam:Role host-role": "update tags.Owner",
        "iam:Role host-snapshots-role": "update tags.Owner",
        "iam:RolePolicyAttachment host-session-manager": "create",
        "ssm:Parameter host-host-key": "update tags.Owner",
      });
      // The file system grows with the volume.
      expect(only(plan, /^(command|docker):/)).toEqual({
        "command:remote:Command harbor-prerequisites": "update stdin",
        "command:remote:Command harbor-directories": "update stdin",
      });
    });

    test("another subnet and key pair are another machine, with the same volume and the same public address", async () => {
      const plan = await planFor({
        "machine.subnet": { id: SUBNETS.other },
        "machine.keyPair": { name: "ops" },
      });
      expect(only(plan, AWS)).toEqual({
        "cloudwatch:MetricAlarm host-recovery": "update dimensions.InstanceId",
        "ec2:Eip host-address": "update networkInterface",
        "ec2:Instance host-instance": "replace keyName primaryNetworkInterface.networkInterfaceId",
        "ec2:KeyPair host-key-pair": "delete",
        "ec2:NetworkInterface host-network-interface": "replace subnetId",
        "ec2:VolumeAttachment host-data": expect.stringMatching(/^replace/) as string,
        "route53:Record host-record": "update records[0]",
      });
      // What names the machine is made anew on its Docker engine; every step runs there.
      expect(only(plan, /^docker:(Network|Volume) /)).toEqual({
        "docker:Network harbor-edge-network": expect.stringMatching(/^replace/) as string,
        "docker:Volume harbor-edge-certificates": expect.stringMatching(/^replace/) as string,
      });
      for (const step of Object.keys(steps(""))) expect(plan[step]).toMatch(/^update connection create/);
    });

    test.each([
      ["a subnet in another availability zone", { "machine.subnet": { id: SUBNETS.b } }],
      [
        "another key of KMS",
        {
          "machine.dataVolume.kmsKeyArn":
            "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef",
        },
      ],
    ])("%s would replace the data volume, and is refused", async (_what, settings) => {
      await expect(planFor(settings)).rejects.toThrow(
        /unable to replace resource ".*::host-data"\n.*protection/,
      );
    });

    test("what is switched off goes, the address too, and the machine stays", async () => {
      const plan = await planFor({
        "machine.elasticIp": false,
        "machine.dns": undefined,
        "machine.snapshots.enabled": false,
        "machine.alarms.enabled": false,
      });
      expect(only(plan, AWS)).toEqual({
        "cloudwatch:MetricAlarm host-recovery": "delete",
        "dlm:LifecyclePolicy host-snapshots": "delete",
        "ec2:Eip host-address": "delete",
        "iam:Role host-snapshots-role": "delete",
        "iam:RolePolicyAttachment host-snapshots-role": "delete",
        "route53:Record host-record": "delete",
      });
      expect(plan).toMatchObject(steps("update connection.host"));
    });

    test("the edge's settings run only what starts and asks it", async () => {
      const plan = await planFor({
        "tls.email": "ops@example.com",
        edge: { accessLog: false, hstsSeconds: 100, traefikImage: "docker.io/library/traefik:v3.7.9" },
      });
      expect(only(plan, /^(aws|cloudwatch|command|dlm|docker|ebs|ec2|iam|route53|ssm):/)).toEqual({
        "command:remote:Command harbor-edge-health": "update stdin",
        "command:remote:Command harbor-health": "update stdin",
        "command:remote:Command harbor-start": "update stdin",
        "docker:RemoteImage harbor-edge-traefik": "replace name",
      });
    });

    test("a bucket for the layers is one more right of the machine, and a start of Harbor", async () => {
      const plan = await planFor({ "harbor.s3": { bucket: "layers", region: "eu-west-1" } });
      expect(only(plan, /^(aws|cloudwatch|command|dlm|docker|ebs|ec2|iam|route53|ssm):/)).toEqual({
        "command:remote:Command harbor-edge-health": "update stdin",
        "command:remote:Command harbor-health": "update stdin",
        "command:remote:Command harbor-start": "update stdin",
        "iam:RolePolicy host-s3": "create",
      });
    });

    test("an own CA takes the machine's right to the challenge", async () => {
      const plan = await planFor({ tls: { mode: "self-signed" } });
      expect(only(plan, AWS)).toEqual({ "iam:RolePolicy host-dns-challenge": "delete" });
      expect(plan["command:remote:Command harbor-edge-certificate"]).toBe("create");
    });

    test("a newer image is for the next machine, and another one is refused until there is one", async () => {
      await prod.changeCloud(withNewerImage);
      expect(await planned(prod.stack)).toEqual({});
      await expect(planFor({ "machine.image": "debian" })).rejects.toThrow(
        /harbor-cache:machine\.image: the machine i-\w+ was made from another image, whose user is ubuntu and not admin\./,
      );
    });
  });

  test("a machine that is made anew has the old volume, address and certificate, and Harbor's projects", async () => {
    await forgetCalls();
    const { harborUrl, projects, machine } = await outputs();
    const urn = /"(urn:[^"]*::host-instance)"/.exec(await prod.stack.state())?.[1] ?? "";
    await prod.stack.mustRun("up", "--replace", urn);
    const calls = (await changing()).map(({ action }) => action);
    // The volume is taken off before, and the new machine gets the same interface.
    expect(calls).toEqual([
      "ec2:DetachVolume",
      "ec2:TerminateInstances",
      "ec2:RunInstances",
      expect.stringMatching(/PutMetricAlarm|AttachVolume/),
      expect.stringMatching(/PutMetricAlarm|AttachVolume/),
    ]);
    expect(await outputs()).toMatchObject({ harborUrl, projects, machine: { address: machine.address } });
    expect(await readFile(join(folder, "state/file-systems"), "utf8")).toBe("made\n");
    expect(await orders()).toHaveLength(1);
    expect(await planned(prod.stack)).toEqual({});
  });

  const left = async () => {
    const { made } = JSON.parse(await readFile(join(folder, "cloud/cloud.json"), "utf8")) as {
      made: { type: string }[];
    };
    return made.map(({ type }) => type);
  };

  test("destroy while protect is on ends in its own preview, before anything is gone", async () => {
    const before = await left();
    const { configFile, name } = prod.stack.options;
    const { code, output } = await prod.stack.pulumi([
      "destroy",
      "--yes",
      "--stack",
      name,
      "--config-file",
      configFile,
    ]);
    expect(code).not.toBe(0);
    expect(output).toMatch(/host-data[^]*protect/);
    expect(await left()).toEqual(before);
  });

  test("destroy without a preview stops at the data volume, and the next up has all of it again", async () => {
    const { code, output } = await prod.stack.run("destroy");
    expect(code).not.toBe(0);
    expect(output).toMatch(/host-data[^]*protect/);
    expect(await left()).toContain("aws:ebs/volume:Volume");
    await prod.configure({ protect: false });
    await prod.stack.mustRun("up");
    expect(await readFile(join(folder, "state/file-systems"), "utf8")).toBe("made\n");
    expect(await orders()).toHaveLength(1);
  });

  test("destroy without protect takes everything but the data volume", async () => {
    await prod.stack.mustRun("destroy");
    expect(await left()).toEqual(["aws:ebs/volume:Volume"]);
    for (const kept of ["registry", "edge/acme.json"])
      expect(existsSync(join(folder, "data", kept))).toBe(true);
    expect((await changing()).map(({ action }) => action)).not.toContain("ec2:DeleteVolume");
  });

  test("no secret was in the state, the cloud, what was said or any process's arguments", async () => {
    const { found, seen } = await stopWatching();
    expect(seen).toBeGreaterThan(10);
    expect(found).toEqual([]);
    for (const place of ["backend", "cloud"])
      expect(await filesWithSecrets(join(folder, place), prod.secrets)).toEqual([]);
    expect(secretsIn(prod.said.join(""), prod.secrets)).toEqual([]);
  });
});
