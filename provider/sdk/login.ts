/** Who may do what in Harbor. */
import * as pulumi from "@pulumi/pulumi";

export interface OidcAuthArgs {
  /** Provider's name on Harbor's login page. */
  oidcName: pulumi.Input<string>;
  /** The issuer, as in its discovery document: `https://dex.example.com/dex`. Plain http on loopback only. */
  oidcEndpoint: pulumi.Input<string>;
  oidcClientId: pulumi.Input<string>;
  /** Write-only in Harbor. */
  oidcClientSecret: pulumi.Input<string>;
  /** Default `openid,profile,email,groups,offline_access`. */
  oidcScope?: pulumi.Input<string>;
  /** Default `groups`. */
  oidcGroupsClaim?: pulumi.Input<string>;
  /** Members of this group are administrators. */
  oidcAdminGroup?: pulumi.Input<string>;
  /** Regular expression: only these groups are taken over. */
  oidcGroupFilter?: pulumi.Input<string>;
  /** Claim that becomes the user's name. Default: people choose at their first login. */
  oidcUserClaim?: pulumi.Input<string>;
  /** Default true. */
  oidcVerifyCert?: pulumi.Input<boolean>;
  /** Make the user at the first login without asking for a name, default false. */
  oidcAutoOnboard?: pulumi.Input<boolean>;
  /** Log out of the provider as well, default false. */
  oidcLogout?: pulumi.Input<boolean>;
  /** Added to the redirect to the provider. */
  oidcExtraRedirectParms?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Go to the provider at once instead of showing the login page, default false. */
  primaryAuthMode?: pulumi.Input<boolean>;
  /** Ask Harbor, before anything is written, whether it reaches the issuer's discovery document, default true. */
  checkIssuer?: pulumi.Input<boolean>;
}

/** Login by OpenID Connect. Its id is `oidc`. */
export class OidcAuth extends pulumi.CustomResource {
  constructor(name: string, args: OidcAuthArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "harborcache:harbor:OidcAuth",
      name,
      { ...args, oidcClientSecret: pulumi.secret(args.oidcClientSecret) },
      opts,
    );
  }
}

/** Harbor's roles of project members. */
export type ProjectRole = "projectadmin" | "maintainer" | "developer" | "guest" | "limitedguest";

export interface ProjectMemberGroupArgs {
  /** Project's name. */
  project: pulumi.Input<string>;
  /** As the issuer's groups claim has it. */
  groupName: pulumi.Input<string>;
  role: pulumi.Input<ProjectRole>;
  /** Take over a membership that is there with another role, default false. */
  adopt?: pulumi.Input<boolean>;
}

/** An OIDC group that is a member of a project. Its id is `project/group`. */
export class ProjectMemberGroup extends pulumi.CustomResource {
  constructor(name: string, args: ProjectMemberGroupArgs, opts?: pulumi.CustomResourceOptions) {
    super("harborcache:harbor:ProjectMemberGroup", name, { ...args }, opts);
  }
}

/** What a robot may do; see Harbor's `GET /permissions`. */
export interface RobotPermission {
  kind: pulumi.Input<"system" | "project">;
  /** `/` for the system, a project's name, or `*` for all projects. */
  namespace: pulumi.Input<string>;
  access: pulumi.Input<pulumi.Input<{ resource: pulumi.Input<string>; action: pulumi.Input<string> }>[]>;
}

export interface RobotAccountArgs {
  /** Without Harbor's prefix: lower case letters, digits, `.`, `_`, `-`. */
  name: pulumi.Input<string>;
  /** `project`: exactly one permission, of that project. Default `system`. */
  level?: pulumi.Input<"system" | "project">;
  description?: pulumi.Input<string>;
  /** Days until it expires, -1 never (default). */
  duration?: pulumi.Input<number>;
  /** Default false. */
  disable?: pulumi.Input<boolean>;
  permissions: pulumi.Input<pulumi.Input<RobotPermission>[]>;
  /** Numbers of the projects in `permissions`: Harbor binds to those, and one that is made anew has to be bound again. */
  projectIds?: pulumi.Input<pulumi.Input<number>[]>;
  /** An up makes a new secret where the last one is older than so many days. Default: never. */
  rotateAfterDays?: pulumi.Input<number>;
  /** Any text: a change of it makes a new secret. */
  rotation?: pulumi.Input<string>;
  adopt?: pulumi.Input<boolean>;
}

/**
 * A robot account. Its id is Harbor's number; an import takes `name` or `project/name` too. Harbor tells no secret twice: after an
 * import, and where `adopt` took it over, a new one is made.
 */
export class RobotAccount extends pulumi.CustomResource {
  declare readonly robotId: pulumi.Output<number>;
  /** With Harbor's prefix, as clients sign in: `robot$puller`. */
  declare readonly fullName: pulumi.Output<string>;
  /** Secret. */
  declare readonly secret: pulumi.Output<string>;
  /** When the secret was made, RFC 3339. */
  declare readonly secretCreatedAt: pulumi.Output<string>;

  constructor(name: string, args: RobotAccountArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "harborcache:harbor:RobotAccount",
      name,
      {
        ...args,
        robotId: undefined,
        fullName: undefined,
        secret: undefined,
        secretCreatedAt: undefined,
      },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ["secret"] }),
    );
  }
}
