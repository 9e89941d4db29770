/** Rules of retention and of immutable tags: the same shape for both. */
import { z } from "zod";
import { int64 } from "./call.ts";
import { omitEmpty } from "./go-json.ts";

const text = z.string().nullish();
const selector = z.object({ kind: text, decoration: text, pattern: text, extras: text });

export const tagRule = z.object({
  id: int64.nullish(),
  priority: int64.nullish(),
  disabled: z.boolean().nullish(),
  action: text,
  template: text,
  params: z.record(z.string(), z.unknown()).nullish(),
  tag_selectors: z.array(selector).nullish(),
  scope_selectors: z.record(z.string(), z.array(selector)).nullish(),
});

/** The rule as it is stored and shown. */
export function storedRule(rule: z.infer<typeof tagRule>): Record<string, unknown> {
  const scopes = Object.entries(rule.scope_selectors ?? {});
  return omitEmpty({
    ...rule,
    tag_selectors: rule.tag_selectors?.map(omitEmpty),
    scope_selectors: Object.fromEntries(scopes.map(([scope, list]) => [scope, list.map(omitEmpty)])),
  });
}
