/** Labels: a list of `{label, value}` in Pulumi, a map in the Engine API. */
import { z } from "zod";

const labelsSchema = z.array(z.object({ label: z.string(), value: z.string() })).nullish();

export const toLabelMap = (labels: unknown): Record<string, string> =>
  Object.fromEntries((labelsSchema.parse(labels) ?? []).map(({ label, value }) => [label, value]));

/** Sorted: they are a set. */
export const toLabelList = (labels: Readonly<Record<string, string>> | null) =>
  Object.entries(labels ?? {})
    .map(([label, value]) => ({ label, value }))
    .sort((a, b) => (a.label < b.label ? -1 : 1));
