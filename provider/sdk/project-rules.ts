/** What holds inside one project. Patterns are doublestar: `**`, `team/**`, `v*`, `{a,b}`. */
import * as pulumi from "@pulumi/pulumi";

/** Which repositories and tags; exactly one of matching and excluding each. Default: all. */
export interface TagSelector {
  repoMatching?: pulumi.Input<string>;
  repoExcluding?: pulumi.Input<string>;
  tagMatching?: pulumi.Input<string>;
  tagExcluding?: pulumi.Input<string>;
}

/** What is kept; exactly one of the first five. */
export interface RetentionRule extends TagSelector {
  nDaysSinceLastPull?: pulumi.Input<number>;
  nDaysSinceLastPush?: pulumi.Input<number>;
  mostRecentlyPulled?: pulumi.Input<number>;
  mostRecentlyPushed?: pulumi.Input<number>;
  alwaysRetain?: pulumi.Input<boolean>;
  /** Artifacts without a tag match too, as those that were pulled by digest. Default true. */
  untaggedArtifacts?: pulumi.Input<boolean>;
  /** Default false. */
  disabled?: pulumi.Input<boolean>;
}

export interface RetentionPolicyArgs {
  /** Project's name. */
  project: pulumi.Input<string>;
  /** Six fields, seconds first. Default: never. */
  schedule?: pulumi.Input<string>;
  /** What none of them keeps is deleted; 1 to 15. */
  rules: pulumi.Input<pulumi.Input<RetentionRule>[]>;
}

/** Which artifacts of a project are kept; all others are deleted on schedule. Its id is the project's name. */
export class RetentionPolicy extends pulumi.CustomResource {
  constructor(name: string, args: RetentionPolicyArgs, opts?: pulumi.CustomResourceOptions) {
    super("harborcache:harbor:RetentionPolicy", name, { ...args }, opts);
  }
}

export interface ImmutableTagRuleArgs extends TagSelector {
  /** Project's name. */
  project: pulumi.Input<string>;
  /** Default false. */
  disabled?: pulumi.Input<boolean>;
  adopt?: pulumi.Input<boolean>;
}

/** Tags that can't be overwritten or deleted. Its id is `project/number`. */
export class ImmutableTagRule extends pulumi.CustomResource {
  constructor(name: string, args: ImmutableTagRuleArgs, opts?: pulumi.CustomResourceOptions) {
    super("harborcache:harbor:ImmutableTagRule", name, { ...args }, opts);
  }
}

export interface LabelArgs {
  name: pulumi.Input<string>;
  /** `#RRGGBB` */
  color?: pulumi.Input<string>;
  description?: pulumi.Input<string>;
  /** Project's name. Default: for all projects. */
  project?: pulumi.Input<string>;
  adopt?: pulumi.Input<boolean>;
}

/** A label for artifacts. Its id is Harbor's number. */
export class Label extends pulumi.CustomResource {
  declare readonly labelId: pulumi.Output<number>;

  constructor(name: string, args: LabelArgs, opts?: pulumi.CustomResourceOptions) {
    super("harborcache:harbor:Label", name, { ...args, labelId: undefined }, opts);
  }
}

export interface WebhookPolicyArgs {
  /** Project's name. */
  project: pulumi.Input<string>;
  name: pulumi.Input<string>;
  description?: pulumi.Input<string>;
  /** `PUSH_ARTIFACT`, `PULL_ARTIFACT`, `REPLICATION`, … */
  eventTypes: pulumi.Input<pulumi.Input<string>[]>;
  /** Default http. */
  notifyType?: pulumi.Input<"http" | "slack">;
  /** URL, http or https. */
  address: pulumi.Input<string>;
  /** Value of the Authorization header; Harbor shows it to project admins. */
  authHeader?: pulumi.Input<string>;
  /** `Default` (default) or `CloudEvents`; of http only. */
  payloadFormat?: pulumi.Input<"Default" | "CloudEvents">;
  /** Default false. */
  skipCertVerify?: pulumi.Input<boolean>;
  /** Default true. */
  enabled?: pulumi.Input<boolean>;
  adopt?: pulumi.Input<boolean>;
}

/** Tells another service what happens in a project. Its id is `project/number`. */
export class WebhookPolicy extends pulumi.CustomResource {
  constructor(name: string, args: WebhookPolicyArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "harborcache:harbor:WebhookPolicy",
      name,
      { ...args, authHeader: args.authHeader === undefined ? undefined : pulumi.secret(args.authHeader) },
      opts,
    );
  }
}
