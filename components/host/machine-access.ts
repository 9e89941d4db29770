import type * as pulumi from "@pulumi/pulumi";
import type { SshAccess } from "../../config/settings.ts";
import { Access } from "../../provider/sdk.ts";
import type { SshTarget } from "../../provider/sdk.ts";
import type { Host } from "./host.ts";

export interface MachineAccessArgs {
  readonly host: Pick<Host, "access" | "deletedWith">;
  /** Before a step runs, or before it is undone. */
  readonly before: "up" | "destroy";
  /** Changes when the step will run: a digest of its script. */
  readonly work?: pulumi.Input<string>;
}

/** Proves that a machine can be reached, in a bounded time. */
export function machineAccess(
  name: string,
  { host, before, work }: MachineAccessArgs,
  opts: pulumi.CustomResourceOptions,
): Access {
  const { address, port, user, privateKey, hostKey, jump } = host.access;
  return new Access(
    name,
    {
      before,
      ...(work !== undefined && { work }),
      // A machine that is to be left is not one that is booting; one that Pulumi made may have been stopped and started.
      ...(before === "destroy" ? { patience: 5 } : host.deletedWith && { patience: 180 }),
      address,
      port,
      user,
      hostKey,
      ...(privateKey && { privateKey }),
      ...(jump && { jump: target(jump) }),
    },
    opts,
  );
}

function target({ address, port, user, privateKey, hostKey }: SshAccess): SshTarget {
  return { address, port, user, hostKey, ...(privateKey && { privateKey }) };
}
