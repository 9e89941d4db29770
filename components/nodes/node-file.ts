import type * as pulumi from "@pulumi/pulumi";
import type { NodeFile as SdkNodeFile } from "../../provider/sdk.ts";

/** A file for nodes, as `MirrorPool` takes it. Path and mode are plain, so that a preview names the files. */
export interface NodeFile extends SdkNodeFile {
  readonly path: string;
  /** May be unknown while Harbor is yet to be made: the CA, the pull robot's login. */
  readonly content: pulumi.Input<string>;
  readonly mode: string;
  readonly merge?: "auth-json" | "registries-yaml" | "containerd-config";
  readonly restart?: boolean;
}

/** One whose content is known. */
export interface TextFile extends NodeFile {
  readonly content: string;
}
