/** The first preview: nothing that is to be made is known, and nothing may wait for it. */
import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { AwsHost } from "../../../components/host/aws-host.ts";
import { account, awsSettings, functions } from "./aws-account.ts";

it("asks for what exists, and not for the host key of a machine that doesn't", async () => {
  account.reset();
  const made: string[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, inputs }) => {
        made.push(type);
        return { id: undefined, state: inputs as Record<string, unknown> };
      },
      call: ({ token, inputs }) => functions(token, inputs as Record<string, unknown>),
    },
    "harbor-cache",
    "prod",
    true,
  );
  const settings = awsSettings({
    tls: {
      mode: "letsencrypt-route53",
      email: "ops@example.com",
      hostedZoneId: "Z0123456789ABCDEFGHIJ",
      resolvers: ["1.1.1.1:53"],
    },
    machine: { defaultVpc: true, dns: { hostedZoneId: "Z0ABCDEFGHIJ123456789" }, elasticIp: true },
  });
  if (settings.machine.type !== "aws") throw new Error("no machine on AWS");
  new AwsHost("host", { ...settings, machine: settings.machine });
  await pulumi.runtime.disconnect();
  expect(made).toContain("aws:ec2/instance:Instance");
  expect(made).toContain("command:remote:Command");
  expect(account.calls.map(({ token, inputs }) => [token.split(":").at(-1), inputs["name"]]).sort()).toEqual([
    ["getParameter", "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"],
    ["getPartition", undefined],
    ["getRegion", undefined],
    ["getSubnet", undefined],
    ["getSubnets", undefined],
    ["getVpcs", undefined],
    ["getZone", undefined],
    ["getZone", undefined],
  ]);
});
