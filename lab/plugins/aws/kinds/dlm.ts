/** Snapshots by Data Lifecycle Manager. */
import { z } from "zod";

import { AwsError, findMade, newId } from "../cloud.ts";
import { when } from "../kind.ts";
import type { Kind } from "../kind.ts";
import { ROLE } from "../tokens.ts";

const details = z.looseObject({
  resourceTypes: z.array(z.string()).default([]),
  targetTags: z.record(z.string(), z.string()).default({}),
  schedules: z
    .array(
      z.looseObject({
        name: z.string(),
        createRule: z.looseObject({
          interval: z.number().optional(),
          times: z.string().optional(),
          cronExpression: z.string().optional(),
        }),
        retainRule: z.looseObject({ count: z.number().optional() }).optional(),
      }),
    )
    .default([]),
});

export const lifecyclePolicy: Kind = {
  type: "aws:dlm/lifecyclePolicy:LifecyclePolicy",
  actions: {
    create: "dlm:CreateLifecyclePolicy",
    update: "dlm:UpdateLifecyclePolicy",
    delete: "dlm:DeleteLifecyclePolicy",
  },
  replacedBy: ["policyDetails.schedules[].copyTags", "region"],
  check: ({ description, policyDetails }) => {
    const schedules = details.safeParse(policyDetails).data?.schedules ?? [];
    return [
      ...when(
        typeof description === "string" && !/^[0-9A-Za-z _-]{1,500}$/.test(description),
        "description",
        "must be of letters, digits, spaces, _ and - only",
      ),
      ...schedules.flatMap(({ createRule: { interval, times }, retainRule }, index) => [
        ...when(
          interval !== undefined && ![1, 2, 3, 4, 6, 8, 12, 24].includes(interval),
          `policyDetails.schedules[${index}].createRule.interval`,
          "expected interval to be one of [1 2 3 4 6 8 12 24]",
        ),
        ...when(
          times !== undefined && !/^(0\d|1\d|2[0-3]):[0-5]\d$/.test(times),
          `policyDetails.schedules[${index}].createRule.times`,
          "must be hh:mm",
        ),
        ...when(
          retainRule?.count !== undefined && (retainRule.count < 1 || retainRule.count > 1000),
          `policyDetails.schedules[${index}].retainRule.count`,
          "expected count to be in the range (1 - 1000)",
        ),
      ]),
    ];
  },
  create: (inputs, { cloud, arn }) => {
    const { executionRoleArn, policyDetails } = z
      .looseObject({ executionRoleArn: z.string(), policyDetails: details })
      .parse(inputs);
    const wrong = (message: string) =>
      new AwsError("dlm:CreateLifecyclePolicy", "InvalidRequestException", message);
    const role = findMade(cloud, ROLE, executionRoleArn.split("/").at(-1) ?? "");
    if (role?.state["arn"] !== executionRoleArn) throw wrong(`Role ${executionRoleArn} does not exist`);
    if (!JSON.stringify(role.inputs["assumeRolePolicy"]).includes("dlm.amazonaws.com"))
      throw wrong("The execution role must trust dlm.amazonaws.com");
    if (Object.keys(policyDetails.targetTags).length === 0 || policyDetails.schedules.length === 0)
      throw wrong("Target tags and a schedule are needed");
    const id = newId("policy");
    return { id, outputs: { arn: arn("dlm", `policy/${id}`), state: inputs["state"] ?? "ENABLED" } };
  },
};
