/** The workflows as actionlint reads them: their language, expressions and contexts. */
import { globSync } from "node:fs";

import { expect, test } from "vitest";

import { ensureActionlint } from "../../tools/actionlint.ts";
import { PROJECT_ROOT } from "../../tools/engine.ts";
import { run } from "../../tools/run.ts";

test("actionlint finds nothing", async () => {
  const files = globSync(".github/workflows/*.yml", { cwd: PROJECT_ROOT });
  expect(files.length).toBeGreaterThan(0);
  // Its checks of shell and Python would depend on what is installed here.
  const args = ["-no-color", "-shellcheck=", "-pyflakes=", ...files];
  const { code, stdout } = await run(await ensureActionlint(), args, { cwd: PROJECT_ROOT });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
});
