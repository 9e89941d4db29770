import { expect, test } from "vitest";

import { summarize } from "../../../tools/test-report.ts";

const file = (name: string, ...statuses: string[]) => ({
  name,
  status: statuses.includes("failed") ? "failed" : "passed",
  assertionResults: statuses.map((status, index) => ({ fullName: `test ${index}`, status })),
});
const here = { ci: false, code: 0 };
const inCi = { ci: true, code: 0 };

test("all passed", () => {
  expect(summarize({ testResults: [file("a", "passed", "passed"), file("b", "passed")] }, inCi)).toEqual({
    ok: true,
    lines: ["3 passed, 0 failed"],
  });
});

test("a skip is named with its file; in CI it is a failure", () => {
  const report = { testResults: [file("a", "passed", "skipped"), file("b", "todo", "pending")] };
  expect(summarize(report, here)).toEqual({
    ok: true,
    lines: ["skipped: 1 in a", "skipped: 2 in b", "1 passed, 0 failed, 3 skipped"],
  });
  expect(summarize(report, inCi)).toEqual({
    ok: false,
    lines: ["skipped: 1 in a", "skipped: 2 in b", "in CI a skip is a failure", "1 passed, 3 failed"],
  });
});

test("a failure, and a file that can't be loaded", () => {
  const broken = { name: "b", status: "failed", assertionResults: [] };
  expect(summarize({ testResults: [file("a", "passed", "failed"), broken] }, { ci: false, code: 1 })).toEqual(
    {
      ok: false,
      lines: ["could not be run: b", "1 passed, 2 failed"],
    },
  );
});

test("a runner that crashes, or runs nothing, has failed", () => {
  expect(summarize({ testResults: [file("a", "passed")] }, { ci: false, code: 1 })).toMatchObject({
    ok: false,
    lines: ["the test runner ended with code 1 after 1 tests", "1 passed, 1 failed"],
  });
  expect(summarize({ testResults: [] }, here)).toMatchObject({ ok: false });
});
