/** What no workflow here may lack; actionlint (test/e2e/workflows.test.ts) checks their language. */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const read = (file: string) => readFileSync(`${root}/${file}`, "utf8");

const step = z.object({
  name: z.string().optional(),
  uses: z.string().optional(),
  run: z.string().optional(),
  env: z.record(z.string(), z.string()).default({}),
  with: z.record(z.string(), z.unknown()).default({}),
});
const workflow = z.object({
  on: z.record(z.string(), z.unknown()),
  permissions: z.record(z.string(), z.string()),
  defaults: z.object({ run: z.object({ shell: z.string() }) }),
  jobs: z.record(
    z.string(),
    z.object({
      if: z.string().optional(),
      "timeout-minutes": z.number(),
      permissions: z.record(z.string(), z.string()),
      environment: z.string().optional(),
      concurrency: z.object({ group: z.string(), "cancel-in-progress": z.boolean() }).optional(),
      steps: z.array(step),
    }),
  ),
});

const files = globSync(".github/workflows/*.yml", { cwd: root }).sort();
const workflows = Object.fromEntries(files.map((file) => [file, workflow.parse(parse(read(file)))]));
const named = (name: string) => {
  const found = workflows[`.github/workflows/${name}.yml`];
  if (found === undefined) throw new Error(`there is no ${name}.yml`);
  return found;
};

test("there are three", () => {
  expect(files.map((file) => file.split("/").at(-1))).toEqual(["drift.yml", "pr.yml", "up.yml"]);
});

test.each([...files, ".github/actions/pulumi/action.yml"])(
  "%s pins what it uses, with the version beside it",
  (file) => {
    const uses = [...read(file).matchAll(/^ *(?:- )?uses: (.*)$/gm)].map(([, what = ""]) => what);
    expect(uses.length).toBeGreaterThan(0);
    const loose = uses.filter((what) => !/^(\.\/|[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$)/.test(what));
    expect(loose).toEqual([]);
  },
);

describe.each(Object.entries(workflows))("%s", (file, { on, permissions, defaults, jobs }) => {
  test("gives nothing to a job that doesn't ask for it", () => {
    expect(permissions).toEqual({});
    for (const job of Object.values(jobs)) {
      const { contents, "id-token": token, "pull-requests": comments, ...more } = job.permissions;
      expect({ contents, more }).toEqual({ contents: "read", more: {} });
      // Who may take a role does so, and nobody else may.
      expect(token).toBe(
        job.steps.some(({ uses }) => uses === "./.github/actions/pulumi") ? "write" : undefined,
      );
      expect(comments).toBe(
        job.steps.some(({ env }) => env["GITHUB_TOKEN"] !== undefined) ? "write" : undefined,
      );
    }
  });

  test("ends within a known time", () => {
    for (const job of Object.values(jobs)) expect(job["timeout-minutes"]).toBeLessThanOrEqual(120);
  });

  test("keeps no credentials in the checkout", () => {
    for (const job of Object.values(jobs)) {
      const [first] = job.steps;
      expect(first?.uses).toMatch(/^actions\/checkout@/);
      expect(first?.with).toEqual({ "persist-credentials": false });
    }
  });

  test("runs nothing that a title or a branch's name could write", () => {
    const runs = Object.values(jobs).flatMap(({ steps }) => steps.map(({ run = "" }) => run));
    expect(runs.filter((run) => run.includes("${{"))).toEqual([]);
  });

  test("sees that Pulumi fails, through a pipe too", () => {
    expect(defaults.run.shell).toBe("bash");
  });

  test("holds no key of AWS, and never runs a fork's code with secrets", () => {
    expect(read(file)).not.toMatch(/AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY)|pull_request_target/);
    expect(Object.keys(on)).not.toContain("workflow_run");
  });

  test("looks at policies wherever Pulumi runs", () => {
    const runs = Object.values(jobs).flatMap(({ steps }) => steps.map(({ run = "" }) => run));
    const pulumi = runs.filter((run) => run.startsWith("pulumi "));
    expect(pulumi.filter((run) => !run.includes("--policy-pack policy "))).toEqual([]);
    expect(pulumi.filter((run) => !run.includes("--non-interactive"))).toEqual([]);
  });
});

test("pull requests are checked, tested and previewed, with no secret for a fork", () => {
  const { on, jobs } = named("pr");
  expect(Object.keys(on)).toEqual(["pull_request"]);
  const runs = Object.values(jobs).flatMap(({ steps }) => steps.map(({ run = "" }) => run.split("\n")[0]));
  expect(runs).toContain("make check");
  expect(runs).toContain(`sudo --preserve-env=CI env "PATH=$PATH" make test`);
  for (const { steps, ...job } of Object.values(jobs))
    if (JSON.stringify(steps).includes("secrets."))
      expect(job.if).toContain("github.event.pull_request.head.repo.full_name == github.repository");
});

test("drift is an error of a job that changes nothing", () => {
  const { on, jobs } = named("drift");
  expect(Object.keys(on)).toEqual(["schedule", "workflow_dispatch"]);
  const pulumi = jobs["drift"]?.steps.find(({ run }) => run?.startsWith("pulumi "))?.run ?? "";
  expect(pulumi).toMatch(/^pulumi preview /);
  for (const flag of ["--refresh", "--run-program", "--expect-no-changes"])
    expect(pulumi).toContain(`${flag} `);
});

test("only an approved job on main changes a stack, one at a time, never stopped halfway", () => {
  const changing = Object.entries(workflows).flatMap(([file, { jobs }]) =>
    Object.entries(jobs)
      .filter(([, { steps }]) =>
        steps.some(({ run }) => /\bpulumi (up|destroy|refresh|import)\b/.test(run ?? "")),
      )
      .map(([name]) => `${file} ${name}`),
  );
  expect(changing).toEqual([".github/workflows/up.yml up"]);
  const { on, jobs } = named("up");
  expect(on).toEqual({ push: { branches: ["main"] }, workflow_dispatch: null });
  expect(jobs["up"]?.environment).toBe("${{ matrix.stack }}");
  expect(jobs["up"]?.concurrency).toEqual({ group: "up-${{ matrix.stack }}", "cancel-in-progress": false });
});
