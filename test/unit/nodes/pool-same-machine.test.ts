/** What is known of nodes outlives a new version, and another way to them. The nodes themselves are stand-ins. */
import { beforeEach, expect, test, vi } from "vitest";

import { mirrorPool } from "../../../provider/nodes/mirror-pool.ts";
import { sha256 } from "../../../provider/nodes/node-files.ts";
import { appliedOf } from "../../../provider/nodes/pool-state.ts";
import type { Properties } from "../../../provider/values.ts";
import { FleetStandIn, fleetPool, members } from "./fleet-stand-in.ts";
import { newKey } from "./node-stand-in.ts";
import { RecordedContext } from "./operation-context.ts";
import { details, URN } from "./pool-outcome.ts";

let fleet: FleetStandIn;
let ctx: RecordedContext;

vi.mock("../../../provider/nodes/node-work.ts", () => ({
  workOnNode: (...args: Parameters<FleetStandIn["work"]>) => fleet.work(...args),
}));

beforeEach(() => {
  fleet = new FleetStandIn();
  ctx = new RecordedContext();
});

const create = (inputs: Properties) => mirrorPool.create(ctx, URN, inputs, false);
const update = (olds: Properties, state: Properties, news: Properties) =>
  mirrorPool.update(ctx, URN, "workers", olds, state, news, false);

test("a state of a former version, with what was written at each node, is read as ever", async () => {
  const inputs = fleetPool(members(2), "a");
  const { state } = await create(inputs);
  const former = { applied: Object.fromEntries(appliedOf(state)) as Properties };
  expect(former.applied["n1"]).toHaveProperty("files");
  expect(details(inputs, former, inputs)).toEqual({});
  expect(await update(inputs, former, inputs)).toEqual(state);
});

test.each([
  ["another jump host", { jump: { address: "10.9.9.9", user: "ops", hostKey: newKey().public } }],
  ["another port", { port: 2222 }],
])("%s for all nodes takes the files off none of them", async (_what, way) => {
  const inputs = fleetPool(members(5), "a");
  const { state } = await create(inputs);
  fleet.takeAsked();
  const moved = fleetPool(members(5, way), "a", { rollout: { canary: 1, wave: 2 } });
  const after = await update(inputs, state, moved);
  expect(fleet.asked.map(({ work }) => work.files.length)).toEqual([1, 1, 1, 1, 1]);
  expect(fleet.workOf("n5")?.written).toEqual(new Map([["/etc/mirrors/a.conf", sha256("a")]]));
  expect(details(moved, after, moved)).toEqual({});
});
