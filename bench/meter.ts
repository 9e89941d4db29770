/** What a program and everything that it starts costs. Needs Linux and python3. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { z } from "zod";

const METER = fileURLToPath(new URL("meter.py", import.meta.url));

const written = z.strictObject({ wall_s: z.number(), cpu_s: z.number(), peak_kib: z.number() });

export interface Cost {
  /** Seconds from start to end. */
  readonly wall: number;
  /** Seconds of processor, user and system, of all processes. */
  readonly cpu: number;
  /** Most memory of the largest process, MB (10^6 bytes). */
  readonly peak: number;
}

/** The command that runs `command` and writes its cost to the file `result`. */
export const metered = (result: string, command: readonly string[]): [string, ...string[]] => [
  "python3",
  METER,
  result,
  ...command,
];

export async function readCost(result: string): Promise<Cost> {
  const { wall_s, cpu_s, peak_kib } = written.parse(JSON.parse(await readFile(result, "utf8")));
  return { wall: wall_s, cpu: cpu_s, peak: (peak_kib * 1024) / 1e6 };
}
