/** What a run of the benchmark leaves in last.json, for the table, the goals and the plot. */
import { z } from "zod";

export const WAYS = ["harbor-cache", "provider", "ssh-loop", "ansible"] as const;
export const CASES = ["first", "no-op", "change-all", "refresh", "preview"] as const;

const run = z.strictObject({
  way: z.enum(WAYS),
  /** 0: the engine with an empty program, its fixed cost. */
  nodes: z.int().min(0),
  case: z.enum(CASES),
  wall_s: z.number(),
  /** User and system, of everything that runs on the side of whoever rolls out. */
  runner_cpu_s: z.number(),
  /** Of the largest process there. */
  peak_rss_mb: z.number(),
  /** 0 where nothing is kept. */
  state_bytes: z.int(),
});

export const record = z.strictObject({ runs: z.array(run) });

export type Run = z.output<typeof run>;
export type Way = Run["way"];
export type Case = Run["case"];

export const find = (runs: readonly Run[], way: Way, nodes: number, which: Case): Run | undefined =>
  runs.find((one) => one.way === way && one.nodes === nodes && one.case === which);
