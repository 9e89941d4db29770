import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Host } from "./host.ts";

export interface MachineStepArgs {
  readonly host: Host;
  /** A text made by `stepScript`; it may hold secrets. A change of it runs the step again. */
  readonly script: pulumi.Input<string>;
  /** Run the script's `down` at delete. */
  readonly undo?: boolean;
  /** Seconds after which the machine ends the step; `stepScript` is given the same. */
  readonly seconds: number;
}

/** What connecting may take on top of the step itself, seconds. */
const connectSeconds = 120;

/**
 * One idempotent step on a machine, over SSH.
 *
 * How @pulumi/command 1.2.1 behaves decides its form: everything goes in by stdin, as command lines and environment
 * lie in errors and process lists; the machine itself ends a step that hangs, as the plugin can't; there are no
 * triggers, as they replace, and a replacement's delete would undo what was just made; logging is off, as one long
 * line blocks it for ever.
 */
export function machineStep(
  name: string,
  args: MachineStepArgs,
  opts: pulumi.CustomResourceOptions,
): remote.Command {
  const { host, seconds } = args;
  const shell = `${host.sudo ? "sudo -n " : ""}timeout -k 10 ${seconds} sh -s`;
  // The identity does nothing but make a rebuilt machine's command a changed one.
  const up = pulumi.interpolate`${shell} up ${host.identity}`;
  const limit = `${seconds + connectSeconds}s`;
  return new remote.Command(
    name,
    {
      connection: host.connection,
      create: up,
      update: up,
      ...(args.undo === true ? { delete: `${shell} down` } : {}),
      stdin: pulumi.secret(args.script),
      logging: remote.Logging.None,
      addPreviousOutputInEnv: false,
    },
    pulumi.mergeOptions(
      {
        customTimeouts: { create: limit, update: limit, delete: limit },
        ...(host.deletedWith && { deletedWith: host.deletedWith }),
      },
      opts,
    ),
  );
}
