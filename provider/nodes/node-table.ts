/** What became of each node of a rollout, as a table for people. Pure. */
import { countOf } from "./node-names.ts";

export interface NodeRow {
  readonly node: string;
  readonly wave: "canary" | number;
  readonly result: "done" | "unchanged" | "put back" | "failed" | "skipped" | "not begun";
  readonly seconds: number;
  /** One line: what was done, or why not. */
  readonly what: string;
}

/** Bigger pools show only the nodes that need a look. */
const MOST = 50;
const WIDEST = 100;

/** Rows in columns as wide as they need to be; of more than 50 nodes those that aren't simply done, and how many are what. */
export function nodeTable(rows: readonly NodeRow[]): string {
  const big = rows.length > MOST;
  const shown = big ? rows.filter(({ result }) => result !== "done" && result !== "unchanged") : rows;
  const lines = [["node", "wave", "result", "seconds", ""], ...shown.map(cellsOf)];
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  const table = lines.map((line) =>
    line
      .map((cell, column) => aligned(cell, column, widths))
      .join("  ")
      .trimEnd(),
  );
  if (!big) return table.join("\n");
  return [...(shown.length === 0 ? [] : table), countsOf(rows)].join("\n");
}

function cellsOf({ node, wave, result, seconds, what }: NodeRow): string[] {
  const time = result === "not begun" ? "" : seconds.toFixed(1);
  return [node, String(wave), result, time, what.length > WIDEST ? `${what.slice(0, WIDEST - 1)}…` : what];
}

const SECONDS = 3;

function aligned(cell: string, column: number, widths: readonly number[]): string {
  const width = widths[column] ?? 0;
  return column === SECONDS ? cell.padStart(width) : cell.padEnd(width);
}

/** `120 nodes: 117 done, 2 failed, 1 skipped` */
function countsOf(rows: readonly NodeRow[]): string {
  const counts = new Map<string, number>();
  for (const { result } of rows) counts.set(result, (counts.get(result) ?? 0) + 1);
  return `${countOf(rows.length)}: ${[...counts].map(([result, count]) => `${count} ${result}`).join(", ")}`;
}
