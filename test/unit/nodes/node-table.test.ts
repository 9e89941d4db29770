import { expect, test } from "vitest";

import { nodeTable } from "../../../provider/nodes/node-table.ts";
import type { NodeRow } from "../../../provider/nodes/node-table.ts";

const row = (node: string, changes: Partial<NodeRow> = {}): NodeRow => ({
  node,
  wave: 1,
  result: "done",
  seconds: 1.26,
  what: "",
  ...changes,
});

test("columns are as wide as they need to be", () => {
  const rows = [
    row("worker-1", { wave: "canary", seconds: 112.04 }),
    row("w2", { result: "put back", what: "10.0.0.2:22: the runtime did not take the new files" }),
    row("worker-3", { result: "not begun", seconds: 0 }),
  ];
  expect(nodeTable(rows).split("\n")).toEqual([
    "node      wave    result     seconds",
    "worker-1  canary  done         112.0",
    "w2        1       put back       1.3  10.0.0.2:22: the runtime did not take the new files",
    "worker-3  1       not begun",
  ]);
});

test("a big pool shows the nodes that need a look, and counts", () => {
  const good = Array.from({ length: 60 }, (_, index) => row(`worker-${index}`));
  expect(nodeTable(good)).toBe("60 nodes: 60 done");
  const lines = nodeTable([...good, row("bad", { result: "failed", what: "x".repeat(300) })]).split("\n");
  expect(lines[1]).toMatch(/^bad {3}1 {5}failed {6}1\.3 {2}x{99}…$/);
  expect(lines.slice(2)).toEqual(["61 nodes: 60 done, 1 failed"]);
});
