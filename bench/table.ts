/** The results as text. */
import { WAYS } from "./record.ts";
import type { Case, Run } from "./record.ts";

const HEADER = ["way", "nodes", "case", "wall s", "CPU s", "CPU ms/node", "peak MB", "state kB", "ratio"];
/** As the cases follow one another where they are measured. */
const ORDER: readonly Case[] = ["first", "preview", "no-op", "refresh", "change-all"];

/** Ratio: processor time over that of harbor-cache in the same case on as many nodes. */
function rows(runs: readonly Run[]): string[][] {
  const sorted = [...runs].sort(
    (a, b) =>
      a.nodes - b.nodes ||
      WAYS.indexOf(a.way) - WAYS.indexOf(b.way) ||
      ORDER.indexOf(a.case) - ORDER.indexOf(b.case),
  );
  return sorted.map((run) => {
    const ours = runs.find(
      (one) => one.way === "harbor-cache" && one.nodes === run.nodes && one.case === run.case,
    );
    return [
      run.nodes === 0 ? "empty program" : run.way,
      run.nodes.toString(),
      run.case,
      run.wall_s.toFixed(1),
      run.runner_cpu_s.toFixed(2),
      run.nodes === 0 ? "" : ((run.runner_cpu_s * 1000) / run.nodes).toFixed(1),
      run.peak_rss_mb.toFixed(0),
      run.state_bytes === 0 ? "" : (run.state_bytes / 1000).toFixed(0),
      ours === undefined || run.nodes === 0 ? "" : `${(run.runner_cpu_s / ours.runner_cpu_s).toFixed(2)} x`,
    ];
  });
}

const NUMBERS_FROM = 3;

export function tableText(runs: readonly Run[]): string {
  const lines = [HEADER, ...rows(runs)];
  const widths = HEADER.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = lines.map((line) =>
    line
      .map((cell, column) =>
        column >= NUMBERS_FROM || column === 1
          ? cell.padStart(widths[column] ?? 0)
          : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  return text.join("\n");
}

export function tableMarkdown(runs: readonly Run[]): string {
  const align = HEADER.map((_, column) => (column >= NUMBERS_FROM || column === 1 ? "--:" : "---"));
  return [HEADER, align, ...rows(runs)].map((line) => `| ${line.join(" | ")} |`).join("\n");
}
