/** Harbor's settings: `/configurations`. Answers say of each key whether it can be changed (quirk 35). */
import { z } from "zod";
import type { HarborClient } from "./client.ts";

/** A value as Harbor has it. */
export type Setting = string | number | boolean;
export type Settings = Readonly<Record<string, Setting>>;

export interface Configurations {
  /** Without the write-only ones. */
  readonly values: Settings;
  /** Keys that can't be changed. */
  readonly fixed: ReadonlySet<string>;
}

const answer = z.record(
  z.string(),
  z.object({
    value: z.union([z.string(), z.number(), z.boolean()]).optional().catch(undefined),
    editable: z.boolean().default(true),
  }),
);

export async function getConfigurations(harbor: HarborClient): Promise<Configurations> {
  const all = Object.entries(await harbor.get("/configurations", answer));
  return {
    values: Object.fromEntries(
      all.flatMap(([key, { value }]) => (value === undefined ? [] : [[key, value] as const])),
    ),
    fixed: new Set(all.filter(([, { editable }]) => !editable).map(([key]) => key)),
  };
}

/** Changes the given keys; others stay as they are (36). */
export async function putConfigurations(
  harbor: HarborClient,
  before: Configurations,
  wanted: Settings,
): Promise<void> {
  const problem = readOnlyProblem(before, wanted);
  if (problem !== undefined) throw new Error(problem);
  // Settings that are read-only but as wanted: even writing them again would be refused.
  if (differing(before, wanted).length > 0) await harbor.put("/configurations", wanted);
}

/** Why these can't be written: with CONFIG_OVERWRITE_JSON every key is fixed and every change a 403 (40). */
export function readOnlyProblem(before: Configurations, wanted: Settings): string | undefined {
  const refused = differing(before, wanted).filter((key) => before.fixed.has(key));
  if (refused.length === 0) return undefined;
  return (
    `This Harbor's settings are read-only, as with CONFIG_OVERWRITE_JSON in core's environment: ${refused.join(", ")} can't be ` +
    "changed and nothing was written. Take CONFIG_OVERWRITE_JSON out and restart core, or set them there and leave them " +
    "out here."
  );
}

/** Write-only ones always do. */
function differing({ values }: Configurations, wanted: Settings): string[] {
  return Object.keys(wanted).filter((key) => values[key] !== wanted[key]);
}
