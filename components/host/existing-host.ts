import { createHash } from "node:crypto";
import type { types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { ExistingMachine } from "../../config/settings.ts";
import { warnOfMissingAgent } from "./agent-warning.ts";
import type { Host, HostAccess } from "./host.ts";
import { sshConnection } from "./ssh-connection.ts";

export interface ExistingHostArgs {
  readonly machine: ExistingMachine;
}

/** A machine that exists already. It makes nothing: it says how the machine is reached and which one it is. */
export class ExistingHost extends pulumi.ComponentResource implements Host {
  readonly connection: types.input.remote.ConnectionArgs;
  readonly access: HostAccess;
  readonly identity: pulumi.Output<string>;
  readonly sudo: boolean;
  readonly ready: readonly pulumi.Resource[] = [];

  constructor(name: string, args: ExistingHostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("harborcache:components:ExistingHost", name, {}, opts);
    this.connection = sshConnection(args.machine);
    const { address, port, user, privateKey, hostKey, jump } = args.machine;
    this.access = {
      address: pulumi.output(address),
      port,
      user,
      hostKey: pulumi.output(hostKey),
      ...(privateKey && { privateKey }),
      ...(jump && { jump }),
    };
    this.identity = pulumi.output(identityOf(args.machine));
    this.sudo = args.machine.sudo;
    warnOfMissingAgent(args.machine, "machine.privateKey", this);
    this.registerOutputs({ identity: this.identity });
  }
}

/** A rebuilt machine has another host key, a moved one another address. */
export function identityOf({ address, port, hostKey }: ExistingMachine): string {
  // Only type and key count: a comment behind them may change freely.
  const key = hostKey.trim().split(/\s+/).slice(0, 2).join(" ");
  return createHash("sha256").update(`${address}:${port} ${key}`).digest("hex").slice(0, 16);
}
