/** How the CLI comes to a machine where the launcher can download nothing, with a fake `go`. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ensureCli } from "../../../tools/cli.ts";

let folder: string;
const said: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cli-"));
  for (const name of ["bin", "home", "node_modules/pulumi", "tools/engine"])
    mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(
    join(folder, "node_modules/pulumi/run.js"),
    "console.error('getaddrinfo ENOTFOUND'); process.exit(1);",
  );
  writeFileSync(join(folder, "tools/engine/go.mod"), "module pinned\n");
  vi.stubEnv("PATH", join(folder, "bin"));
  said.length = 0;
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** `go` in shell; `fails` are the words of calls that the module proxy refuses. */
function fakeGo(version: string, fails = "nothing"): void {
  const path = [join(folder, "bin"), "/usr/bin", "/bin"].join(delimiter);
  writeFileSync(
    join(folder, "bin/go"),
    `#!/bin/sh
PATH=${path}
echo "$1 $(head -n 1 go.mod 2>/dev/null) $(echo "$*" | grep -o '@v.*')" >>"${folder}/calls"
case "$1 $(cat go.mod 2>/dev/null) $*" in
  version*) echo "go version go${version} linux/amd64" ;;
  *${fails}*) echo 'reading https://proxy: 403 Forbidden' >&2; exit 1 ;;
  build*) while [ "$1" != -o ]; do shift; done; echo built >"$2" ;;
esac
`,
  );
  chmodSync(join(folder, "bin/go"), 0o755);
}

const ensure = () => ensureCli(folder, join(folder, "home"), (line) => said.push(line));
const built = () => join(folder, "home/versions/3.259.0/bin");

test.each([
  ["is missing", undefined],
  ["is 1.19 here", "1.19.8"],
])("without a fit go it stops at once and says what to install: %s", async (state, version) => {
  if (version !== undefined) fakeGo(version);
  await expect(ensure()).rejects.toThrow(
    new RegExp(
      `needs the program go, 1\\.21 or newer, which ${state}\\. Install Go from https://go\\.dev/dl`,
    ),
  );
  expect(said.filter((line) => line.includes("building"))).toEqual([]);
  expect(existsSync(join(built(), "pulumi"))).toBe(false);
});

test("the pinned version is built, once", async () => {
  fakeGo("1.26.1");
  expect(await ensure()).toEqual({ bin: built(), fromModule: true });
  expect(readFileSync(join(built(), "built-from-go-module"), "utf8")).toBe("3.259.0\n");
  rmSync(join(folder, "calls"));
  expect(await ensure()).toEqual({ bin: built(), fromModule: true });
  expect(existsSync(join(folder, "calls"))).toBe(false);
});

test("where the proxy refuses the pinned version, an older one is taken", async () => {
  fakeGo("1.21.0", "pinned");
  await ensure();
  expect(readFileSync(join(built(), "built-from-go-module"), "utf8")).toBe("3.255.0\n");
  expect(readFileSync(join(folder, "calls"), "utf8").trim().split(/ *\n/)).toEqual([
    expect.stringMatching(/^version/),
    "build module pinned",
    "get module other @v3.255.0",
    "build module other",
  ]);
});

test("where all are refused, nothing is left behind and the proxy's words are told", async () => {
  fakeGo("1.26.1", "module");
  const refused = await ensure().then(() => "", String);
  expect(refused).toContain("no Pulumi CLI could be had");
  expect(refused.match(/403 Forbidden/g)).toHaveLength(3);
  expect(existsSync(join(built(), "built-from-go-module"))).toBe(false);
  expect(existsSync(join(built(), "pulumi"))).toBe(false);
});
