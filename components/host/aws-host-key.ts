import { setTimeout as pause } from "node:timers/promises";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { modernHostKey } from "../../config/schema/host-key.ts";
import type { AwsTags } from "./aws-tags.ts";

/**
 * Where the machine publishes its host key. Its tags can change freely; a change of anything else would write the first
 * value again, until the machine boots the next time.
 */
export function hostKeyParameter(
  name: string,
  tags: AwsTags,
  opts: pulumi.CustomResourceOptions,
): aws.ssm.Parameter {
  return new aws.ssm.Parameter(
    `${name}-host-key`,
    {
      description: "SSH host key of harbor-cache's machine, written by the machine",
      type: "String",
      insecureValue: "not published yet",
      tags,
    },
    pulumi.mergeOptions(opts, { ignoreChanges: ["insecureValue", "value"] }),
  );
}

export interface Wait {
  /** In all, milliseconds. */
  readonly atMost: number;
  /** Between two looks, milliseconds. */
  readonly pause: number;
}

/** The machine itself tries for ten minutes. */
const atUp: Wait = { atMost: 11 * 60_000, pause: 5_000 };
/** A preview meets a machine that exists, which has published its key long ago. */
const atPreview: Wait = { atMost: 20_000, pause: 5_000 };

/** The ed25519 host key that this instance has published; the wait for it is bounded. */
export function publishedHostKey(
  instanceId: pulumi.Output<string>,
  parameter: pulumi.Output<string>,
  opts: pulumi.InvokeOptions,
): pulumi.Output<string> {
  const wait = pulumi.runtime.isDryRun() ? atPreview : atUp;
  const look: Look = {
    read: async (name) => (await aws.ssm.getParameter({ name }, opts)).insecureValue,
    // In the engine's live display, instead of silence.
    tell: (progress) => void pulumi.log.info(progress, opts.parent, undefined, true),
  };
  return pulumi.all([instanceId, parameter]).apply(([id, name]) => awaitHostKey(id, name, look, wait));
}

export interface Look {
  /** The parameter's value. */
  readonly read: (parameter: string) => Promise<string>;
  readonly tell: (progress: string) => void;
}

/** Looks that may fail in a row: a wrong right or name doesn't heal by waiting. */
const mostFailures = 4;

/**
 * Looks until the parameter holds this instance's key.
 *
 * @throws RunError when it doesn't in time, or when the parameter can't be read.
 */
export async function awaitHostKey(
  instanceId: string,
  parameter: string,
  { read, tell }: Look,
  wait: Wait,
): Promise<string> {
  const end = performance.now() + wait.atMost;
  let failures = 0;
  for (;;) {
    try {
      const hostKey = hostKeyOf(instanceId, await read(parameter));
      if (hostKey !== undefined) return hostKey;
      failures = 0;
    } catch (error) {
      failures += 1;
      if (failures === mostFailures) throw unreadable(parameter, error);
    }
    if (performance.now() + wait.pause > end) throw unpublished(instanceId, parameter, wait.atMost);
    tell(`waiting until ${instanceId} has booted and published its SSH host key`);
    await pause(wait.pause);
  }
}

/** What an earlier instance published, or the first value, is not this one's. */
function hostKeyOf(instanceId: string, value: string): string | undefined {
  const [id, algorithm, key, ...more] = value.trim().split(" ");
  if (id !== instanceId || algorithm !== "ssh-ed25519" || more.length > 0) return undefined;
  return modernHostKey.safeParse(`${algorithm} ${key ?? ""}`).data;
}

function unreadable(parameter: string, error: unknown): pulumi.RunError {
  const reason = error instanceof Error ? error.message : String(error);
  return new pulumi.RunError(
    `the SSM parameter ${parameter}, where the machine publishes its SSH host key, can't be read: ${reason}\n` +
      "Your credentials need ssm:GetParameter on it. Where somebody has deleted it, `pulumi up --refresh` makes it anew, " +
      "and docs/runbooks/aws-ami-upgrade.md says how to make the machine anew, which then publishes there.",
  );
}

function unpublished(instanceId: string, parameter: string, milliseconds: number): pulumi.RunError {
  return new pulumi.RunError(
    `the machine ${instanceId} has not published its SSH host key to the SSM parameter ${parameter} within ` +
      `${Math.round(milliseconds / 1000)} seconds. See what it says, in the lines that begin with harbor-cache:\n` +
      `  aws ec2 get-console-output --latest --output text --instance-id ${instanceId}\n` +
      "Mostly it can't reach AWS's API: it needs a way out by a NAT gateway, a VPC endpoint for SSM or elasticIp: true. " +
      "When that is mended, let it try again, and then run pulumi up:\n" +
      `  aws ec2 reboot-instances --instance-ids ${instanceId}`,
  );
}
