import * as pulumi from "@pulumi/pulumi";

export type AwsTags = Readonly<Record<string, string>>;

/** Whose everything is that a stack makes on AWS; the settings' own tags win. */
export function awsTags(hostname: string, own: AwsTags): AwsTags {
  return { Name: hostname, Project: pulumi.getProject(), Stack: pulumi.getStack(), ...own };
}
