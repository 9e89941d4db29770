import type { Command } from "commander";
import { startOperation } from "../../components/harbor/operation-scripts.ts";
import { interruptible } from "../interruptible.ts";
import { runOnMachine } from "../machine.ts";
import { examples, stackOption } from "../options.ts";
import type { StackOptions } from "../options.ts";
import { readStackMachine } from "../stack-outputs.ts";

export function addStart(program: Command): void {
  program
    .command("start")
    .summary("start a stopped Harbor and wait until it is healthy")
    .description(
      "Starts a stopped Harbor and waits until it is healthy. Refuses where that would do harm, as without its data.",
    )
    .addOption(stackOption())
    .addHelpText("after", examples([["start --stack prod", "starts the Harbor of the stack prod"]]))
    .action(start);
}

async function start({ stack }: StackOptions): Promise<void> {
  const signal = interruptible();
  const found = await readStackMachine(stack);
  process.stdout.write(await runOnMachine(found, startOperation(found.machine, found.caCertificate), signal));
}
