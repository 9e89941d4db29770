import type { types } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";

import type { Secret, SshAccess } from "../../config/settings.ts";

/** A machine that steps run on, whatever made it. */
export interface Host {
  readonly connection: pulumi.Input<types.input.remote.ConnectionArgs>;
  /** The same way in, for what is no step: our own provider, @pulumi/docker and the commands in cli/. */
  readonly access: HostAccess;
  /** Changes when the machine is another one, so that every step runs again on it. Shell-safe: `[a-z0-9-]+`. */
  readonly identity: pulumi.Output<string>;
  /** Run the steps by `sudo -n`. */
  readonly sudo: boolean;
  /** The block device for `harbor.dataDir`, where the host brings one. Default: `harbor.dataVolume` says. */
  readonly dataVolume?: HostVolume;
  /** AWS region of the machine, where its own role has the right to the DNS challenge. */
  readonly region?: pulumi.Output<string>;
  /** What everything on the machine is gone with, where Pulumi made the machine. */
  readonly deletedWith?: pulumi.Resource;
  /** Must be there before the first step: the attached disk, for instance. */
  readonly ready: readonly pulumi.Resource[];
}

/** `SshAccess` of a machine whose address or key may not be known yet. */
export interface HostAccess {
  readonly address: pulumi.Output<string>;
  readonly port: number;
  readonly user: string;
  /** Absent: the agent at `SSH_AUTH_SOCK` is asked. */
  readonly privateKey?: Secret;
  readonly hostKey: pulumi.Output<string>;
  readonly jump?: SshAccess;
}

export interface HostVolume {
  /** Best under /dev/disk/by-id. */
  readonly device: pulumi.Output<string>;
  readonly fsType: "ext4" | "xfs";
  /** A change of it grows the file system. */
  readonly sizeGiB: number;
}
