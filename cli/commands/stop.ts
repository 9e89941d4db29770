import type { Command } from "commander";
import { stopOperation } from "../../components/harbor/operation-scripts.ts";
import { confirm, interruption, yesOption } from "../confirm.ts";
import type { YesOptions } from "../confirm.ts";
import { interruptible } from "../interruptible.ts";
import { runOnMachine } from "../machine.ts";
import { examples, stackOption } from "../options.ts";
import type { StackOptions } from "../options.ts";
import { readStackMachine } from "../stack-outputs.ts";

export function addStop(program: Command): void {
  program
    .command("stop")
    .summary("stop Harbor; data and certificates stay")
    .description(
      "Stops Harbor. Data and certificates stay; nodes pull from the upstream registries meanwhile.",
    )
    .addOption(stackOption())
    .addOption(yesOption())
    .addHelpText(
      "after",
      examples([
        ["stop --stack prod", "asks for the stack's name, then stops Harbor"],
        ["stop --stack prod --yes", "does not ask"],
      ]),
    )
    .action(stop);
}

async function stop({ stack, yes }: StackOptions & YesOptions): Promise<void> {
  const signal = interruptible();
  const found = await readStackMachine(stack);
  if (yes !== true) await confirm(stack, interruption("Stopping", stack, found.machine.url));
  process.stdout.write(await runOnMachine(found, stopOperation(found.machine), signal));
}
