import { globSync } from "node:fs";

import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** One process for many files: these mock no module, give Pulumi no mocks and change nothing of their process. */
const shared = globSync("test/unit/{ci,config,harbor,lab-harbor,policy,provider}/*.test.ts", {
  cwd: import.meta.dirname,
  // These do.
  exclude: ["config/load", "harbor/harbor", "harbor/machine-output"].map(
    (name) => `test/unit/${name}.test.ts`,
  ),
});

/** By tools/test.ts, paths with commas between them. */
const leftOut = (process.env["TESTS_LEFT_OUT"] ?? "").split(",").filter((file) => file !== "");

/** What takes longest begins first, so that nothing runs alone at the end. */
const LONG = ["/test/engine/prod", "/test/e2e/edge", "/test/engine/", "/test/e2e/"];

class LongestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number =>
      [...LONG, ""].findIndex((part) => moduleId.includes(part));
    return Promise.resolve([...files].sort((a, b) => rank(a) - rank(b)));
  }
}

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // Processes, not threads: tests change the environment and Pulumi's runtime keeps state per process.
    pool: "forks",
    // More than two cores have: some of the longest only wait.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    projects: [
      { extends: true, test: { name: "shared", include: shared, isolate: false } },
      {
        extends: true,
        test: { name: "own", include: ["test/**/*.test.ts"], exclude: [...shared, ...leftOut] },
      },
    ],
  },
});
