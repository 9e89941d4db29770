/** The GitLab pipeline that the documents offer: the same as the workflows. */
import { readFileSync } from "node:fs";

import { expect, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";

import { rules } from "../../../policy/rules.ts";

const read = (file: string) => readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8");
const markdown = read("docs/pull-requests.md");
const blockOf = (language: string) =>
  new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "m").exec(markdown)?.[1] ?? "";

const lines = z.array(z.string());
const job = z.object({
  extends: z.string().optional(),
  stage: z.string(),
  rules: z.array(z.object({ if: z.string(), when: z.string().optional() })),
  script: lines,
  after_script: lines.optional(),
  environment: z.object({ name: z.string() }).optional(),
  resource_group: z.string().optional(),
  interruptible: z.boolean().optional(),
});
const pipeline = z
  .object({
    stages: lines,
    workflow: z.object({ rules: z.array(z.object({ if: z.string() })) }),
    default: z.object({ image: z.string(), timeout: z.string() }),
    ".pulumi": z.object({
      id_tokens: z.record(z.string(), z.object({ aud: z.string() })),
      before_script: lines,
    }),
  })
  .catchall(job);

const {
  stages,
  workflow,
  default: common,
  ".pulumi": pulumi,
  ...jobs
} = pipeline.parse(parse(blockOf("yaml")));

test("every job has a stage, rules and a script", () => {
  expect(Object.keys(jobs)).toEqual(["check", "preview", "up", "drift"]);
  expect(Object.values(jobs).map(({ stage }) => stage)).toEqual(stages);
  for (const { rules, script } of Object.values(jobs)) {
    expect(rules.length).toBeGreaterThan(0);
    expect(script.length).toBeGreaterThan(0);
  }
  const conditions = workflow.rules.map((rule) => rule.if).join();
  for (const { rules } of Object.values(jobs))
    for (const rule of rules) expect(conditions).toContain(rule.if.split(" && ")[0]);
  expect(common.timeout).toBe("60m");
});

/** Commands as the workflows and the pipeline both have them, in one line each. */
const commands = (text: string) =>
  [...text.replaceAll(/ \\\n +/g, " ").matchAll(/pulumi (?:preview|up) --stack [^|\n]*/g)].map(([command]) =>
    command.replace(/ 2>&1 $/, "").trim(),
  );

test("Pulumi is run as the GitHub workflows run it", () => {
  const onGitHub = ["pr", "up", "drift"].flatMap((name) => commands(read(`.github/workflows/${name}.yml`)));
  const onGitLab = Object.values(jobs).flatMap(({ script }) => commands(script.join("\n")));
  expect(new Set(onGitLab)).toEqual(new Set(onGitHub));
  expect(onGitLab).toHaveLength(3);
  expect(pulumi.before_script).toContain("set -o pipefail");
  expect(pulumi.id_tokens).toEqual({ AWS_TOKEN: { aud: "sts.amazonaws.com" } });
});

test("the note is written whether the preview passes or not", () => {
  expect(jobs["preview"]?.after_script?.join()).toContain(
    'node ci/preview-comment.ts "$STACK" "$CI_JOB_STATUS"',
  );
});

test("a stack is changed by hand, one at a time, in its environment", () => {
  const { rules, environment, resource_group: group, interruptible } = job.parse(jobs["up"]);
  expect(rules.map(({ when }) => when)).toEqual(["manual"]);
  expect({ environment, group, interruptible }).toEqual({
    environment: { name: "$STACK" },
    group: "up-$STACK",
    interruptible: false,
  });
});

test("the trust policy names who may take the role", () => {
  const document = z
    .object({
      Statement: z.array(
        z.object({ Condition: z.object({ StringEquals: z.record(z.string(), z.unknown()) }) }),
      ),
    })
    .parse(JSON.parse(blockOf("json")));
  const [statement] = document.Statement;
  expect(Object.keys(statement?.Condition.StringEquals ?? {})).toEqual([
    "token.actions.githubusercontent.com:aud",
    "token.actions.githubusercontent.com:sub",
  ]);
});

test("every policy is in the table, and no other", () => {
  const table = markdown.slice(markdown.indexOf("| policy "));
  const named = [...table.slice(0, table.indexOf("\n\n")).matchAll(/^\| `([\w-]+)`/gm)].map(
    ([, name]) => name,
  );
  expect(named).toEqual(rules.map(({ name }) => name));
});
