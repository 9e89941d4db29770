/** What a pull-through cache is made of. */
import * as pulumi from "@pulumi/pulumi";

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
  /** For `aws-ecr` an access key, or none: the machine's role; for Google's registries `_json_key`. */
  accessId?: pulumi.Input<string>;
  /** Of `_json_key` the text of the service account's key file. */
  accessSecret?: pulumi.Input<string>;
  /** Don't verify the endpoint's certificate, default false. */
  insecure?: pulumi.Input<boolean>;
  /** PEM, CA of the endpoint. */
  caCertificate?: pulumi.Input<string>;
  /** False for an endpoint that is only replicated to or from: then other types may be given. Default true. */
  proxyCache?: pulumi.Input<boolean>;
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
