import type { Rule } from "../../../policy/rule.ts";

export const INSTANCE = "aws:ec2/instance:Instance";
export const VOLUME = "aws:ebs/volume:Volume";

/** What a rule says about one resource. */
export function violations(
  rule: Rule,
  type: string,
  props: Record<string, unknown> = {},
  opts = { protect: false },
): string[] {
  return [...rule.check({ type, props, opts })];
}
