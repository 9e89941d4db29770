import type { Rule } from "./rule.ts";

/** Policies see `protect` and not `retainOnDelete`: the program's own tests hold that. */
export const protectedData: Rule = {
  name: "protected-data",
  description: "Volumes hold data, and Pulumi refuses to delete them.",
  *check({ type, opts }) {
    if (type === "aws:ebs/volume:Volume" && !opts.protect)
      yield "the volume can be deleted: set the option protect (harbor-cache:protect)";
  },
};
