/** Mirror files on nodes. */
import * as pulumi from "@pulumi/pulumi";

import type { SshTarget } from "./host.ts";

/** How to log in; see `SshTarget`. */
export type PoolAccess = Partial<Pick<SshTarget, "user" | "port" | "privateKey" | "jump">>;

/** What it doesn't say of the login, the pool's `access` does. */
export interface PoolNode extends PoolAccess, Pick<SshTarget, "address" | "hostKey"> {
  /** Unique in the pool; the key of `applied`. */
  name: pulumi.Input<string>;
}

export interface NodeFile {
  /** Absolute path on the node. */
  path: pulumi.Input<string>;
  content: pulumi.Input<string>;
  /** Octal, default `0644`. A file that is merged into keeps the mode that it has. */
  mode?: pulumi.Input<string>;
  /**
   * The file is shared with others, and `content` (JSON) is what is ours in it: entries of `auths`, of a registries.yaml's
   * `mirrors` and `configs`, or containerd's `{"config_path": …}`. What else is in it stays as it is.
   */
  merge?: pulumi.Input<"auth-json" | "registries-yaml" | "containerd-config">;
  /** A change of it needs `restartCommand` instead of `reloadCommand`. Default false. */
  restart?: pulumi.Input<boolean>;
}

/** An image that each node pulls to prove that its runtime asks the cache. */
export interface VerifyPull {
  /** For messages. */
  image: pulumi.Input<string>;
  /** Run on the node: pulls the image by the node's runtime. */
  pullCommand: pulumi.Input<string>;
  /** Run on the node before and after: takes the image off it, so that the runtime has to ask. */
  removeCommand: pulumi.Input<string>;
  /** What the path of the request for the manifest begins with: `/v2/proxy.docker.io/library/hello-world/manifests/`. */
  requests: pulumi.Input<string>;
  /** Seconds, default 120. */
  timeout?: pulumi.Input<number>;
  /** Harbor's access log, in which a new request has to show. */
  log: pulumi.Input<SshTarget & { path: pulumi.Input<string>; sudo?: pulumi.Input<boolean> }>;
}

export interface MirrorPoolArgs {
  /** For nodes that don't say it themselves. What is said here is in the state once, and not with each node. */
  access?: pulumi.Input<PoolAccess>;
  nodes: pulumi.Input<pulumi.Input<PoolNode>[]>;
  files: pulumi.Input<pulumi.Input<NodeFile>[]>;
  /** Run by `sudo -n`. */
  sudo?: pulumi.Input<boolean>;
  /** Whose rules the files follow and conflicts are found by, default `cri-o`. */
  runtime?: pulumi.Input<"cri-o" | "podman" | "containerd" | "k3s" | "rke2">;
  /** Makes the runtime read the files again. Default: nothing has to. */
  reloadCommand?: pulumi.Input<string>;
  /** For files that say `restart`. */
  restartCommand?: pulumi.Input<string>;
  /** Must succeed after the reload; else the old files are put back. */
  checkCommand?: pulumi.Input<string>;
  /** Prints the end of the runtime's log. Errors about our files that are new there after the reload undo the change. */
  logCommand?: pulumi.Input<string>;
  /** Folder of the lock and the journal of a change; default that of the first file. */
  dropInDir?: pulumi.Input<string>;
  /** Files of others that are read for conflicts: absolute paths, shell patterns, `~` for the user's home. */
  others?: pulumi.Input<pulumi.Input<string>[]>;
  /** What conflicts are, default `warning`. What the runtime would refuse to run with is an error always. */
  onConflict?: pulumi.Input<"warning" | "error">;
  /** `skip` leaves nodes that can't be reached to a later up. Default `fail`. */
  onUnreachable?: pulumi.Input<"fail" | "skip">;
  verifyPull?: pulumi.Input<VerifyPull>;
  /** How the nodes are gone through. */
  rollout?: pulumi.Input<{
    /** Nodes that are done first: a number, default 0, or names. */
    canary?: pulumi.Input<number | string[]>;
    /** Most nodes of each further wave: a number or `25%` of the pool, default all. */
    wave?: pulumi.Input<number | string>;
    /** Seconds between two waves, default 0. */
    pause?: pulumi.Input<number>;
    /** Nodes at the same time, default 10. */
    parallel?: pulumi.Input<number>;
    /** Failed nodes, a number or `10%` of the pool, after which no further one is begun; default 0. */
    maxFailed?: pulumi.Input<number | string>;
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
  /** The name in `written` of what was last written: most nodes have the same. */
  written: string;
  /** Only after a refresh that found something else: what is there instead, by the paths that differ. */
  seen?: Record<string, string>;
}

export interface WrittenFiles {
  /** sha256 of each file by its path; of a file that is merged into, of our part. */
  files: Record<string, string>;
  /** What in files that are shared with others is or may be ours, by path. */
  merged?: Record<string, { format: string; keys: string[] }>;
}

/** The mirror files of a group of nodes, rolled out together. Its id is its name. */
export class MirrorPool extends pulumi.CustomResource {
  declare readonly applied: pulumi.Output<Record<string, AppliedNode>>;
  declare readonly written: pulumi.Output<Record<string, WrittenFiles>>;

  constructor(name: string, args: MirrorPoolArgs, opts?: pulumi.CustomResourceOptions) {
    super("harborcache:nodes:MirrorPool", name, { ...args, applied: undefined, written: undefined }, opts);
  }
}
