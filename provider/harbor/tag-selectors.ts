/** Which repositories and tags a rule of a project is about, as inputs and in Harbor's own form. */
import { z } from "zod";
import type { CheckFailure } from "../resource.ts";
import type { Properties, Value } from "../values.ts";

const ALL = "**";

const excluding = z.string().min(1, "must not be empty: leave it out");
/** All is the default, and absent. */
const matching = excluding.transform((pattern) => (pattern === ALL ? undefined : pattern));

export const selectorShape = {
  repoMatching: matching.optional(),
  repoExcluding: excluding.optional(),
  tagMatching: matching.optional(),
  tagExcluding: excluding.optional(),
};

/** Pairs of which only one may be given. */
export function contradictions(inputs: Readonly<Record<string, unknown>>): CheckFailure[] {
  return ["repo", "tag"].flatMap((of) => {
    const [one, other] = [`${of}Matching`, `${of}Excluding`];
    if (inputs[one] === undefined || inputs[other] === undefined) return [];
    return [{ property: other, reason: `can't be given together with ${one}` }];
  });
}

const selector = z.object({
  decoration: z.string().default(""),
  pattern: z.string().default(ALL),
  extras: z.string().default(""),
});

/** Of rules in Harbor's answers. */
export const selectorsSchema = {
  scope_selectors: z
    .object({ repository: z.array(selector).default([]) })
    .nullish()
    .transform((found) => found?.repository ?? []),
  tag_selectors: z
    .array(selector)
    .nullish()
    .transform((found) => found ?? []),
};

type Selector = z.infer<typeof selector>;

interface Patterns {
  readonly repoMatching?: Value | undefined;
  readonly repoExcluding?: Value | undefined;
  readonly tagMatching?: Value | undefined;
  readonly tagExcluding?: Value | undefined;
}

/** `untagged`: artifacts without a tag are meant too; absent where Harbor doesn't ask, as for immutable tags. */
export function toSelectors(wanted: Patterns, untagged?: boolean): object {
  const { repoMatching, repoExcluding, tagMatching, tagExcluding } = wanted;
  const repository =
    repoExcluding === undefined
      ? { decoration: "repoMatches", pattern: repoMatching ?? ALL }
      : { decoration: "repoExcludes", pattern: repoExcluding };
  const tag =
    tagExcluding === undefined
      ? { decoration: "matches", pattern: tagMatching ?? ALL }
      : { decoration: "excludes", pattern: tagExcluding };
  return {
    scope_selectors: { repository: [{ kind: "doublestar", ...repository }] },
    tag_selectors: [
      {
        kind: "doublestar",
        ...tag,
        // Beside a pattern that excludes, Harbor counts untagged ones among the excluded where this is true.
        ...(untagged !== undefined && {
          extras: JSON.stringify({ untagged: untagged === (tagExcluding === undefined) }),
        }),
      },
    ],
  };
}

interface HarborSelectors {
  readonly scope_selectors: readonly Selector[];
  readonly tag_selectors: readonly Selector[];
}

export function fromSelectors({ scope_selectors: scope, tag_selectors: tags }: HarborSelectors): Properties {
  return {
    ...patterns("repo", scope, "repoExcludes"),
    ...patterns("tag", tags, "excludes"),
  };
}

/** Are artifacts without a tag meant too? Without extras they are. */
export function includesUntagged({ tag_selectors: [tag] }: HarborSelectors): boolean {
  const extras = tag === undefined || tag.extras === "" ? undefined : (JSON.parse(tag.extras) as unknown);
  if (tag === undefined || extras === undefined) return true;
  const { untagged } = z.object({ untagged: z.boolean().default(false) }).parse(extras);
  return untagged === (tag.decoration !== "excludes");
}

/** Harbor's own UI makes one selector of each; more of them show as one pattern that nobody wrote. */
function patterns(of: "repo" | "tag", selectors: readonly Selector[], excludes: string): Properties {
  const excluding = selectors[0]?.decoration === excludes;
  const pattern = selectors.length === 0 ? ALL : selectors.map((one) => one.pattern).join(" and ");
  if (excluding) return { [`${of}Excluding`]: pattern };
  return pattern === ALL ? {} : { [`${of}Matching`]: pattern };
}
