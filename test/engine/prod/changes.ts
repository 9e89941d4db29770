/** Every setting of Pulumi.prod.yaml changed once: what is updated, what is made anew, and that it is never the data. */
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { PROJECT_ROOT } from "../../../tools/engine.ts";
import { CLIENT_KEY } from "../../unit/nodes/node-stand-in.ts";
import { makeCertificate, SUBNETS, VPCS, withNewerImage, ZONES } from "./environment.ts";
import type { Prod } from "./environment.ts";
import { planned } from "./planned.ts";
import { changedLines } from "./rendered.ts";
import { toldOtherwise } from "./told-otherwise.ts";

const AWS = /^(cloudwatch|dlm|ebs|ec2|iam|route53|ssm):/;
/** What is on the machine. */
const MACHINE = /^(command|docker):/;
const NODES = /^harborcache:nodes:/;
const KEY = "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef";

/** A preview costs seconds: each changes as many settings as can be told apart by what they do. */
export function describeChanges(stackOf: () => Prod): void {
  let prod: Prod;
  const planFor = async (settings: Record<string, unknown>, secrets: Record<string, string> = {}) => {
    prod = stackOf();
    const back = await prod.configure(settings);
    try {
      for (const [path, text] of Object.entries(secrets))
        await prod.stack.setConfig(`harbor-cache:${path}`, text, { secret: true });
      const plan = await planned(prod.stack);
      const only = (pattern: RegExp) =>
        Object.fromEntries(Object.entries(plan).filter(([name]) => pattern.test(name)));
      return { aws: only(AWS), machine: only(MACHINE), nodes: only(NODES) };
    } finally {
      await back();
    }
  };
  /** Steps on the machine that run again, each with the inputs that it is for. */
  const steps = (inputs: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(inputs).map(([step, of]) => [`command:remote:Command ${step}`, `update ${of}`]),
    );

  describe("what a change of each setting does", () => {
    // The machine stands where it is, and is what it was made from.
    test("sizes, networks, rights, times, tags and what Harbor and its edge are told change in place, and neither a newer image nor another default subnet does anything", async () => {
      await stackOf().changeCloud(withNewerImage);
      const { aws, machine, nodes } = await planFor({
        "machine.vpc": undefined,
        "machine.subnet": undefined,
        "machine.defaultVpc": true,
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
        "tls.email": "ops@example.com",
        "tls.hostedZoneId": ZONES.otherPublic,
        "tls.resolvers": ["9.9.9.9:53"],
        "tls.staging": false,
        "tls.caServer": "https://acme.example.com/directory",
        "edge.accessLog": false,
        "edge.hstsSeconds": 100,
        "harbor.version": "2.15.3",
        "harbor.installer": { url: "https://files.example.com/harbor.tgz", sha256: "1".repeat(64) },
        "harbor.s3": { bucket: "layers", region: "eu-west-1", rootDirectory: "/harbor" },
        "harbor.httpsPort": 8443,
        "harbor.loopbackPort": 18_080,
        "harbor.cache": { enabled: false, expireHours: 48 },
        "harbor.uploadPurging": { enabled: false, age: "48h", interval: "12h", dryRun: true },
        "harbor.logLevel": "debug",
        "harbor.trivy": {
          enabled: true,
          ignoreUnfixed: true,
          skipUpdate: true,
          offlineScan: true,
          timeoutMinutes: 7,
        },
        "gitops.folder": `${stackOf().rendered}/after`,
      });
      expect(aws).toEqual({
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
          "update ingress[0].cidrBlocks[1] ingress[1].cidrBlocks[1] ingress[1].fromPort ingress[1].toPort ingress[2].cidrBlocks[1] tags.Owner",
        "iam:InstanceProfile host-instance-profile": "update tags.Owner",
        "iam:Role host-role": "update tags.Owner",
        "iam:Role host-snapshots-role": "update tags.Owner",
        "iam:RolePolicy host-dns-challenge": "update policy",
        "iam:RolePolicy host-s3": "create",
        "iam:RolePolicyAttachment host-session-manager": "create",
        "ssm:Parameter host-host-key": "update tags.Owner",
      });
      expect(machine).toEqual(
        steps({
          // The file system grows with the volume.
          "harbor-prerequisites": "stdin",
          "harbor-directories": "stdin",
          // Another version, from elsewhere.
          "harbor-package": "stdin",
          // Everything else only starts Harbor and asks it.
          "harbor-start": "stdin",
          "harbor-health": "stdin",
          "harbor-edge-health": "stdin",
        }),
      );
      expect(nodes).toEqual({
        "harborcache:nodes:MirrorPool nodes-workers": "update files[0].content files[1].path",
      });
      const harborFiles = (name: string) => join(PROJECT_ROOT, prod.rendered, name, "harbor");
      expect(await changedLines(harborFiles("before"), harborFiles("after"))).toEqual(
        toldOtherwise(prod.ports),
      );
    });

    test("another subnet and key pair are another machine, with the same volume and the same public address", async () => {
      const { aws, machine, nodes } = await planFor(
        {
          "machine.subnet": { id: SUBNETS.other },
          "machine.keyPair": { name: "ops" },
          "harbor.requirements": { cpus: 2, memoryGiB: 2, diskGiB: 50 },
          "harbor.purgeData": true,
        },
        { "machine.keyPair.privateKey": CLIENT_KEY.private },
      );
      expect(aws).toEqual({
        "cloudwatch:MetricAlarm host-recovery": "update dimensions.InstanceId",
        "ec2:Eip host-address": "update networkInterface",
        "ec2:Instance host-instance": "replace keyName primaryNetworkInterface.networkInterfaceId",
        "ec2:KeyPair host-key-pair": "delete",
        "ec2:NetworkInterface host-network-interface": "replace subnetId",
        "ec2:VolumeAttachment host-data": "replace",
        "route53:Record host-record": "update records[0]",
      });
      expect(machine).toEqual({
        ...onOtherMachine,
        // What a machine must have, and what goes with it.
        ...steps({
          "harbor-prerequisites": "connection create stdin update",
          "harbor-directories": "connection create stdin update",
        }),
      });
      expect(nodes).toEqual({});
    });

    /** What names the machine is made anew on its Docker engine; every step runs there. */
    const onOtherMachine = {
      "docker:Network harbor-edge-network": "replace",
      "docker:RemoteImage harbor-edge-socket-proxy": "replace",
      "docker:RemoteImage harbor-edge-traefik": "replace",
      "docker:Volume harbor-edge-certificates": "replace",
      ...steps({
        "host-cloud-init": "connection create update",
        "harbor-prerequisites": "connection create update",
        "harbor-directories": "connection create update",
        "harbor-package": "connection create update",
        "harbor-stop": "connection create update",
        // The network's name is not known yet.
        "harbor-start": "connection create stdin update",
        "harbor-health": "connection create stdin update",
        "harbor-edge-health": "connection create stdin update",
      }),
    };

    test("another VPC is another machine too, with a firewall of its own; another zone and key of KMS would be another volume, if nothing protected it; a certificate that is given takes the right to the challenge", async () => {
      const { certificate, privateKey } = await makeCertificate(join(stackOf().folder, "provided"));
      const { aws, machine, nodes } = await planFor(
        {
          "machine.vpc": { id: VPCS.other },
          "machine.subnet": { id: SUBNETS.elsewhere },
          "machine.dataVolume.kmsKeyArn": KEY,
          protect: false,
          "machine.dns.hostedZoneId": ZONES.otherPrivate,
          // Those of the stack's own making.
          "harbor.adminPassword": undefined,
          "harbor.databasePassword": undefined,
          tls: { mode: "provided", certificate },
        },
        { "tls.privateKey": privateKey },
      );
      expect(aws).toEqual({
        "cloudwatch:MetricAlarm host-recovery": "update dimensions.InstanceId",
        "ec2:Eip host-address": "update networkInterface",
        "ebs:Volume host-data": "replace availabilityZone kmsKeyId",
        "ec2:Instance host-instance":
          "replace primaryNetworkInterface.networkInterfaceId rootBlockDevice.kmsKeyId",
        "ec2:NetworkInterface host-network-interface": "replace securityGroups[0] subnetId",
        "ec2:SecurityGroup host-security-group": "replace vpcId",
        "ec2:VolumeAttachment host-data": "replace",
        "iam:RolePolicy host-dns-challenge": "delete",
        "route53:Record host-record": "replace records[0] zoneId",
      });
      expect(machine).toEqual({
        ...onOtherMachine,
        ...steps({
          "harbor-prerequisites": "connection create stdin update",
          "harbor-directories": "connection create stdin update",
        }),
        "command:remote:Command harbor-edge-certificate": "create",
      });
      expect(nodes).toEqual({ "harborcache:nodes:MirrorPool nodes-workers": "update files[1]" });
    });

    test("what would replace the data volume is refused", async () => {
      await expect(
        planFor({ "machine.subnet": { id: SUBNETS.b }, "machine.dataVolume.kmsKeyArn": KEY }),
      ).rejects.toThrow(/unable to replace resource ".*::host-data"\n.*protection/);
    });

    test("what is switched off goes, the address too, and the machine stays; an own CA takes the right to the challenge", async () => {
      const { aws, machine, nodes } = await planFor({
        "machine.elasticIp": false,
        "machine.jump.user": "other",
        "machine.dns": undefined,
        "machine.snapshots.enabled": false,
        "machine.alarms.enabled": false,
        "machine.dataVolume": { sizeGiB: 500, type: "io2", iops: 4000 },
        tls: { mode: "self-signed" },
        "edge.traefikImage": "docker.io/library/traefik:v3.7.9",
        "edge.socketProxyImage": "docker.io/tecnativa/docker-socket-proxy:v0.4.1",
        "harbor.metrics": { enabled: true, port: 9191, path: "/numbers" },
        "harbor.timeouts": { step: 1000, health: 400 },
        "harbor.installDir": join(stackOf().folder, "other-harbor"),
        "harbor.dataDir": join(stackOf().folder, "other-data"),
      });
      expect(aws).toEqual({
        "cloudwatch:MetricAlarm host-recovery": "delete",
        "dlm:LifecyclePolicy host-snapshots": "delete",
        "ebs:Volume host-data": "update iops type",
        "ec2:Eip host-address": "delete",
        // The rules are a set, in which the one for metrics comes before SSH's.
        "ec2:SecurityGroup host-security-group":
          "update ingress[2].cidrBlocks[0] ingress[2].description ingress[2].fromPort ingress[2].toPort ingress[3]",
        "iam:Role host-snapshots-role": "delete",
        "iam:RolePolicy host-dns-challenge": "delete",
        "iam:RolePolicyAttachment host-snapshots-role": "delete",
        "route53:Record host-record": "delete",
      });
      const reached = "connection.host connection.proxy.user";
      // Longer times, and other folders: the machine refuses those while Harbor is in the old ones.
      const [again, undone] = [`${reached} create stdin update`, `${reached} create delete stdin update`];
      expect(machine).toEqual({
        ...steps({
          "host-cloud-init": reached,
          "harbor-prerequisites": again,
          "harbor-directories": undone,
          "harbor-package": again,
          "harbor-stop": undone,
          "harbor-start": again,
          "harbor-health": again,
          "harbor-edge-health": again,
        }),
        "command:remote:Command harbor-edge-certificate": "create",
        "docker:RemoteImage harbor-edge-socket-proxy": "replace name",
        "docker:RemoteImage harbor-edge-traefik": "replace name",
        "docker:Volume harbor-edge-certificates": "replace driverOpts.device",
      });
      expect(nodes).toEqual({ "harborcache:nodes:MirrorPool nodes-workers": "update files[1].content" });
    });

    test("another name and no TLS leave the machine and what makes Harbor, and take the edge and its port away", async () => {
      const { aws, machine, nodes } = await planFor({
        hostname: "other.example.com",
        tls: { mode: "none" },
        "harbor.httpPort": 8081,
        "harbor.proxy": { httpsProxy: "http://proxy.example.com:3128", noProxy: [".example.com"] },
      });
      const tagged = "update tags.Name";
      expect(aws).toEqual({
        "cloudwatch:MetricAlarm host-recovery": tagged,
        "dlm:LifecyclePolicy host-snapshots": tagged,
        "ebs:Volume host-data": tagged,
        "ec2:Eip host-address": tagged,
        "ec2:Instance host-instance": "update rootBlockDevice.tags.Name tags.Name",
        "ec2:KeyPair host-key-pair": tagged,
        "ec2:NetworkInterface host-network-interface": tagged,
        "ec2:SecurityGroup host-security-group":
          "update ingress[0].fromPort ingress[0].toPort ingress[1].cidrBlocks[0] ingress[1].description ingress[1].fromPort ingress[1].toPort ingress[2] tags.Name",
        "iam:InstanceProfile host-instance-profile": tagged,
        "iam:Role host-role": tagged,
        "iam:Role host-snapshots-role": tagged,
        "iam:RolePolicy host-dns-challenge": "delete",
        "route53:Record host-record": "replace name",
        "ssm:Parameter host-host-key": tagged,
      });
      expect(machine).toEqual({
        ...steps({
          "harbor-prerequisites": "stdin",
          "harbor-directories": "stdin",
          // By the proxy.
          "harbor-package": "stdin",
          "harbor-start": "stdin",
          "harbor-health": "stdin",
        }),
        "command:remote:Command harbor-edge-health": "delete",
        "docker:Network harbor-edge-network": "delete",
        "docker:RemoteImage harbor-edge-socket-proxy": "delete",
        "docker:RemoteImage harbor-edge-traefik": "delete",
        // It only shows the folder with the certificates.
        "docker:Volume harbor-edge-certificates": "delete",
      });
      expect(nodes).toEqual({
        "harborcache:nodes:MirrorPool nodes-workers": "update files[0].content files[1]",
      });
    });

    test("another image is refused until there is another machine", async () => {
      await expect(planFor({ "machine.image": "debian" })).rejects.toThrow(
        /harbor-cache:machine\.image: the machine i-\w+ was made from another image, whose user is ubuntu and not admin\./,
      );
    });
  });
}
