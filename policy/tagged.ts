import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import * as z from "zod";

import { read, type Rule } from "./rule.ts";

/** What harbor-cache puts on all that it makes. */
const WANTED = ["Name", "Project", "Stack"];

const tags = z.object({ tags: z.unknown(), tagsAll: z.unknown() }).partial();
// Only the keys: a value may not be known yet.
const keysOf = (value: unknown) => (typeof value === "object" && value !== null ? Object.keys(value) : []);

const known = new Map<string, boolean>();

/** As @pulumi/aws publishes it: the token's middle is the path of the file that declares the resource. */
function takesTags(type: string): boolean {
  const found = known.get(type);
  if (found !== undefined) return found;
  const [, path] = /^aws:(\w+\/\w+):\w+$/.exec(type) ?? [];
  const takes =
    path !== undefined &&
    /^ +tags\?: pulumi\.Input</m.test(
      readFileSync(createRequire(import.meta.url).resolve(`@pulumi/aws/${path}.d.ts`), "utf8"),
    );
  known.set(type, takes);
  return takes;
}

export const tagged: Rule = {
  name: "tagged",
  description: "Everything on AWS that takes tags says what it is and whose.",
  *check({ type, props }) {
    if (!takesTags(type)) return;
    const given = read(tags, props);
    const keys = [...keysOf(given.tags), ...keysOf(given.tagsAll)];
    for (const key of WANTED.filter((key) => !keys.includes(key)))
      yield `the tag ${key} is missing: give the resource the stack's tags`;
  },
};
