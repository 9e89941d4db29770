/** What a run of the tests comes to, in lines for people; the last one counts. */
import { stripVTControlCharacters } from "node:util";

import { z } from "zod";

/** Of vitest's JSON reporter, as far as it is read. */
export const testReport = z.object({
  testResults: z.array(
    z.object({
      /** The file. */
      name: z.string(),
      status: z.string(),
      /** Why the file could not be loaded. */
      message: z.string().default(""),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).default([]),
        }),
      ),
    }),
  ),
});

export type TestReport = z.infer<typeof testReport>;

export interface Summary {
  readonly ok: boolean;
  readonly lines: readonly string[];
}

/** In CI a skip is a failure. A run that ends badly without a failed test has failed all the same. */
export function summarize(report: TestReport, run: { readonly ci: boolean; readonly code: number }): Summary {
  const lines: string[] = [];
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  for (const { name, status, message, assertionResults } of report.testResults) {
    const count = (wanted: string) => assertionResults.filter((test) => test.status === wanted).length;
    const notRun = assertionResults.length - count("passed") - count("failed");
    // A file that can't even be loaded has no test that could fail.
    const broken = status === "failed" && count("failed") === 0;
    if (broken) lines.push(`could not be run: ${name}${begin(message)}`);
    for (const { fullName, status: outcome, failureMessages } of assertionResults)
      if (outcome === "failed") lines.push(`failed: ${name} > ${fullName}${begin(failureMessages[0] ?? "")}`);
    if (notRun > 0) lines.push(`skipped: ${notRun} in ${name}`);
    passed += count("passed");
    failed += count("failed") + (broken ? 1 : 0);
    skipped += notRun;
  }
  if (run.ci && skipped > 0) {
    lines.push("in CI a skip is a failure");
    failed += skipped;
  }
  if (failed === 0 && (run.code !== 0 || passed === 0)) {
    lines.push(`the test runner ended with code ${run.code} after ${passed} tests`);
    failed = 1;
  }
  const rest = run.ci || skipped === 0 ? "" : `, ${skipped} skipped`;
  return { ok: failed === 0, lines: [...lines, `${passed} passed, ${failed} failed${rest}`] };
}

/** The beginning of a message, below the line that it belongs to: of a long run only the end may be kept. */
function begin(message: string): string {
  const lines = stripVTControlCharacters(message)
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^\s+at /.test(line));
  return lines
    .slice(0, 12)
    .map((line) => `\n    ${line.slice(0, 300)}`)
    .join("");
}
