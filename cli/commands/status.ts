import type { Command } from "commander";
import { statusOperation } from "../../components/harbor/operation-scripts.ts";
import { interruptible } from "../interruptible.ts";
import { runOnMachine } from "../machine.ts";
import { examples, stackOption } from "../options.ts";
import type { StackOptions } from "../options.ts";
import { Problem } from "../problem.ts";
import { readStackMachine } from "../stack-outputs.ts";
import { statusReport } from "../status-report.ts";
import type { StatusReport } from "../status-report.ts";
import { statusText } from "../status-text.ts";

interface StatusOptions extends StackOptions {
  readonly json?: true;
}

export function addStatus(program: Command): void {
  program
    .command("status")
    .summary("say how Harbor is; fails where it is not healthy")
    .description(
      "Says how Harbor's containers, certificate and disk are. Exits with 1 where something is wrong.",
    )
    .addOption(stackOption())
    .option("--json", "print it for programs")
    .addHelpText(
      "after",
      examples([
        ["status --stack prod", "prints what is wrong first, then what there is"],
        ["status --stack prod --json", "prints the same for programs"],
      ]),
    )
    .action(status);
}

async function status({ stack, json }: StatusOptions): Promise<void> {
  const signal = interruptible();
  const say = (report: object): void => {
    process.stdout.write(`${JSON.stringify({ stack, ...report }, null, 2)}\n`);
  };
  try {
    const report = await look(stack, signal);
    if (json) say(report);
    else process.stdout.write(statusText(stack, report));
    process.exitCode = report.healthy ? 0 : 1;
  } catch (error) {
    if (!json || !(error instanceof Problem)) throw error;
    say({ healthy: false, problems: [error.message] });
    process.exitCode = 1;
  }
}

async function look(stack: string, signal: AbortSignal): Promise<StatusReport> {
  const found = await readStackMachine(stack);
  const printed = await runOnMachine(found, statusOperation(found.machine, found.caCertificate), signal);
  return statusReport(found.machine, printed, new Date());
}
