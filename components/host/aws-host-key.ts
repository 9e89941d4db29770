import { setTimeout as pause } from "node:timers/promises";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { modernHostKey } from "../../config/schema/host-key.ts";
import type { AwsTags } from "./aws-tags.ts";
import { OutputError } from "./output-error.ts";

/**
 * Where the machine publishes its host key. Only its tags change later: a change of anything else would write the first
 * value again, until the machine boots the next time. The description is the first value's, and may go with it.
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
    pulumi.mergeOptions(opts, { ignoreChanges: ["description", "insecureValue", "value"] }),
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
  user: string,
  parameter: pulumi.Output<string>,
  opts: pulumi.InvokeOptions,
): pulumi.Output<string> {
  const wait = pulumi.runtime.isDryRun() ? atPreview : atUp;
  const look: Look = {
    read: async (name) => (await aws.ssm.getParameter({ name }, opts)).insecureValue,
    // In the engine's live display, instead of silence.
    tell: (progress) => void pulumi.log.info(progress, opts.parent, undefined, true),
  };
  return pulumi
    .all([instanceId, parameter])
    .apply(([id, name]) => awaitHostKey({ id, user }, name, look, wait));
}

export interface Look {
  /** The parameter's value. */
  readonly read: (parameter: string) => Promise<string>;
  readonly tell: (progress: string) => void;
}

/** A machine, and the user that its image lets in. */
export interface Booting {
  readonly id: string;
  readonly user: string;
}

/** Looks that may fail in a row: a wrong right or name doesn't heal by waiting. */
const mostFailures = 4;

/**
 * Looks until the parameter holds this instance's key.
 *
 * @throws OutputError when it doesn't in time, when the parameter can't be read, or when the machine was made from
 * another image than the settings name now.
 */
export async function awaitHostKey(
  machine: Booting,
  parameter: string,
  { read, tell }: Look,
  wait: Wait,
): Promise<string> {
  const begin = performance.now();
  let failures = 0;
  let told = -1;
  for (;;) {
    const value = await read(parameter).catch((error: unknown) => {
      failures += 1;
      if (failures === mostFailures) throw unreadable(parameter, error);
      return undefined;
    });
    if (value !== undefined) {
      const published = publishedBy(machine.id, value);
      if (published !== undefined && published.user !== machine.user)
        throw otherImage(machine, published.user);
      if (published !== undefined) return published.hostKey;
      failures = 0;
    }
    const waited = performance.now() - begin;
    if (waited + wait.pause > wait.atMost) throw unpublished(machine.id, parameter, wait.atMost);
    const minutes = Math.floor(waited / 60_000);
    if (minutes > told) {
      tell(`${machine.id} boots and publishes its SSH host key: waited for ${minutes} minutes`);
      told = minutes;
    }
    await pause(wait.pause);
  }
}

/** What an earlier instance published, or the first value, is not this one's. */
function publishedBy(
  id: string,
  value: string,
): { readonly hostKey: string; readonly user: string } | undefined {
  const [instance, algorithm, key = "", user, ...more] = value.trim().split(" ");
  if (instance !== id || algorithm !== "ssh-ed25519" || user === undefined || more.length > 0)
    return undefined;
  const hostKey = modernHostKey.safeParse(`${algorithm} ${key}`).data;
  return hostKey === undefined ? undefined : { hostKey, user };
}

function otherImage({ id, user }: Booting, madeFor: string): OutputError {
  return new OutputError(
    `harbor-cache:machine.image: the machine ${id} was made from another image, whose user is ${madeFor} and not ${user}. ` +
      "Set it back; or make the machine anew from the new image, as docs/runbooks/aws-ami-upgrade.md says. Its data stay.",
  );
}

function unreadable(parameter: string, error: unknown): OutputError {
  const reason = error instanceof Error ? error.message : String(error);
  return new OutputError(
    `the SSM parameter ${parameter}, where the machine publishes its SSH host key, can't be read: ${reason}\n` +
      "Your credentials need ssm:GetParameter on it. Where somebody has deleted it, `pulumi up --refresh` makes it anew, " +
      "and docs/runbooks/aws-ami-upgrade.md says how to make the machine anew, which then publishes there.",
  );
}

function unpublished(instanceId: string, parameter: string, milliseconds: number): OutputError {
  return new OutputError(
    `the machine ${instanceId} has not published its SSH host key to the SSM parameter ${parameter} within ` +
      `${Math.round(milliseconds / 1000)} seconds. See what it says, in the lines that begin with harbor-cache:\n` +
      `  aws ec2 get-console-output --latest --output text --instance-id ${instanceId}\n` +
      "Mostly it can't reach AWS's API: it needs a way out by a NAT gateway, a VPC endpoint for SSM or elasticIp: true. " +
      "When that is mended, let it try again, and then run pulumi up:\n" +
      `  aws ec2 reboot-instances --instance-ids ${instanceId}`,
  );
}
