/** What is made of the benchmark's results. */
import { expect, test } from "vitest";

import { goals } from "../../../bench/goals.ts";
import { plot } from "../../../bench/plot.ts";
import type { Case, Run, Way } from "../../../bench/record.ts";
import { tableMarkdown } from "../../../bench/table.ts";

const run = (way: Way, nodes: number, which: Case, cpu: number, peak = 100): Run => ({
  way,
  nodes,
  case: which,
  wall_s: cpu,
  runner_cpu_s: cpu,
  peak_rss_mb: peak,
  state_bytes: way === "harbor-cache" ? 1000 : 0,
});

const RUNS = [
  run("harbor-cache", 0, "first", 2),
  run("harbor-cache", 0, "preview", 1.5),
  run("harbor-cache", 100, "first", 3),
  run("harbor-cache", 200, "first", 4),
  run("harbor-cache", 1000, "first", 13),
  run("harbor-cache", 1000, "preview", 3),
  run("provider", 1000, "first", 8, 149),
  run("provider", 1000, "refresh", 8, 151),
  run("ssh-loop", 1000, "first", 12),
  run("ansible", 200, "first", 100),
];

test("each goal is judged by its own runs", () => {
  const found = Object.fromEntries(goals(RUNS).map((goal) => [goal.what, [goal.found, goal.met]]));
  expect(found).toMatchObject({
    "first of 1000 nodes: CPU per node beyond the engine's own, at most 10 ms": ["11.0 ms", false],
    "peak memory of the provider at 1000 nodes, at most 150 MB": ["151.0 MB", false],
    "first: CPU of 1000 nodes over that of 100, at most 11 x": ["4.3 x", true],
    "first of 200 nodes: CPU of ansible-core over ours, at least 20 x": ["25.0 x", true],
    "first of 1000 nodes: CPU of the ssh loop over ours, at least 1 x": ["0.9 x", false],
    "preview of 1000 nodes: CPU over that of an empty program, at most 2 x": ["2.0 x", true],
  });
});

test("what was not measured meets no goal", () => {
  for (const goal of goals([])) expect(goal).toMatchObject({ found: undefined, met: false });
});

test("the table compares with ours, and names the empty program", () => {
  const lines = tableMarkdown(RUNS).split("\n");
  expect(lines[2]).toBe("| empty program | 0 | first | 2.0 | 2.00 |  | 100 | 1 |  |");
  expect(lines).toContain("| ansible | 200 | first | 100.0 | 100.00 | 500.0 | 100 |  | 25.00 x |");
});

test("the picture has a line for each way that was measured, within its frame", () => {
  const svg = plot(RUNS);
  expect(svg.match(/<polyline/g)).toHaveLength(7);
  for (const name of ["harbor-cache", "provider", "ssh-loop", "ansible", "empty program"])
    expect(svg).toContain(`>${name}</text>`);
  const points = [...svg.matchAll(/c[xy]="([^"]*)"/g)].map(([, value]) => Number(value));
  expect(points.length).toBeGreaterThan(0);
  for (const value of points) expect(value).toBeGreaterThanOrEqual(0);
  for (const value of points) expect(value).toBeLessThanOrEqual(400);
});
