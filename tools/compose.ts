/** Docker Compose from its Go module, for the tests with a real Docker engine: Debian's is too old for `!override`. */
import { existsSync } from "node:fs";
import { join } from "node:path";

import { PROJECT_ROOT, pulumiHome } from "./engine.ts";
import { buildGoProgram } from "./go-module.ts";

const COMPOSE_VERSION = "2.40.3";

/** Folder to be named in Docker's `cliPluginsExtraDirs`. */
export const composeFolder = () => join(pulumiHome(), "tools", `docker-compose-${COMPOSE_VERSION}`);

/** Builds it once. */
export async function ensureCompose(say: (line: string) => void): Promise<void> {
  const output = join(composeFolder(), "docker-compose");
  if (existsSync(output)) return;
  say(`building Docker Compose ${COMPOSE_VERSION} from its Go module: some minutes, once`);
  await buildGoProgram({
    module: join(PROJECT_ROOT, "tools/compose"),
    package: "github.com/docker/compose/v2/cmd",
    variables: { "github.com/docker/compose/v2/internal.Version": `v${COMPOSE_VERSION}` },
    output,
  });
}
