/** `make test`: brings what the tests need, runs them, and ends with a line that counts them. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { z } from "zod";

import { ensureCompose } from "./compose.ts";
import { ensureEngine, PROJECT_ROOT } from "./engine.ts";
import { run } from "./run.ts";
import { ensureTestPrograms } from "./test-programs.ts";

const report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(
    z.object({ name: z.string(), status: z.string(), assertionResults: z.array(z.unknown()) }),
  ),
});

const say = (line: string) => {
  console.log(line);
};
const inCi = process.env["CI"] === "true";
const onlyFiles = process.argv.slice(2);

const missing = await ensureTestPrograms(say);
if (missing.length > 0) say(`missing: ${missing.join(", ")}: the tests that need them are skipped`);
const engine = await ensureEngine(say);
for (const part of engine.standIns) say(`  ${part}`);
if (!missing.includes("dockerd")) await ensureCompose(say);

const reportFile = join(PROJECT_ROOT, ".cache/test-report.json");
await mkdir(join(PROJECT_ROOT, ".cache"), { recursive: true });
const vitest = await run(
  process.execPath,
  [
    join(PROJECT_ROOT, "node_modules/vitest/vitest.mjs"),
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${reportFile}`,
    ...onlyFiles,
  ],
  { cwd: PROJECT_ROOT, timeout: 3600, onOutput: (text) => process.stdout.write(text) },
);
const counted = report.parse(JSON.parse(await readFile(reportFile, "utf8")));
// A file that can't even be loaded has no test that could fail.
const broken = counted.testResults.filter(
  (file) => file.status === "failed" && file.assertionResults.length === 0,
);
for (const file of broken) say(`could not be loaded: ${file.name}`);
const skipped = counted.numPendingTests + counted.numTodoTests;
if (inCi && skipped > 0) say(`${skipped} skipped: in CI a skip is a failure`);
const failed = counted.numFailedTests + broken.length + (inCi ? skipped : 0);
const ok = failed === 0 && vitest.code === 0 && counted.numPassedTests > 0;
if (!ok) process.exitCode = 1;
if (failed === 0 && !ok) say(`the test runner ended with code ${vitest.code}`);
say(
  `${counted.numPassedTests} passed, ${failed} failed${inCi || skipped === 0 ? "" : `, ${skipped} skipped`}`,
);
