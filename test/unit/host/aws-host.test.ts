/** The smallest machine on AWS: every resource with exactly its inputs and options. */
import * as pulumi from "@pulumi/pulumi";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AwsHost } from "../../../components/host/aws-host.ts";
import { imageUsers, newestAmi } from "../../../components/host/aws-image.ts";
import { s3Policy } from "../../../components/host/aws-policies.ts";
import { hostFor } from "../../../components/host/host-for.ts";
import type { AwsMachine } from "../../../config/settings.ts";
import { account, awsSettings, hostKey, instanceId, known, makeHost, startAccount } from "./aws-account.ts";
import { alarm, always, snapshots } from "./aws-expected.ts";

beforeAll(startAccount);
beforeEach(() => {
  account.reset();
});

describe("the smallest machine", () => {
  const smallest = (machine = {}) =>
    awsSettings({
      tls: { mode: "none" },
      machine: { defaultVpc: true, snapshots: { enabled: false }, alarms: { enabled: false }, ...machine },
    });

  it("is made of these resources and no others", async () => {
    const { resources } = await makeHost(smallest());
    expect(resources).toEqual(always);
  });

  it("has snapshots and the alarm unless they are refused", async () => {
    const { resources } = await makeHost(smallest({ snapshots: {}, alarms: {} }));
    expect(resources).toEqual({ ...always, ...snapshots, ...alarm });
  });

  it("loses nothing by a newer image, a default subnet that is added, or a rebuild", async () => {
    const { options } = await makeHost(smallest());
    const gone = { deletedWith: "host-instance" };
    const step = { create: "1020s", update: "1020s", delete: "1020s" };
    expect(options).toEqual({
      ...Object.fromEntries(Object.keys(always).map((name) => [name, {}])),
      "ec2/NetworkInterface host-network-interface": { ignoreChanges: ["subnetId"] },
      "ec2/SecurityGroup host-security-group": { ignoreChanges: ["vpcId"] },
      "ssm/Parameter host-host-key": { ignoreChanges: ["description", "insecureValue", "value"] },
      "ebs/Volume host-data": { protect: true, retainOnDelete: true, ignoreChanges: ["availabilityZone"] },
      "ec2/Instance host-instance": {
        dependsOn: ["host-host-key"],
        deleteBeforeReplace: true,
        ignoreChanges: ["ami", "userData"],
      },
      "ec2/VolumeAttachment host-data": { deleteBeforeReplace: true, ...gone },
      "harborcache:host:Access host-cloud-init-access": gone,
      "command:remote:Command host-cloud-init": {
        ...gone,
        customTimeouts: step,
        dependsOn: ["host-cloud-init-access"],
        // @pulumi/command's own.
        replaceOnChanges: ["triggers[*]"],
      },
    });
  });

  it("lets its data go only where the settings say so, and keeps the disk even then", async () => {
    const { options } = await makeHost({ ...smallest(), protect: false });
    expect(options["ebs/Volume host-data"]).toMatchObject({ protect: false, retainOnDelete: true });
  });

  it("may use the bucket for layers before it boots, where there is one", async () => {
    const settings = smallest();
    const s3 = { bucket: "layers", region: "eu-west-1", rootDirectory: "/harbor" };
    const { resources, options } = await makeHost({ ...settings, harbor: { ...settings.harbor, s3 } });
    const rights = { role: "host-role-1a2b3c4", policy: JSON.stringify(s3Policy("aws", s3)) };
    expect(resources).toEqual({ ...always, "iam/RolePolicy host-s3": rights });
    expect(options["ec2/Instance host-instance"]?.["dependsOn"]).toEqual(["host-host-key", "host-s3"]);
    expect(options["iam/RolePolicy host-s3"]).toEqual({ replaceOnChanges: ["policy"] });
  });

  it("says how it is reached, and which machine it is", async () => {
    const { host } = await makeHost(smallest());
    const { address, hostKey: learned, privateKey, ...rest } = host.access;
    expect(rest).toEqual({ port: 22, user: "ubuntu" });
    expect(await known(address)).toBe("10.0.1.20");
    expect(await known(learned)).toBe(hostKey);
    expect(privateKey && (await pulumi.isSecret(privateKey))).toBe(true);
    expect(await known(host.identity)).toBe(instanceId);
    expect(await known(host.region)).toBe("eu-west-1");
    expect(host.sudo).toBe(true);
    expect(host.dataVolume).toMatchObject({ fsType: "ext4", sizeGiB: 200 });
    expect(await known(host.dataVolume.device)).toBe(
      "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0fedcba9876543210",
    );
    expect(await known(host.deletedWith.urn)).toMatch(/::host-instance$/);
    const ready = await Promise.all(host.ready.map(({ urn }) => known(urn)));
    expect(ready.map((urn) => urn.split("$").at(-1))).toEqual([
      "command:remote:Command::host-cloud-init",
      "aws:ec2/volumeAttachment:VolumeAttachment::host-data",
    ]);
  });
});

it.each<[AwsMachine["image"], string, string]>([
  ["ubuntu", "ubuntu", "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"],
  ["debian", "admin", "/aws/service/debian/release/13/latest/amd64"],
  ["amazon-linux", "ec2-user", "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"],
])("the image %s is for the user %s", async (image, user, parameter) => {
  expect(imageUsers[image]).toBe(user);
  expect(await known(newestAmi(image, {}))).toBe("ami-0a1b2c3d");
  expect(account.calls).toEqual([
    { token: "aws:ssm/getParameter:getParameter", inputs: { name: parameter } },
  ]);
});

it("hostFor makes it where the settings say aws", async () => {
  const host = await hostFor("machine", awsSettings({ machine: { defaultVpc: true } }));
  expect(host).toBeInstanceOf(AwsHost);
  await Promise.all(host.ready.map(({ urn }) => known(urn)));
});
