/** The inputs of a `ReplicationPolicy`, checked by Harbor's own rules without asking it. */
import { z } from "zod";
import type { CheckFailure } from "../resource.ts";
import type { Properties } from "../values.ts";
import { cronProblem, singleBlanks } from "./cron.ts";

/** Of a repository, as Harbor has them. */
const NAMESPACE = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;

const pattern = z.string().min(1, "must not be empty");
const decoration = z.enum(["matches", "excludes"], "must be matches or excludes").default("matches");

const filter = z.discriminatedUnion(
  "type",
  [
    z.strictObject({ type: z.literal("name"), value: pattern }),
    z.strictObject({
      type: z.literal("resource"),
      value: z.enum(["image", "artifact"], "must be image or artifact"),
    }),
    z.strictObject({ type: z.literal("tag"), value: pattern, decoration }),
    z.strictObject({ type: z.literal("label"), value: pattern, decoration }),
  ],
  "must be name, tag, label or resource",
);

const filters = z
  .array(filter)
  .superRefine((all, context) => {
    for (const [index, { type }] of all.entries()) {
      if (all.findIndex((other) => other.type === type) === index) continue;
      const message = `there is a filter of the type ${type} already; one pattern may name several: {a,b}`;
      context.addIssue({ code: "custom", path: [index], message });
    }
  })
  // None is the default, and absent.
  .transform((all) => (all.length === 0 ? undefined : all));

const schedule = z
  .string()
  .transform(singleBlanks)
  .superRefine((text, context) => {
    if (text === "manual" || text === "event_based") return;
    const problem = cronProblem(text);
    if (problem !== undefined) {
      const message = `must be manual, event_based or a cron. As a cron it ${problem}`;
      context.addIssue({ code: "custom", message });
    } else if (text.startsWith("0 * ")) {
      context.addIssue({ code: "custom", message: "must not run each minute: its minutes can't be *" });
    }
  });

export const replicationShape = {
  name: z.string().min(1, "must not be empty").max(256, "must have at most 256 characters"),
  description: z.string().min(1, "must not be empty: leave it out").optional(),
  action: z.enum(["push", "pull"], "must be push or pull"),
  registryId: z.int().min(1, "must be a registry's number, 1 or greater"),
  schedule: schedule.default("manual"),
  destNamespace: z
    .string()
    .regex(NAMESPACE, "must be a path of lower case letters and digits, such as mirror or team/images")
    .optional(),
  destNamespaceReplace: z.int().min(-1, "must be -1 to 127").max(127, "must be -1 to 127").default(-1),
  filters: filters.optional(),
  enabled: z.boolean().default(true),
  override: z.boolean().default(true),
  deletion: z.boolean().default(false),
  speed: z
    .int("must be a whole number of KB/s, or -1")
    .max(2 ** 31 - 1, "must be less than 2147483648 KB/s")
    .refine((speed) => speed === -1 || speed > 0, "must be -1 (without limit) or 1 KB/s and more")
    .default(-1),
  copyByChunk: z.boolean().default(false),
  singleActiveReplication: z.boolean().default(false),
};

export function triggerRules(inputs: Properties): CheckFailure[] {
  if (inputs["schedule"] !== "event_based") return [];
  const failures: CheckFailure[] = [];
  if (inputs["action"] === "pull") {
    // Harbor takes it, and never runs it.
    const reason =
      "event_based works for the action push only: Harbor hears of its own events. Give a cron, such as 0 0 * * * *";
    failures.push({ property: "schedule", reason });
  }
  if (inputs["singleActiveReplication"] === true) {
    const reason = "goes with a cron or manual only: Harbor refuses it with event_based";
    failures.push({ property: "singleActiveReplication", reason });
  }
  return failures;
}
