import type { Command } from "commander";
import { startOperation } from "../../components/harbor/operation-scripts.ts";
import { confirm, interruption, yesOption } from "../confirm.ts";
import type { YesOptions } from "../confirm.ts";
import { interruptible } from "../interruptible.ts";
import { runOnMachine } from "../machine.ts";
import { examples, stackOption } from "../options.ts";
import type { StackOptions } from "../options.ts";
import { readStackMachine } from "../stack-outputs.ts";

export function addRestart(program: Command): void {
  program
    .command("restart")
    .summary("stop Harbor, start it and wait until it is healthy")
    .description("Stops Harbor, starts it and waits until it is healthy.")
    .addOption(stackOption())
    .addOption(yesOption())
    .addHelpText(
      "after",
      examples([
        ["restart --stack prod", "asks for the stack's name, then restarts Harbor"],
        ["restart --stack prod --yes", "does not ask"],
      ]),
    )
    .action(restart);
}

async function restart({ stack, yes }: StackOptions & YesOptions): Promise<void> {
  const signal = interruptible();
  const found = await readStackMachine(stack);
  if (yes !== true) await confirm(stack, interruption("Restarting", stack, found.machine.url));
  const operation = startOperation(found.machine, found.caCertificate, { restart: true });
  process.stdout.write(await runOnMachine(found, operation, signal));
}
