/**
 * Does an IAM policy allow a call? As AWS's own evaluation says it, for what this project's policies use; anything else
 * in a policy is an error. (moto's enforcement leaves out resources of Route53 and conditions of roles.)
 */
import { z } from "zod";

const some = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());

const policyDocument = z.strictObject({
  Version: z.literal("2012-10-17"),
  Statement: z.array(
    z.strictObject({
      Sid: z.string().optional(),
      Effect: z.literal("Allow"),
      Action: some,
      Resource: some,
      Condition: z.strictObject({ "ForAllValues:StringEquals": z.record(z.string(), some) }).optional(),
    }),
  ),
});

export interface AwsCall {
  /** `route53:GetChange` */
  readonly action: string;
  /** ARN, or `*` where the action knows no resources. */
  readonly resource: string;
  /** Values by condition key. */
  readonly context: Readonly<Record<string, readonly string[]>>;
}

export function policyAllows(policy: string, { action, resource, context }: AwsCall): boolean {
  return policyDocument.parse(JSON.parse(policy)).Statement.some(
    (statement) =>
      statement.Action.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
      statement.Resource.some((pattern) => matches(pattern, resource)) &&
      Object.entries(statement.Condition?.["ForAllValues:StringEquals"] ?? {}).every(([key, wanted]) =>
        // True where the call has no such key at all, as AWS's ForAllValues is.
        (context[key] ?? []).every((value) => wanted.includes(value)),
      ),
  );
}

function matches(pattern: string, value: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(value);
}
