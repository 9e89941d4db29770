import { globSync } from "node:fs";

import { defineConfig } from "vitest/config";

/** One process for many files: these mock no module, give Pulumi no mocks and change nothing of their process. */
const shared = globSync("test/unit/{ci,config,harbor,lab-harbor,policy,provider}/*.test.ts", {
  cwd: import.meta.dirname,
  // These do.
  exclude: ["config/load", "harbor/harbor", "harbor/machine-output"].map(
    (name) => `test/unit/${name}.test.ts`,
  ),
});

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // Processes, not threads: tests change the environment and Pulumi's runtime keeps state per process.
    pool: "forks",
    // More than two cores have: some of the longest only wait.
    maxWorkers: 3,
    projects: [
      { extends: true, test: { name: "shared", include: shared, isolate: false } },
      { extends: true, test: { name: "own", include: ["test/**/*.test.ts"], exclude: shared } },
    ],
  },
});
