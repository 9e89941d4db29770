import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Host } from "./host.ts";
import { machineAccess } from "./machine-access.ts";
import { scriptDigest, stepShell } from "./step-script.ts";

export interface MachineStepArgs {
  readonly host: Host;
  /** A text made by `stepScript`; it may hold secrets. A change of it runs the step again. */
  readonly script: pulumi.Input<string>;
  /** Run the script's `down` at delete. */
  readonly undo?: boolean;
  /** Seconds after which the machine ends the step; `stepScript` is given the same. */
  readonly seconds: number;
}

export interface MachineStep {
  readonly command: remote.Command;
  /** What waits for the step depends on this. */
  readonly done: pulumi.Resource;
}

/** What connecting may take on top of the step itself, seconds. */
const connectSeconds = 120;

/**
 * One idempotent step on a machine, over SSH.
 *
 * How @pulumi/command 1.2.1 behaves decides its form: everything goes in by stdin, as command lines and environment
 * lie in errors and process lists; the machine itself ends a step that hangs, as the plugin can't; there are no
 * triggers, as they replace, and a replacement's delete would undo what was just made; logging is off, as one long
 * line blocks it for ever. As it also waits for ever for a machine that takes the connection and says nothing, the
 * machine is tried by our own provider right before a step runs, and right before it is undone.
 */
export function machineStep(
  name: string,
  args: MachineStepArgs,
  opts: pulumi.CustomResourceOptions,
): MachineStep {
  const { host, seconds, undo = false } = args;
  const shell = stepShell(host.sudo, seconds);
  // The identity does nothing but make a rebuilt machine's command a changed one.
  const up = pulumi.interpolate`${shell} up ${host.identity}`;
  const stdin = pulumi.secret(args.script);
  const limit = `${seconds + connectSeconds}s`;
  const onMachine = pulumi.mergeOptions(host.deletedWith && { deletedWith: host.deletedWith }, opts);

  const work = pulumi.all([stdin, up]).apply((texts) => scriptDigest(texts.join("\n")));
  const reached = machineAccess(`${name}-access`, { host, before: "up", work }, onMachine);
  const command = new remote.Command(
    name,
    {
      connection: host.connection,
      create: up,
      update: up,
      ...(undo ? { delete: `${shell} down` } : {}),
      stdin,
      logging: remote.Logging.None,
      addPreviousOutputInEnv: false,
    },
    pulumi.mergeOptions(onMachine, {
      customTimeouts: { create: limit, update: limit, delete: limit },
      dependsOn: [reached],
    }),
  );
  if (!undo) return { command, done: command };
  // It depends on the command, so that it is deleted before it, and after everything that waits for the step.
  const undoable = pulumi.mergeOptions(onMachine, { dependsOn: [command] });
  return { command, done: machineAccess(`${name}-undo-access`, { host, before: "destroy" }, undoable) };
}
