/** Jobs that Harbor runs on itself: `/system/gc`, `/system/purgeaudit`, `/system/scanAll`, their `…/schedule`. */
import { z } from "zod";
import type { HarborClient } from "./client.ts";
import { explainInternalError } from "./health.ts";

export interface JobSchedule {
  readonly cron: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

const parameters = z.record(z.string(), z.unknown());

/** With none set, the body is empty (quirk 49). */
const schedule = z
  .object({
    schedule: z.object({ cron: z.string().default("") }).nullish(),
    job_parameters: z
      .string()
      .transform((text): unknown => (text === "" ? {} : JSON.parse(text)))
      .pipe(parameters)
      .default({}),
  })
  .nullish();

/** Undefined: none is set. */
export async function getJobSchedule(harbor: HarborClient, path: string): Promise<JobSchedule | undefined> {
  const found = await harbor.get(path, schedule);
  const cron = found?.schedule?.cron ?? "";
  return cron === "" ? undefined : { cron, parameters: found?.job_parameters ?? {} };
}

/** Sets or replaces it. Harbor's other types are names of crons; the type `Schedule` it ignores silently. */
export async function setJobSchedule(
  harbor: HarborClient,
  path: string,
  cron: string,
  parameters?: Readonly<Record<string, unknown>>,
): Promise<void> {
  await harbor
    .put(path, { schedule: { type: "Custom", cron }, parameters })
    .catch((error: unknown) => explainInternalError(harbor, "The schedule can't be set", error));
}

export async function removeJobSchedule(
  harbor: HarborClient,
  path: string,
  parameters?: Readonly<Record<string, unknown>>,
): Promise<void> {
  await harbor
    .put(path, { schedule: { type: "None", cron: "" }, parameters })
    .catch((error: unknown) => explainInternalError(harbor, "The schedule can't be removed", error));
}
