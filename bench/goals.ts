/** What the rollout has promised to cost, and whether it does. */
import { find } from "./record.ts";
import type { Case, Run } from "./record.ts";

export interface Goal {
  readonly what: string;
  /** What was measured, in words; undefined where this run has not what it is measured by. */
  readonly found: string | undefined;
  readonly met: boolean;
}

export function goals(runs: readonly Run[]): Goal[] {
  const cpu = (way: Run["way"], nodes: number, which: Case): number | undefined =>
    find(runs, way, nodes, which)?.runner_cpu_s;
  const wall = (nodes: number, which: Case): number | undefined =>
    find(runs, "harbor-cache", nodes, which)?.wall_s;

  const perNode = (nodes: number, which: Case): Goal =>
    most(`${which} of ${nodes} nodes: CPU per node beyond the engine's own`, 10, "ms", [
      cpu("harbor-cache", nodes, which),
      cpu("harbor-cache", 0, which),
      (ours, engine) => ((ours - engine) * 1000) / nodes,
    ]);
  const over = (
    which: Case,
    bound: number,
    what: string,
    count: (nodes: number) => number | undefined,
  ): Goal =>
    most(`${which} of 1000 nodes: ${what} over that of an empty program`, bound, "x", [
      count(1000),
      count(0),
      (ours, engine) => ours / engine,
    ]);
  return [
    perNode(1000, "first"),
    perNode(1000, "change-all"),
    most("peak memory of the provider at 1000 nodes", 150, "MB", [
      greatest(
        runs.filter((one) => one.way === "provider" && one.nodes === 1000).map((one) => one.peak_rss_mb),
      ),
      0,
      (peak) => peak,
    ]),
    most("first: CPU of 1000 nodes over that of 100", 11, "x", [
      cpu("harbor-cache", 1000, "first"),
      cpu("harbor-cache", 100, "first"),
      (thousand, hundred) => thousand / hundred,
    ]),
    most("first, the provider alone: CPU of 1000 nodes over that of 100", 11, "x", [
      cpu("provider", 1000, "first"),
      cpu("provider", 100, "first"),
      (thousand, hundred) => thousand / hundred,
    ]),
    least("first of 200 nodes: CPU of ansible-core over ours", 20, [
      cpu("ansible", 200, "first"),
      cpu("harbor-cache", 200, "first"),
    ]),
    least("first of 1000 nodes: CPU of the ssh loop over ours", 1, [
      cpu("ssh-loop", 1000, "first"),
      cpu("harbor-cache", 1000, "first"),
    ]),
    over("preview", 2, "CPU", (nodes) => cpu("harbor-cache", nodes, "preview")),
    over("preview", 2, "wall time", (nodes) => wall(nodes, "preview")),
    perNode(1000, "refresh"),
  ];
}

type Measured = number | undefined;

function most(
  what: string,
  bound: number,
  unit: string,
  [a, b, value]: [Measured, Measured, (a: number, b: number) => number],
): Goal {
  const goal = `${what}, at most ${bound} ${unit}`;
  if (a === undefined || b === undefined) return { what: goal, found: undefined, met: false };
  const found = value(a, b);
  return { what: goal, found: `${found.toFixed(1)} ${unit}`, met: found <= bound };
}

function least(what: string, bound: number, [theirs, ours]: [Measured, Measured]): Goal {
  const goal = `${what}, at least ${bound} x`;
  if (theirs === undefined || ours === undefined) return { what: goal, found: undefined, met: false };
  const found = theirs / ours;
  return { what: goal, found: `${found.toFixed(1)} x`, met: found >= bound };
}

const greatest = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : Math.max(...values);

export const goalLines = (found: readonly Goal[]): string[] =>
  found.map((goal) =>
    goal.found === undefined
      ? `–  ${goal.what}: not measured`
      : `${goal.met ? "✔" : "✘"}  ${goal.what}: ${goal.found}`,
  );
