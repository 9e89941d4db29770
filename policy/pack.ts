/** The policy pack: `pulumi preview --policy-pack policy`. A violation fails the preview, and `up` before it changes anything. */
import { PolicyPack } from "@pulumi/policy";
import type { ResourceValidationPolicy } from "@pulumi/policy";

import { type Rule, UnreadableError } from "./rule.ts";
import { rules } from "./rules.ts";

const policyOf = ({ name, description, check }: Rule): ResourceValidationPolicy => ({
  name,
  description,
  enforcementLevel: "mandatory",
  validateResource: (resource, reportViolation) => {
    try {
      for (const violation of check(resource)) reportViolation(violation);
    } catch (error) {
      // Anything else is @pulumi/policy's: a value that isn't known in a preview, for instance.
      if (!(error instanceof UnreadableError)) throw error;
      reportViolation(error.message);
    }
  },
});

new PolicyPack("harbor-cache", { policies: rules.map(policyOf) });
