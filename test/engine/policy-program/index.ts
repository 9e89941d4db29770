import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** True: each resource violates one policy. False: none does. */
const wrong = new pulumi.Config().requireBoolean("wrong");
const tags = { Name: "registry.example.com", Project: pulumi.getProject(), Stack: pulumi.getStack() };

const machine = {
  ami: "ami-0123456789abcdef0",
  instanceType: "m7i.large",
  metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 2 },
  rootBlockDevice: { encrypted: true },
  userData: "#cloud-config\n",
  tags,
};
const disk = { availabilityZone: "eu-west-1a", size: 40, encrypted: true, tags };
const allow = (Action: string, Resource: string) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource }] });

new aws.ec2.Instance("metadata", {
  ...machine,
  metadataOptions: { httpTokens: wrong ? "optional" : "required", httpPutResponseHopLimit: 2 },
});
new aws.ec2.Instance("user-data", {
  ...machine,
  userData: wrong ? "#cloud-config\npassword: hunter2-of-the-test\n" : machine.userData,
});
new aws.ec2.Instance("root-disk", { ...machine, rootBlockDevice: { encrypted: !wrong } });
new aws.ebs.Volume("data", disk, { protect: !wrong });
const volume = new aws.ebs.Volume("disk", { ...disk, encrypted: !wrong }, { protect: true });
new aws.ec2.SecurityGroup("ssh", {
  ingress: [{ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: [wrong ? "0.0.0.0/0" : "10.1.0.0/16"] }],
  tags,
});
new aws.iam.RolePolicy("wide", {
  role: "harbor",
  policy: allow(wrong ? "s3:*" : "s3:GetObject", "arn:aws:s3:::a/*"),
});
// Not known before the disk is there: judged at the up.
new aws.iam.RolePolicy("later", {
  role: "harbor",
  policy: volume.arn.apply((arn) => allow("ec2:DescribeTags", arn)),
});
new aws.iam.RolePolicyAttachment("managed", {
  role: "harbor",
  policyArn: `arn:aws:iam::aws:policy/${wrong ? "AdministratorAccess" : "AmazonSSMManagedInstanceCore"}`,
});
new aws.ssm.Parameter("parameter", {
  type: "String",
  insecureValue: wrong ? "password=hunter2-of-the-test" : "not published yet",
  tags,
});
new aws.ec2.Eip("untagged", wrong ? {} : { tags });
