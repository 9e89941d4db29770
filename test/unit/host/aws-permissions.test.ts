/** The policy in docs/aws-permissions.md is one that IAM takes, and that holds what it promises. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import * as z from "zod";

const markdown = readFileSync(join(import.meta.dirname, "../../../docs/aws-permissions.md"), "utf8");
const { Statement: statements } = z
  .strictObject({
    Version: z.literal("2012-10-17"),
    Statement: z.array(
      z.strictObject({
        Sid: z.string().regex(/^[A-Za-z0-9]+$/),
        Effect: z.literal("Allow"),
        Action: z.array(z.string().regex(/^[a-z0-9]+:[A-Za-z0-9]+$/)),
        Resource: z.union([z.string(), z.array(z.string())]),
        Condition: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
      }),
    ),
  })
  .parse(JSON.parse(/```json\n([\s\S]+?)```/.exec(markdown)?.[1] ?? ""));
const actions = statements.flatMap(({ Action }) => Action);

it("fits into one managed policy, whose limit is 6144 characters without blanks", () => {
  expect(JSON.stringify({ Version: "2012-10-17", Statement: statements }).length).toBeLessThan(6144);
});

it("names each action once in its statement, in order", () => {
  for (const { Action } of statements) expect(Action).toEqual([...new Set(Action)].sort());
});

it("deletes no volume and no snapshot, and makes no user and no key", () => {
  expect(actions.filter((action) => /DeleteVolume|DeleteSnapshot|User|AccessKey/.test(action))).toEqual([]);
});

it("changes roles by their names only, and gives them to two services only", () => {
  const iam = statements.filter(({ Action }) => Action.some((action) => action.startsWith("iam:")));
  for (const { Resource } of iam)
    for (const one of [Resource].flat())
      expect(one).toMatch(/^arn:aws:iam::ACCOUNT:(role|instance-profile)\/host-\*$/);
  expect(statements.find(({ Action }) => Action.includes("iam:PassRole"))?.Condition).toEqual({
    StringEquals: { "iam:PassedToService": ["ec2.amazonaws.com", "dlm.amazonaws.com"] },
  });
});
