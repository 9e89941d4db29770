/** actionlint from its Go module, for the test of the workflows. */
import { existsSync } from "node:fs";
import { join } from "node:path";

import { PROJECT_ROOT, pulumiHome } from "./engine.ts";
import { buildGoProgram } from "./go-module.ts";

const ACTIONLINT_VERSION = "1.7.12";

/** Builds it once, in seconds, and returns its path. */
export async function ensureActionlint(): Promise<string> {
  const output = join(pulumiHome(), "tools", `actionlint-${ACTIONLINT_VERSION}`);
  if (existsSync(output)) return output;
  await buildGoProgram({
    module: join(PROJECT_ROOT, "tools/actionlint"),
    package: "github.com/rhysd/actionlint/cmd/actionlint",
    variables: {},
    output,
  });
  return output;
}
