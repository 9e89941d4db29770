/** What the component makes of the pool: the inputs of its `MirrorPool`, and the files in them for the other ways. */
import { relative } from "node:path";

import * as pulumi from "@pulumi/pulumi";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import { z } from "zod";

import { fromStruct, noSecrets } from "../provider/values.ts";
import type { Properties } from "../provider/values.ts";
import { recordResources } from "../test/unit/mocks.ts";
import { benchPool, NODE_FOLDER } from "./pool.ts";
import type { Fleet } from "./fleet.ts";

const filesOf = z.object({ files: z.array(z.object({ path: z.string(), content: z.string() })) });

export interface PoolRevision {
  readonly inputs: Properties;
  /** Content by path in the node's folder. */
  readonly files: ReadonlyMap<string, string>;
}

/** Two revisions, in which every file differs. */
export async function poolRevisions(fleet: Fleet): Promise<readonly [PoolRevision, PoolRevision]> {
  const registered = await recordResources();
  const { Nodes } = await import("../components/nodes/nodes.ts");
  const revision = async (name: string): Promise<PoolRevision> => {
    const { applied } = new Nodes(name, benchPool(fleet, pulumi.secret(fleet.privateKey), name));
    await new Promise((resolve) => applied.apply(resolve));
    const pool = registered.find(
      (one) => one.type.endsWith(":MirrorPool") && one.name.startsWith(`${name}-`),
    );
    if (pool === undefined) throw new Error("the component made no MirrorPool");
    // The mocks see all as secret that has a secret in it.
    const struct = structProto.Struct.fromJavaScript(
      pool.inputs as Parameters<typeof structProto.Struct.fromJavaScript>[0],
    );
    const inputs = fromStruct(struct, noSecrets());
    const { files } = filesOf.parse(inputs);
    return {
      inputs,
      files: new Map(files.map(({ path, content }) => [relative(NODE_FOLDER, path), content])),
    };
  };
  return [await revision("1"), await revision("2")];
}
