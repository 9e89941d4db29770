/** The results as a picture that is read on light and on dark pages. */
import { WAYS } from "./record.ts";
import type { Case, Run } from "./record.ts";

interface Line {
  readonly name: string;
  readonly color: string;
  /** Nodes and seconds. */
  readonly points: readonly (readonly [number, number])[];
}

interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
}

/** Readable on white as on black. */
const INK = "#7a8088";
const GRID = "#7a808840";
const COLORS = ["#2f81f7", "#8957e5", "#d29922", "#e5534b", "#2da44e"];
const OURS: readonly Case[] = ["first", "change-all", "refresh", "preview"];

const PANEL = { width: 400, height: 300, left: 56, top: 40, gap: 130 };

export function plot(runs: readonly Run[]): string {
  const panels: Panel[] = [
    {
      title: "First rollout, by way",
      lines: WAYS.map((way, index) =>
        line(way, index, runs, (one) => one.way === way && one.case === "first"),
      ),
    },
    {
      title: "harbor-cache, by case",
      lines: [
        ...OURS.map((which, index) =>
          line(which, index, runs, (one) => one.way === "harbor-cache" && one.case === which),
        ),
        engine(runs),
      ],
    },
  ];
  const shown = panels.map((panel) => ({
    ...panel,
    lines: panel.lines.filter(({ points }) => points.length > 0),
  }));
  const points = shown.flatMap((panel) => panel.lines.flatMap((one) => one.points));
  const scale = scales(points);
  const width = PANEL.left + 2 * (PANEL.width + PANEL.gap);
  const height = PANEL.top + PANEL.height + 52;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"`,
    `  aria-label="Seconds of processor by number of nodes" font-family="sans-serif" font-size="13" fill="${INK}">`,
    ...shown.flatMap((panel, index) => drawn(panel, index * (PANEL.width + PANEL.gap), scale)),
    "</svg>",
    "",
  ].join("\n");
}

function line(name: string, index: number, runs: readonly Run[], of: (run: Run) => boolean): Line {
  const points = runs
    .filter((one) => one.nodes > 0 && of(one))
    .map((one) => [one.nodes, one.runner_cpu_s] as const)
    .sort(([a], [b]) => a - b);
  return { name, color: COLORS[index] ?? INK, points };
}

/** The cost of an empty program's preview, for all numbers of nodes. */
function engine(runs: readonly Run[]): Line {
  const empty = runs.find((one) => one.nodes === 0 && one.case === "preview");
  const counts = runs.filter((one) => one.nodes > 0).map((one) => one.nodes);
  const ends = empty === undefined || counts.length === 0 ? [] : [Math.min(...counts), Math.max(...counts)];
  return {
    name: "empty program",
    color: COLORS[4] ?? INK,
    points: ends.map((nodes) => [nodes, empty?.runner_cpu_s ?? 0] as const),
  };
}

interface Scale {
  readonly x: (nodes: number) => number;
  readonly y: (seconds: number) => number;
  readonly nodes: readonly number[];
  readonly seconds: readonly number[];
}

/** Both logarithmic: a straight line is a constant cost of each node. */
function scales(points: readonly (readonly [number, number])[]): Scale {
  const nodes = [...new Set(points.map(([count]) => count))].sort((a, b) => a - b);
  const [least, most] = [Math.min(...nodes), Math.max(...nodes)];
  const lowest = Math.floor(Math.log10(Math.min(...points.map(([, value]) => Math.max(value, 0.01)))));
  const highest = Math.ceil(Math.log10(Math.max(...points.map(([, value]) => value))));
  const span = Math.max(highest - lowest, 1);
  const wide = Math.log10(most / least) || 1;
  return {
    x: (count) => (Math.log10(count / least) / wide) * PANEL.width,
    y: (value) => PANEL.height - ((Math.log10(Math.max(value, 0.01)) - lowest) / span) * PANEL.height,
    nodes,
    seconds: Array.from({ length: span + 1 }, (_, index) => 10 ** (lowest + index)),
  };
}

function drawn({ title, lines }: Panel, offset: number, scale: Scale): string[] {
  const at = (x: number, y: number): string => `${x.toFixed(1)},${y.toFixed(1)}`;
  const labels = apart(
    lines.map(({ points }) => {
      const [nodes, seconds] = points.at(-1) ?? [1, 1];
      return { x: scale.x(nodes), y: scale.y(seconds) };
    }),
  );
  return [
    `<g transform="translate(${PANEL.left + offset} ${PANEL.top})">`,
    `  <text x="0" y="-16" font-size="15" font-weight="bold">${title}</text>`,
    ...scale.seconds.flatMap((value) => [
      `  <path d="M0 ${scale.y(value).toFixed(1)}H${PANEL.width}" stroke="${GRID}"/>`,
      `  <text x="-8" y="${(scale.y(value) + 4).toFixed(1)}" text-anchor="end">${value < 1 ? value : value.toFixed(0)} s</text>`,
    ]),
    ...scale.nodes.flatMap((count) => [
      `  <path d="M${scale.x(count).toFixed(1)} 0V${PANEL.height}" stroke="${GRID}"/>`,
      `  <text x="${scale.x(count).toFixed(1)}" y="${PANEL.height + 20}" text-anchor="middle">${count}</text>`,
    ]),
    `  <text x="${PANEL.width / 2}" y="${PANEL.height + 42}" text-anchor="middle">nodes; seconds of processor, user and system</text>`,
    ...lines.flatMap(({ name, color, points }, index) => {
      const path = points.map(([nodes, seconds]) => at(scale.x(nodes), scale.y(seconds)));
      const dash = name === "empty program" ? ' stroke-dasharray="5 4"' : "";
      const dots =
        dash === ""
          ? path.map((one) => `<circle cx="${one.replace(",", '" cy="')}" r="3.5" fill="${color}"/>`)
          : [];
      return [
        `  <polyline points="${path.join(" ")}" fill="none" stroke="${color}" stroke-width="2"${dash}/>`,
        ...dots.map((dot) => `  ${dot}`),
        `  <text x="${((labels[index]?.x ?? 0) + 9).toFixed(1)}" y="${((labels[index]?.y ?? 0) + 4).toFixed(1)}" fill="${color}">${name}</text>`,
      ];
    }),
    "</g>",
  ];
}

/** Pixels from one label to the next. */
const LABEL = 16;

/** Labels at one place move away from one another, upwards. */
function apart(labels: readonly { readonly x: number; readonly y: number }[]) {
  const placed = labels.map((label) => ({ ...label }));
  const fromBelow = [...placed].sort((a, b) => b.y - a.y);
  fromBelow.forEach((label, index) => {
    for (const below of fromBelow.slice(0, index)) {
      if (Math.abs(below.x - label.x) < 100) label.y = Math.min(label.y, below.y - LABEL);
    }
  });
  return placed;
}
