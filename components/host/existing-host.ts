import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import type { types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { ExistingMachine } from "../../config/settings.ts";
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
    warnOfMissingAgent(args.machine, this);
    this.registerOutputs({ identity: this.identity });
  }
}

/** A rebuilt machine has another host key, a moved one another address. */
export function identityOf({ address, port, hostKey }: ExistingMachine): string {
  // Only type and key count: a comment behind them may change freely.
  const key = hostKey.trim().split(/\s+/).slice(0, 2).join(" ");
  return createHash("sha256").update(`${address}:${port} ${key}`).digest("hex").slice(0, 16);
}

/** @pulumi/command dials a set SSH_AUTH_SOCK even where it has a private key, and no input of it prevents that. */
function warnOfMissingAgent(machine: ExistingMachine, resource: pulumi.Resource): void {
  const socket = process.env["SSH_AUTH_SOCK"] ?? "";
  const keys =
    machine.jump === undefined ? [machine.privateKey] : [machine.privateKey, machine.jump.privateKey];
  if (socket === "" && keys.includes(undefined)) {
    void pulumi.log.warn(
      "harbor-cache:machine has no privateKey and SSH_AUTH_SOCK is not set: start an agent (ssh-agent, ssh-add) " +
        "or set the key: pulumi config set --secret --path harbor-cache:machine.privateKey < KEYFILE",
      resource,
    );
  }
  if (socket !== "" && !existsSync(socket)) {
    void pulumi.log.warn(
      `SSH_AUTH_SOCK is ${socket}, which does not exist: every step on the machine will fail. Run: unset SSH_AUTH_SOCK`,
      resource,
    );
  }
}
