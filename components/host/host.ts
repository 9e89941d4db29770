import type { types } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";

/** A machine that steps run on, whatever made it. */
export interface Host {
  readonly connection: pulumi.Input<types.input.remote.ConnectionArgs>;
  /** Changes when the machine is another one, so that every step runs again on it. Shell-safe: `[a-z0-9-]+`. */
  readonly identity: pulumi.Output<string>;
  /** Run the steps by `sudo -n`. */
  readonly sudo: boolean;
}
