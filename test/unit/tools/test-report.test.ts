import { expect, test } from "vitest";

import { summarize } from "../../../tools/test-report.ts";

const file = (name: string, ...statuses: string[]) => ({
  name,
  status: statuses.includes("failed") ? "failed" : "passed",
  message: "",
  assertionResults: statuses.map((status, index) => ({
    fullName: `test ${index}`,
    status,
    failureMessages:
      status === "failed" ? ["Error: \u001b[31mup failed\u001b[39m:\n\n  no such host\n    at a.ts:1:2"] : [],
  })),
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

test("a failure, and a file that can't be loaded, each with the begin of its message", () => {
  const broken = { name: "b", status: "failed", message: "no such module", assertionResults: [] };
  expect(summarize({ testResults: [file("a", "passed", "failed"), broken] }, { ci: false, code: 1 })).toEqual(
    {
      ok: false,
      lines: [
        "failed: a > test 1\n    Error: up failed:\n      no such host",
        "could not be run: b\n    no such module",
        "1 passed, 2 failed",
      ],
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
