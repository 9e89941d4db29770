/** Mirror files on nodes. */
import * as pulumi from "@pulumi/pulumi";

import type { SshTarget } from "./host.ts";

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
