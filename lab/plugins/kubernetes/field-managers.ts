/** Who owns which fields of an object (kubernetes.io/docs/reference/using-api/server-side-apply). */
import { z } from "zod";

import type { Properties, Value } from "../../../provider/values.ts";
import { asMap, isMap } from "./objects.ts";

/** Creates are no applies, so that an object that exists already is an error. */
export const CREATOR = "pulumi-kubernetes";

/** Those whose fields an update takes over; all others stay in the way of it. */
const TAKEN_OVER = [
  "kubectl Apply",
  "kubectl Update",
  "before-first-apply Update",
  `${CREATOR} Update`,
  "pulumi-kubernetes.exe Update",
  "pulumi-resource-kubernetes Update",
];

const entriesSchema = z
  .array(
    z.looseObject({
      manager: z.string().default(""),
      operation: z.string(),
      subresource: z.string().default(""),
      fieldsV1: z.custom<Properties>((value) => isMap(value as Value)).default({}),
    }),
  )
  .default([]);

type Entry = z.infer<typeof entriesSchema>[number];

/** `metadata.managedFields` after `manager` has taken over, undefined where there is nothing to take. */
export function takenOver(live: Properties, manager: string): Value | undefined {
  const entries = entriesSchema.parse(asMap(live["metadata"])["managedFields"]);
  const isOurs = ({ operation, subresource, ...one }: Entry) =>
    subresource === "" &&
    (TAKEN_OVER.includes(`${one.manager} ${operation}`) ||
      (one.manager === manager && operation === "Apply"));
  if (!entries.some((entry) => isOurs(entry) && entry.manager !== manager)) return undefined;
  const ours = entries.filter(isOurs);
  const fieldsV1 = ours.map((entry) => entry.fieldsV1).reduce(union);
  const rest = entries.filter((entry) => !isOurs(entry));
  return [...rest, { ...ours[0], manager, operation: "Apply", fieldsV1 }];
}

/** A preview is not refused for fields that an update would take over first. */
export const wouldTakeOver = (live: Properties): boolean => takenOver(live, "") !== undefined;

function union(a: Properties, b: Properties): Properties {
  const both = Object.entries(b).map(([key, value]): [string, Value] => [
    key,
    union(asMap(a[key]), asMap(value)),
  ]);
  return { ...a, ...Object.fromEntries(both) };
}
