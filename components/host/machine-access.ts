import type * as pulumi from "@pulumi/pulumi";
import type { SshAccess } from "../../config/settings.ts";
import { Access } from "../../provider/sdk.ts";
import type { SshTarget } from "../../provider/sdk.ts";
import type { Host } from "./host.ts";

export interface MachineAccessArgs {
  readonly host: Pick<Host, "access">;
  /** Before steps run, or before they are undone. */
  readonly before: "up" | "destroy";
  /** Changes when a step will run: a digest of the steps' scripts, for instance. */
  readonly work: pulumi.Input<string>;
}

/**
 * Proves that a machine can be reached, in a bounded time; every step waits for it.
 *
 * @pulumi/command 1.2.1 waits for ever for a machine that takes the connection and says nothing.
 */
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
      work,
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
