/** Three stand-ins for nodes and the operations of a pool on them, anew for each test. */
import { afterEach, beforeEach, expect } from "vitest";
import { mirrorPool } from "../../../provider/nodes/mirror-pool.ts";
import type { Created, ReadResult } from "../../../provider/resource.ts";
import type { Properties, Value } from "../../../provider/values.ts";
import { NodeStandIn } from "./node-stand-in.ts";
import { RecordedContext } from "./operation-context.ts";
import { URN } from "./pool-outcome.ts";

export { details, failureOf, URN } from "./pool-outcome.ts";
export const DOCKER = '[[registry]]\nprefix = "docker.io"\nlocation = "docker.io"\n';
export const QUAY = '[[registry]]\nprefix = "quay.io"\nlocation = "quay.io"\n';

export let nodes: [NodeStandIn, NodeStandIn, NodeStandIn];
export let ctx: RecordedContext;

beforeEach(async () => {
  nodes = [await new NodeStandIn().start(), await new NodeStandIn().start(), await new NodeStandIn().start()];
  ctx = new RecordedContext();
});

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
});

export function pool(
  members: Record<string, Value>[],
  files: Record<string, string>,
  more: Properties = {},
): Properties {
  return {
    nodes: members,
    files: Object.entries(files).map(([name, content]) => ({ path: `/node/${name}`, content })),
    reloadCommand: "reload",
    dropInDir: "/node/registries.conf.d",
    others: ["/node/registries.conf.d/*.conf", "~/.config/containers/registries.conf"],
    rollout: { parallel: 2 },
    timeouts: { connect: 2, command: 5, total: 10 },
    ...more,
  };
}

export const A = "registries.conf.d/50-harbor-cache-docker.io.conf";
export const B = "registries.conf.d/50-harbor-cache-quay.io.conf";
export const CA = "certs.d/harbor:8443/ca.crt";

export function create(inputs: Properties): Promise<Created> {
  expect(mirrorPool.check(undefined, inputs)).toEqual({ inputs, failures: [] });
  return mirrorPool.create(ctx, URN, inputs, false);
}

export function update(old: Properties, state: Properties, wanted: Properties): Promise<Properties> {
  return mirrorPool.update(ctx, URN, "workers", old, state, wanted, false);
}

export function read(inputs: Properties, state: Properties): Promise<ReadResult | undefined> {
  return mirrorPool.read(ctx, URN, "workers", inputs, state);
}

export const n1 = (): Record<string, Value> => nodes[0].target("n1");
export const n2 = (): Record<string, Value> => nodes[1].target("n2");
export const n3 = (): Record<string, Value> => nodes[2].target("n3");
