/**
 * `make test`: brings what the tests need, runs them, and ends with a line that counts them. Arguments are vitest's
 * filters of files. `--edge` (`make test-edge`) is those with real certificates, `--kubernetes` (`make test-kubernetes`)
 * those with a real API server; both build what they need. `--all` (`make test-all`) is what CI runs: the long ones too.
 */
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import { ensureCompose } from "./compose.ts";
import { ensureDebianRoot } from "./debian-root.ts";
import { edgeProgramsAreThere, ensureEdgePrograms } from "./edge-programs.ts";
import { ensureEngine, PROJECT_ROOT } from "./engine.ts";
import { ensureKubeApiserver, kubeApiserverIsThere } from "./kube-apiserver.ts";
import { run } from "./run.ts";
import { ensureTestPrograms } from "./test-programs.ts";
import { summarize, testReport } from "./test-report.ts";

const say = (line: string) => {
  console.log(line);
};
const inCi = process.env["CI"] === "true";
/** With real certificates. What they need takes minutes to build, once: in CI, or where `make test-edge` asks for it. */
const EDGE_TESTS = ["test/e2e/edge.test.ts", "test/e2e/rebuild.test.ts"];
const onlyEdge = process.argv[2] === "--edge";
/** With a real API server, which takes minutes to build, once. */
const KUBERNETES_TESTS = ["test/engine/kubernetes.test.ts", "test/engine/login.test.ts"];
const onlyKubernetes = process.argv[2] === "--kubernetes";
/** Much work on single subjects: who works on something else leaves them to CI. */
const LONG_TESTS = [
  ...EDGE_TESTS,
  ...KUBERNETES_TESTS,
  "test/engine/cache.test.ts",
  "test/engine/operating.test.ts",
  "test/engine/policy.test.ts",
  "test/engine/prod.test.ts",
  "test/e2e/ansible-inventory.test.ts",
  "test/e2e/bench.test.ts",
];
const everything = inCi || process.argv[2] === "--all";
const onlyFiles = onlyEdge
  ? EDGE_TESTS
  : onlyKubernetes
    ? KUBERNETES_TESTS
    : process.argv.slice(2).filter((argument) => argument !== "--all");
const leftOut = everything || onlyFiles.length > 0 ? [] : LONG_TESTS;

const missing = await ensureTestPrograms(say);
if (process.getuid?.() !== 0) say("not root: the tests with a real Docker engine are skipped");
if (missing.length > 0) say(`missing: ${missing.join(", ")}: the tests that need them are skipped`);
const engine = await ensureEngine(say);
for (const part of engine.standIns) say(`  ${part}`);
if (!missing.includes("dockerd")) await ensureCompose(say);
await ensureDebianRoot(say);
if (everything || onlyEdge) await ensureEdgePrograms(say);
else if (leftOut.length === 0 && !(await edgeProgramsAreThere()))
  say(
    "Traefik is not built: the tests with real certificates are skipped; make test-edge builds it and runs them",
  );
if (everything || onlyKubernetes) await ensureKubeApiserver(say);
else if (leftOut.length === 0 && !(await kubeApiserverIsThere()))
  say(
    "kube-apiserver is not built: the tests with Kubernetes are skipped; " +
      "make test-kubernetes builds it and runs them",
  );

for (const file of leftOut) say(`left to CI and make test-all: ${file}`);

const reportFile = join(PROJECT_ROOT, ".cache/test-report.json");
await mkdir(join(PROJECT_ROOT, ".cache"), { recursive: true });
// A run that is cut off must not be judged by the one before.
await rm(reportFile, { force: true });
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
  {
    cwd: PROJECT_ROOT,
    // A process for each file of tests: most of their time to start is compiling the same libraries.
    env: {
      ...process.env,
      NODE_COMPILE_CACHE: join(PROJECT_ROOT, ".cache/compiled"),
      // Read by vitest.config.ts: vitest's own --exclude doesn't reach projects.
      TESTS_LEFT_OUT: leftOut.join(","),
    },
    timeout: 3600,
    onOutput: (text) => process.stdout.write(text),
  },
);
const written = await readFile(reportFile, "utf8").catch(() => '{"testResults":[]}');
const { ok, lines } = summarize(testReport.parse(JSON.parse(written)), { ci: inCi, code: vitest.code });
for (const line of lines) say(line);
if (!ok) process.exitCode = 1;
