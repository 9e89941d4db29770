/** The command `harbor-cache`. Exit codes: 0 done, or healthy; 1 not; 2 wrong arguments. */
import { Command, CommanderError } from "commander";
import manifest from "../package.json" with { type: "json" };
import { addHostKeys } from "./commands/host-keys.ts";
import { addRender } from "./commands/render.ts";
import { addRestart } from "./commands/restart.ts";
import { addStart } from "./commands/start.ts";
import { addStatus } from "./commands/status.ts";
import { addStop } from "./commands/stop.ts";
import { Problem } from "./problem.ts";

const program = new Command("harbor-cache")
  .description("What is no change of a stack: Harbor's state, files for other tools, the nodes' host keys.")
  .version(manifest.version)
  .exitOverride()
  .showHelpAfterError("(--help tells how it is called)");
for (const add of [addStatus, addStart, addStop, addRestart, addRender, addHostKeys]) add(program);

try {
  await program.parseAsync();
} catch (error) {
  // Has said it already: of an error, or of help that was asked for.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof Problem) {
    console.error(error.message);
    process.exitCode = error.exitCode;
  } else throw error;
}
