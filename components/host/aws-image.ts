import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

import type { AwsMachine } from "../../config/settings.ts";

type Image = AwsMachine["image"];

/** Public SSM parameters that name the newest x86_64 AMI. */
const parameters: Readonly<Record<Image, string>> = {
  ubuntu: "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
  debian: "/aws/service/debian/release/13/latest/amd64",
  "amazon-linux": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
};

/** The user that an image has been made for; it becomes root without a password. */
export const imageUsers: Readonly<Record<Image, string>> = {
  ubuntu: "ubuntu",
  debian: "admin",
  "amazon-linux": "ec2-user",
};

/** The AMI's id. It changes whenever its maker brings a newer one. */
export function newestAmi(image: Image, opts: pulumi.InvokeOutputOptions): pulumi.Output<string> {
  return aws.ssm.getParameterOutput({ name: parameters[image] }, opts).insecureValue;
}
