/** The benchmark on three nodes: that it runs, checks what was done, and leaves nothing behind. */
import { readdirSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { record } from "../../bench/record.ts";
import { PROJECT_ROOT } from "../../tools/engine.ts";
import { run } from "../../tools/run.ts";
import { findProgram } from "../../tools/test-programs.ts";

const needed = await Promise.all(["sshd", "ssh", "python3", "xargs"].map(findProgram));
const missing = needed.includes(undefined);
if (missing && process.env["CI"] === "true") throw new Error("sshd, ssh or python3 is missing");

test.skipIf(missing)("the provider and a loop of ssh bring the same files to three nodes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "bench-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const output = join(folder, "last.json");
  const ended = await run(
    process.execPath,
    ["bench/main.ts", "--nodes", "3", "--ways", "provider,ssh-loop", "--output", output],
    // Where it would put its nodes, but for the memory of the machine.
    { cwd: PROJECT_ROOT, timeout: 110 },
  );
  expect(ended.stderr).toBe("");
  expect(ended.code).toBe(0);
  const { runs } = record.parse(JSON.parse(await readFile(output, "utf8")));
  expect(runs.map(({ way, nodes, case: which }) => `${way} ${nodes} ${which}`)).toEqual([
    "provider 3 first",
    "provider 3 no-op",
    "provider 3 refresh",
    "provider 3 change-all",
    "ssh-loop 3 first",
    "ssh-loop 3 no-op",
    "ssh-loop 3 change-all",
  ]);
  // A process is in each: at least what a Node or a shell with an ssh takes.
  for (const one of runs) {
    expect(one.runner_cpu_s).toBeGreaterThan(0.01);
    expect(one.peak_rss_mb).toBeGreaterThan(one.way === "provider" ? 50 : 5);
    expect(one.wall_s).toBeGreaterThan(0.01);
  }
  const left = ["/dev/shm", tmpdir()]
    .flatMap((where) => readdirSync(where))
    .filter((name) => name.includes("bench-"));
  expect(left).toEqual([expect.stringContaining("bench-test-")]);
});
