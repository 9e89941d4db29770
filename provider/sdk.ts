/**
 * The program's side of the provider `harborcache`: one class per resource, as a Pulumi program uses them.
 * What they do lies in `provider/harbor` and `provider/nodes`, in the provider's own process.
 */
import * as pulumi from "@pulumi/pulumi";

export interface ProviderArgs {
  /** Harbor's external URL with scheme, without path: `https://registry.example.com`. */
  url: pulumi.Input<string>;
  username: pulumi.Input<string>;
  password: pulumi.Input<string>;
  /** PEM of the CA that signed Harbor's certificate, where it is not a public one. */
  caCertificate?: pulumi.Input<string | undefined>;
  /** Seconds that one request may take, default 30. */
  requestTimeout?: pulumi.Input<number>;
}

/** The connection to one Harbor. */
export class Provider extends pulumi.ProviderResource {
  constructor(name: string, args: ProviderArgs, opts?: pulumi.ResourceOptions) {
    super(
      "harborcache",
      name,
      {
        url: args.url,
        username: args.username,
        password: pulumi.secret(args.password),
        caCertificate: args.caCertificate,
        requestTimeout: pulumi.output(args.requestTimeout).apply((seconds) => seconds?.toString()),
      },
      opts,
    );
  }
}

export interface PasswordArgs {
  /** Characters, 8 to 128, default 32. */
  length?: pulumi.Input<number>;
}

/** A password made once and kept as a secret in the state; it has upper case, lower case and digits. */
export class Password extends pulumi.CustomResource {
  declare readonly result: pulumi.Output<string>;

  constructor(name: string, args: PasswordArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "harborcache:harbor:Password",
      name,
      { length: args.length ?? 32, result: undefined },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ["result"] }),
    );
  }
}

export interface RegistryArgs {
  /** Name in Harbor, 1 to 64 characters. */
  name: pulumi.Input<string>;
  /** Harbor's adapter type, e.g. `docker-hub`, `docker-registry`. Cannot change. */
  providerName: pulumi.Input<string>;
  endpointUrl: pulumi.Input<string>;
  description?: pulumi.Input<string>;
  accessId?: pulumi.Input<string>;
  accessSecret?: pulumi.Input<string>;
  /** Don't verify the endpoint's certificate, default false. */
  insecure?: pulumi.Input<boolean>;
  /** PEM, CA of the endpoint. */
  caCertificate?: pulumi.Input<string>;
}

/** An upstream registry endpoint in Harbor. Its id is Harbor's number. */
export class Registry extends pulumi.CustomResource {
  declare readonly registryId: pulumi.Output<number>;
  declare readonly status: pulumi.Output<string>;

  constructor(name: string, args: RegistryArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "harborcache:harbor:Registry",
      name,
      {
        ...args,
        accessSecret: args.accessSecret === undefined ? undefined : pulumi.secret(args.accessSecret),
        registryId: undefined,
        status: undefined,
      },
      opts,
    );
  }
}

export interface ProjectArgs {
  name: pulumi.Input<string>;
  /** The upstream of a proxy-cache project. Cannot change: Harbor ignores it. */
  registryId?: pulumi.Input<number>;
  /** May be pulled without login, default false. */
  public?: pulumi.Input<boolean>;
  /** Bytes, -1 is unlimited (default). */
  storageQuota?: pulumi.Input<number>;
  /** Harbor's other project metadata; all values are strings there. */
  metadata?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Delete the cached repositories with the project, default false. */
  forceDestroy?: pulumi.Input<boolean>;
}

/** A project in Harbor. Its id is its name. */
export class Project extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly projectId: pulumi.Output<number>;

  constructor(name: string, args: ProjectArgs, opts?: pulumi.CustomResourceOptions) {
    super("harborcache:harbor:Project", name, { ...args, projectId: undefined }, opts);
  }
}

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

export interface PoolNode extends SshTarget {
  /** Unique in the pool; the key of `applied`. */
  name: pulumi.Input<string>;
}

export interface NodeFile {
  /** Absolute path on the node. */
  path: pulumi.Input<string>;
  content: pulumi.Input<string>;
  /** Octal, default `0644`. */
  mode?: pulumi.Input<string>;
}

export interface MirrorPoolArgs {
  nodes: pulumi.Input<pulumi.Input<PoolNode>[]>;
  files: pulumi.Input<pulumi.Input<NodeFile>[]>;
  /** Run by `sudo -n`. */
  sudo?: pulumi.Input<boolean>;
  /** Makes the runtime read the files again. */
  reloadCommand: pulumi.Input<string>;
  /** Must succeed after the reload; else the old files are put back. */
  checkCommand?: pulumi.Input<string>;
  /** Where later or longer prefixes of other tools are looked for, to report what shadows ours. */
  dropInDir?: pulumi.Input<string>;
  /** How the nodes are gone through. Canary and waves extend this object. */
  rollout?: pulumi.Input<{
    /** Nodes at the same time, default 10. */
    parallel?: pulumi.Input<number>;
    /** Failed nodes after which no further one is begun, default 0. */
    maxFailed?: pulumi.Input<number>;
  }>;
  /** Seconds: defaults 10, 60, 180. */
  timeouts?: pulumi.Input<{
    connect?: pulumi.Input<number>;
    command?: pulumi.Input<number>;
    total?: pulumi.Input<number>;
  }>;
}

/** What a node was last given. */
export interface AppliedNode {
  /** sha256 over the files' paths, modes and contents, as last written or seen. */
  digest: string;
  /** RFC 3339. */
  at: string;
  /** sha256 of each file by its path, as last written. */
  files: Record<string, string>;
  /** Only after a refresh that found something else: what is there instead, by the paths that differ. */
  seen?: Record<string, string>;
}

/** The mirror files of a group of nodes, rolled out together. Its id is its name. */
export class MirrorPool extends pulumi.CustomResource {
  declare readonly applied: pulumi.Output<Record<string, AppliedNode>>;

  constructor(name: string, args: MirrorPoolArgs, opts?: pulumi.CustomResourceOptions) {
    super("harborcache:nodes:MirrorPool", name, { ...args, applied: undefined }, opts);
  }
}
