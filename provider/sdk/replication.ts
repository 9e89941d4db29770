/** Copying artifacts to or from another registry. */
import * as pulumi from "@pulumi/pulumi";

export interface ReplicationPolicyArgs {
  name: pulumi.Input<string>;
  description?: pulumi.Input<string>;
  /** `push` from this Harbor to the registry, or `pull` from there. */
  action: pulumi.Input<"push" | "pull">;
  /** The other side: a `Registry`'s number. */
  registryId: pulumi.Input<number>;
  /** `event_based` (push only), `manual`, or a cron of six fields whose seconds are 0 and minutes not `*`. Default `manual`. */
  schedule?: pulumi.Input<string>;
  /** Namespace at the destination. Default: as at the source. */
  destNamespace?: pulumi.Input<string>;
  /** Components of the path that destNamespace stands for, from the left; -1 all (default), 0 none. */
  destNamespaceReplace?: pulumi.Input<number>;
  /** At most one of each type. */
  filters?: pulumi.Input<
    pulumi.Input<{
      type: pulumi.Input<"name" | "tag" | "label" | "resource">;
      /** A doublestar pattern; for `resource` `image` or `artifact`; for `label` names, with commas between them. */
      value: pulumi.Input<string>;
      /** Of tag and label, default `matches`. */
      decoration?: pulumi.Input<"matches" | "excludes">;
    }>[]
  >;
  /** Default true. */
  enabled?: pulumi.Input<boolean>;
  /** Overwrite what is at the destination, default true. */
  override?: pulumi.Input<boolean>;
  /** Delete there what is deleted here, default false. */
  deletion?: pulumi.Input<boolean>;
  /** KB/s, -1 without limit (default). */
  speed?: pulumi.Input<number>;
  /** Default false. */
  copyByChunk?: pulumi.Input<boolean>;
  /** Start none while the last one is still running, default false; not for `event_based`. */
  singleActiveReplication?: pulumi.Input<boolean>;
  adopt?: pulumi.Input<boolean>;
}

/** Its id is Harbor's number. */
export class ReplicationPolicy extends pulumi.CustomResource {
  declare readonly policyId: pulumi.Output<number>;

  constructor(name: string, args: ReplicationPolicyArgs, opts?: pulumi.CustomResourceOptions) {
    super("harborcache:harbor:ReplicationPolicy", name, { ...args, policyId: undefined }, opts);
  }
}
