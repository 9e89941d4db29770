/** What every look-up is made of: filters and tags as EC2 takes them. */
import { createHash } from "node:crypto";

import { z } from "zod";

import type { Properties } from "../../../provider/values.ts";
import { AwsError } from "./cloud.ts";
import type { Cloud, CloudContents } from "./cloud.ts";

export type Lookup = ((args: Properties, cloud: Cloud) => Properties) & {
  /** The API's own name. */
  readonly action: string;
};

export function lookup(
  action: string,
  find: (args: Properties, cloud: Cloud, now: CloudContents) => Properties,
): Lookup {
  return Object.assign((args: Properties, cloud: Cloud) => find(args, cloud, cloud.contents), { action });
}

export const tags = z.record(z.string(), z.string()).default({});
export const filters = z.array(z.object({ name: z.string(), values: z.array(z.string()) })).default([]);

export function only<T>(action: string, what: string, found: readonly T[]): T {
  const [first] = found;
  if (first === undefined) throw new AwsError(action, "NotFound", `no matching ${what} found`);
  if (found.length > 1)
    throw new AwsError(
      action,
      "Multiple",
      `multiple ${what}s matched; use additional constraints to reduce matches to a single ${what}`,
    );
  return first;
}

export const hasTags = (
  own: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): boolean => Object.entries(wanted).every(([key, value]) => own[key] === value);

export const valueOf = (of: z.output<typeof filters>, wanted: string): string | undefined =>
  of.find(({ name }) => name === wanted)?.values[0];

/** EC2's filters; one that isn't known here is refused rather than ignored. */
export function passes(
  wanted: z.output<typeof filters>,
  own: Readonly<Record<string, string>>,
  ownTags: Readonly<Record<string, string>>,
): boolean {
  return wanted.every(({ name, values }) => {
    const value = name.startsWith("tag:") ? ownTags[name.slice(4)] : own[name];
    if (value === undefined && !name.startsWith("tag:") && !(name in own))
      throw new Error(`the stand-in for the plugin aws does not know the filter ${name}`);
    return value !== undefined && values.includes(value);
  });
}

/** The same for the same question. */
export const madeUpId = (prefix: string, args: Properties): string =>
  `${prefix}-0${createHash("sha256").update(JSON.stringify(args)).digest("hex").slice(0, 16)}`;
