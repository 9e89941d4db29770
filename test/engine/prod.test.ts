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

import { ensureEngine, PROJECT_ROOT } from "../../tools/engine.ts";
import { findProgram } from "../../tools/test-programs.ts";
import { describeChanges } from "./prod/changes.ts";
import type { Prod } from "./prod/environment.ts";
import { startProd } from "./prod/environment.ts";
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

  describeChanges(() => prod);

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
    for (const place of [join(folder, "backend"), join(folder, "cloud"), join(PROJECT_ROOT, prod.rendered)])
      expect(await filesWithSecrets(place, prod.secrets)).toEqual([]);
    expect(secretsIn(prod.said.join(""), prod.secrets)).toEqual([]);
  });
});
