import * as aws from "@pulumi/aws";
import type { types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

import type { AwsMachine, HarborSettings, RegistrySettings, Tls } from "../../config/settings.ts";
import { warnOfMissingAgent } from "./agent-warning.ts";
import { addressRecord, elasticIp } from "./aws-address.ts";
import { recoveryAlarm } from "./aws-alarm.ts";
import { attachment, dataVolume, deviceOf } from "./aws-data-volume.ts";
import { cloudInitScript, cloudInitSeconds } from "./aws-first-step.ts";
import { hostKeyParameter, publishedHostKey } from "./aws-host-key.ts";
import { imageUsers, newestAmi } from "./aws-image.ts";
import { machineKeyPair, type MachineKeyPair } from "./aws-key-pair.ts";
import { findPlace, networkInterface, openings, securityGroup, type WebPorts } from "./aws-network.ts";
import { machineRole } from "./aws-role.ts";
import { dailySnapshots } from "./aws-snapshots.ts";
import { awsTags } from "./aws-tags.ts";
import { userData } from "./aws-user-data.ts";
import type { Host, HostAccess, HostVolume } from "./host.ts";
import { machineStep } from "./machine-step.ts";
import { sshConnection } from "./ssh-connection.ts";

export interface AwsHostArgs {
  readonly machine: AwsMachine;
  readonly hostname: string;
  readonly tls: Tls;
  /** Ports that clients reach, and the bucket that the machine's role may use. */
  readonly harbor: WebPorts & Pick<HarborSettings, "s3">;
  /** Those of AWS's without credentials are read by the machine's role. */
  readonly registries: readonly RegistrySettings[];
  /** Pulumi refuses to delete the data volume. */
  readonly protect: boolean;
}

/** A machine on AWS EC2, in a network that exists, with everything that is its own. */
export class AwsHost extends pulumi.ComponentResource implements Host {
  readonly connection: types.input.remote.ConnectionArgs;
  readonly access: HostAccess;
  readonly identity: pulumi.Output<string>;
  readonly sudo = true;
  readonly dataVolume: HostVolume;
  readonly region: pulumi.Output<string>;
  readonly deletedWith: pulumi.Resource;
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, args: AwsHostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("harborcache:components:AwsHost", name, {}, opts);
    const { machine, hostname, tls } = args;
    const child = { parent: this };
    const user = imageUsers[machine.image];
    const tags = awsTags(hostname, machine.tags);
    this.region = aws.getRegionOutput({}, child).region;
    const { partition } = aws.getPartitionOutput({}, child);

    const place = pulumi.output(findPlace(machine, child));
    const group = securityGroup(
      name,
      { vpcId: place.vpcId, machine, rules: openings(machine, tls, args.harbor), tags },
      child,
    );
    const network = networkInterface(name, { place, machine, securityGroup: group, tags }, child);
    const address = machine.elasticIp ? elasticIp(name, network, tags, child) : undefined;
    const parameter = hostKeyParameter(name, tags, child);
    const role = machineRole(
      name,
      { ...args, parameterArn: parameter.arn, partition, sessionManager: machine.sessionManager, tags },
      child,
    );
    const keyPair = machineKeyPair(name, machine.keyPair, tags, child);
    const volume = dataVolume(name, { machine, place, protect: args.protect, tags }, child);
    if (machine.snapshots.enabled)
      dailySnapshots(name, { settings: machine.snapshots, partition, tags }, child);

    const instance = new aws.ec2.Instance(
      `${name}-instance`,
      {
        ami: newestAmi(machine.image, child),
        instanceType: machine.instanceType,
        primaryNetworkInterface: { networkInterfaceId: network.id },
        iamInstanceProfile: role.instanceProfile,
        keyName: keyPair.name,
        userData: parameter.name.apply((parameterName) => userData(parameterName, user)),
        // Two hops: Traefik asks for the role's credentials from inside a container.
        metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 2 },
        // Tagged here and not by volumeTags, which would fight over the data volume's tags.
        rootBlockDevice: {
          volumeType: "gp3",
          volumeSize: machine.rootVolumeGiB,
          encrypted: true,
          ...(machine.dataVolume.kmsKeyArn !== undefined && { kmsKeyId: machine.dataVolume.kmsKeyArn }),
          deleteOnTermination: true,
          tags,
        },
        tags,
      },
      {
        parent: this,
        dependsOn: [...role.rights, ...(address === undefined ? [] : [address])],
        // The network interface and the data volume can only be at one machine.
        deleteBeforeReplace: true,
        // A newer image, or user data that this program changed, is for the next machine: docs/runbooks/aws-ami-upgrade.md.
        ignoreChanges: ["ami", "userData"],
      },
    );
    const attached = attachment(name, volume, instance, child);
    if (machine.alarms.enabled) {
      recoveryAlarm(
        name,
        { instance, settings: machine.alarms, partition, region: this.region, tags },
        child,
      );
    }
    const addresses = { privateIp: network.privateIp, ...(address && { publicIp: address.publicIp }) };
    const record = machine.dns && addressRecord(name, { hostname, dns: machine.dns, ...addresses }, child);

    this.access = {
      address: addresses.publicIp ?? addresses.privateIp,
      port: 22,
      user,
      hostKey: publishedHostKey(instance.id, user, parameter.name, child),
      ...privateKeyOf(keyPair),
      ...(machine.jump && { jump: machine.jump }),
    };
    warnOfMissingAgent(this.access, "machine.keyPair.privateKey", this);
    if (machine.allowedCidrs.ssh.length === 0) void pulumi.log.warn(closedToSsh, this);
    this.connection = sshConnection(this.access);
    this.identity = instance.id;
    this.dataVolume = {
      device: volume.id.apply(deviceOf),
      fsType: "ext4",
      sizeGiB: machine.dataVolume.sizeGiB,
    };
    this.deletedWith = instance;
    const booted = machineStep(
      `${name}-cloud-init`,
      { host: this, script: cloudInitScript(), seconds: cloudInitSeconds },
      child,
    );
    this.ready = [booted.done, attached, ...(record === undefined ? [] : [record])];
    this.registerOutputs({ address: this.access.address, identity: this.identity });
  }
}

function privateKeyOf({ privateKey }: MachineKeyPair): Pick<HostAccess, "privateKey"> {
  return privateKey === undefined ? {} : { privateKey };
}

const closedToSsh =
  "harbor-cache:machine.allowedCidrs.ssh names no network, so nobody reaches the machine by SSH, and pulumi up can't run " +
  "a step there: name the network that it or machine.jump comes from; for example: [10.1.0.0/16]";
