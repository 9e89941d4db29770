/** What a machine on AWS is expected to be made of, to the last input. */
import { createHash } from "node:crypto";
import { cloudInitScript } from "../../../components/host/aws-first-step.ts";
import { hostKeyPolicy } from "../../../components/host/aws-policies.ts";
import { userData } from "../../../components/host/aws-user-data.ts";
import { hostKey, instanceId } from "./aws-account.ts";
import type { Made } from "./aws-account.ts";

export const tags = { Name: "registry.example.com", Project: "harbor-cache", Stack: "prod" };
const everywhere = { cidrBlocks: ["0.0.0.0/0"], ipv6CidrBlocks: ["::/0"] };
const trust = (service: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: service } }],
  });
const parameterArn = "arn:aws:ssm:eu-west-1:111122223333:parameter/host-host-key-1a2b3c4";
export const managed = (name: string) => `arn:aws:iam::aws:policy/${name}`;
export const rule = (description: string, port: number, networks: object) => ({
  description,
  protocol: "tcp",
  fromPort: port,
  toPort: port,
  ...networks,
});
/** A secret as it goes to the engine. */
export const sealed = (value: unknown) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});

/** What every machine has, as the smallest one has it. */
export const always = {
  "harborcache:components:AwsHost host": {},
  "ec2/SecurityGroup host-security-group": {
    description: "Who reaches harbor-cache",
    vpcId: "vpc-1",
    ingress: [rule("HTTP", 80, { cidrBlocks: ["10.0.0.0/8"] })],
    egress: [{ protocol: "-1", fromPort: 0, toPort: 0, ...everywhere }],
    tags,
  },
  "ec2/NetworkInterface host-network-interface": {
    description: "harbor-cache",
    subnetId: "subnet-1",
    securityGroups: ["host-security-group-id"],
    tags,
  },
  "ssm/Parameter host-host-key": {
    description: "SSH host key of harbor-cache's machine, written by the machine",
    type: "String",
    insecureValue: "not published yet",
    tags,
  },
  "iam/Role host-role": { assumeRolePolicy: trust("ec2.amazonaws.com"), tags },
  "iam/RolePolicy host-host-key": {
    role: "host-role-1a2b3c4",
    policy: JSON.stringify(hostKeyPolicy(parameterArn)),
  },
  "iam/InstanceProfile host-instance-profile": { role: "host-role-1a2b3c4", tags },
  "harborcache:host:SshKeyPair host-ssh-key": {},
  "ec2/KeyPair host-key-pair": { publicKey: "ssh-ed25519 AAAA harbor-cache", tags },
  "ebs/Volume host-data": {
    availabilityZone: "eu-west-1b",
    size: 200,
    type: "gp3",
    encrypted: true,
    tags: { ...tags, "harbor-cache:snapshots": "harbor-cache/prod" },
  },
  "ec2/Instance host-instance": {
    ami: "ami-0a1b2c3d",
    instanceType: "m7i.xlarge",
    primaryNetworkInterface: { networkInterfaceId: "host-network-interface-id" },
    iamInstanceProfile: "host-instance-profile-1a2b3c4",
    keyName: "host-key-pair-1a2b3c4",
    userData: userData("host-host-key-1a2b3c4", "ubuntu"),
    metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 2 },
    rootBlockDevice: {
      volumeType: "gp3",
      volumeSize: 30,
      encrypted: true,
      deleteOnTermination: true,
      tags,
    },
    tags,
  },
  "ec2/VolumeAttachment host-data": {
    deviceName: "/dev/sdf",
    instanceId,
    volumeId: "vol-0fedcba9876543210",
    stopInstanceBeforeDetaching: true,
  },
  "harborcache:host:Access host-cloud-init-access": {
    address: "10.0.1.20",
    port: 22,
    user: "ubuntu",
    hostKey,
    privateKey: sealed("PRIVATE"),
    before: "up",
    patience: 180,
    work: sealed(
      createHash("sha256")
        .update(`${cloudInitScript()}\nsudo -n timeout -k 10 900 sh -s up ${instanceId}`)
        .digest("hex"),
    ),
  },
  "command:remote:Command host-cloud-init": {
    connection: sealed({
      host: "10.0.1.20",
      port: 22,
      user: "ubuntu",
      hostKey,
      privateKey: "PRIVATE",
      dialErrorLimit: 3,
      perDialTimeout: 15,
    }),
    create: `sudo -n timeout -k 10 900 sh -s up ${instanceId}`,
    update: `sudo -n timeout -k 10 900 sh -s up ${instanceId}`,
    stdin: sealed(cloudInitScript()),
    logging: "none",
    addPreviousOutputInEnv: false,
  },
};

export const snapshots = {
  "iam/Role host-snapshots-role": { assumeRolePolicy: trust("dlm.amazonaws.com"), tags },
  "iam/RolePolicyAttachment host-snapshots-role": {
    role: "host-snapshots-role-1a2b3c4",
    policyArn: managed("service-role/AWSDataLifecycleManagerServiceRole"),
  },
  "dlm/LifecyclePolicy host-snapshots": {
    description: "harbor-cache data volume",
    executionRoleArn: "arn:aws:iam::111122223333:role/host-snapshots-role-1a2b3c4",
    state: "ENABLED",
    policyDetails: {
      resourceTypes: ["VOLUME"],
      targetTags: { "harbor-cache:snapshots": "harbor-cache/prod" },
      schedules: [
        {
          name: "daily",
          createRule: { interval: 24, intervalUnit: "HOURS", times: "03:00" },
          retainRule: { count: 14 },
          copyTags: true,
        },
      ],
    },
    tags,
  },
};

export const alarm = {
  "cloudwatch/MetricAlarm host-recovery": {
    alarmDescription: "The machine of harbor-cache fails AWS's system status check, and is recovered",
    namespace: "AWS/EC2",
    metricName: "StatusCheckFailed_System",
    dimensions: { InstanceId: instanceId },
    statistic: "Maximum",
    comparisonOperator: "GreaterThanOrEqualToThreshold",
    threshold: 1,
    period: 60,
    evaluationPeriods: 2,
    alarmActions: ["arn:aws:automate:eu-west-1:ec2:recover"],
    tags,
  },
};

export function find(resources: Made["resources"], name: string): Record<string, unknown> {
  const found = resources[name];
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}
