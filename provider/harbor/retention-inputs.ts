/** The inputs of a `RetentionPolicy`, checked by Harbor's own rules, and harder: it checks hardly any (quirk 50). */
import { z } from "zod";
import { cron } from "./cron.ts";
import { projectShape } from "./project-inputs.ts";
import { contradictions, selectorShape } from "./tag-selectors.ts";
import { withoutUndefined } from "./without-undefined.ts";

/** Harbor's templates by our names; each is also the name of its one parameter. */
export const TEMPLATES = {
  nDaysSinceLastPull: "nDaysSinceLastPull",
  nDaysSinceLastPush: "nDaysSinceLastPush",
  mostRecentlyPulled: "latestPulledN",
  mostRecentlyPushed: "latestPushedK",
  alwaysRetain: "always",
} as const;

const KEEPS = Object.keys(TEMPLATES);

const count = z.int("must be a whole number").min(1, "must be at least 1: 0 keeps nothing");

const rule = z
  .strictObject({
    ...selectorShape,
    nDaysSinceLastPull: count.optional(),
    nDaysSinceLastPush: count.optional(),
    mostRecentlyPulled: count.optional(),
    mostRecentlyPushed: count.optional(),
    alwaysRetain: z
      .boolean()
      .transform((always) => (always ? true : undefined))
      .optional(),
    untaggedArtifacts: z.boolean().default(true),
    disabled: z.boolean().default(false),
  })
  .superRefine((values, context) => {
    const keeps = Object.entries(values).filter(
      ([name, value]) => KEEPS.includes(name) && value !== undefined,
    );
    if (keeps.length !== 1) {
      context.addIssue({ code: "custom", message: `must have exactly one of ${KEEPS.join(", ")}` });
    }
    for (const { property, reason } of contradictions(values)) {
      context.addIssue({ code: "custom", path: [property], message: reason });
    }
  })
  .transform(withoutUndefined);

export const retentionShape = {
  project: projectShape.name,
  schedule: cron.optional(),
  rules: z
    .array(rule)
    .min(1, "must have at least one rule: without any, nothing is kept")
    .max(15, "must have at most 15 rules")
    .superRefine((all, context) => {
      const texts = all.map((one) => JSON.stringify(Object.entries(one).sort()));
      for (const [index, text] of texts.entries()) {
        const first = texts.indexOf(text);
        if (first === index) continue;
        context.addIssue({ code: "custom", path: [index], message: `is the same as rules[${first}]` });
      }
    }),
};
