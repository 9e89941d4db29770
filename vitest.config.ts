import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // Processes, not threads: tests change the environment and Pulumi's runtime keeps state per process.
    pool: "forks",
    // More than two cores have: some of the longest only wait.
    maxWorkers: 3,
  },
});
