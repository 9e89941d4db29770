/** Machines and how they are reached. */
import * as pulumi from "@pulumi/pulumi";

/** A way to one machine; `jump` is reached directly. */
export interface SshTarget {
  address: pulumi.Input<string>;
  /** Default 22. */
  port?: pulumi.Input<number>;
  user: pulumi.Input<string>;
  /** Absent: the agent at `SSH_AUTH_SOCK`. */
  privateKey?: pulumi.Input<string>;
  /** `ssh-ed25519 AAAA…` */
  hostKey: pulumi.Input<string>;
  jump?: pulumi.Input<SshTarget>;
}

export interface AccessArgs extends SshTarget {
  /** When the machine is tried: before something is done there, or before that is undone. */
  before: "up" | "destroy";
  /** Changes with what is to be done there, so that the machine is tried again. */
  work?: pulumi.Input<string>;
  /** Seconds that one connection may take, default 20. */
  connectTimeout?: pulumi.Input<number>;
  /** Seconds for which a machine that doesn't answer is tried again, default 45. */
  patience?: pulumi.Input<number>;
}

/** Proves that a machine can be reached over SSH, in a bounded time, before steps run there. */
export class Access extends pulumi.CustomResource {
  constructor(name: string, args: AccessArgs, opts?: pulumi.CustomResourceOptions) {
    super("harborcache:host:Access", name, { ...args }, opts);
  }
}

/** A key pair for SSH, ed25519, made once and kept in the state. */
export class SshKeyPair extends pulumi.CustomResource {
  /** One line of authorized_keys. */
  declare readonly publicKey: pulumi.Output<string>;
  /** OpenSSH's format, without a passphrase; secret. */
  declare readonly privateKey: pulumi.Output<string>;

  constructor(name: string, opts?: pulumi.CustomResourceOptions) {
    super(
      "harborcache:host:SshKeyPair",
      name,
      { publicKey: undefined, privateKey: undefined },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ["privateKey"] }),
    );
  }
}
