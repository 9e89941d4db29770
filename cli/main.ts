/**
 * harbor-cache's own commands, for what is no change of a stack:
 *
 *     main.ts start|stop|restart|status --stack STACK [--yes] [--json]
 *     main.ts render WHAT --stack STACK [--output FOLDER]
 *
 * Exit codes: 0 done, or healthy; 1 not; 2 wrong arguments.
 */
import { parseArgs } from "node:util";
import { startOperation, statusOperation, stopOperation } from "../components/harbor/operation-scripts.ts";
import { confirm } from "./confirm.ts";
import { runOnMachine } from "./machine.ts";
import { Problem } from "./problem.ts";
import { printRendered, readRendered, writeRendered } from "./rendered-files.ts";
import { readStackMachine } from "./stack-outputs.ts";
import { statusReport } from "./status-report.ts";
import type { StatusReport } from "./status-report.ts";
import { statusText } from "./status-text.ts";

const usage =
  "usage: make start|stop|restart|status STACK=NAME [FORCE=1] [JSON=1]\n" +
  "       make render WHAT=FORMAT STACK=NAME [OUTPUT=FOLDER]";

interface Call {
  readonly stack: string;
  readonly yes: boolean;
  readonly json: boolean;
  /** What to render; empty for the others. */
  readonly what: string;
  /** Folder; absent: print. */
  readonly output: string | undefined;
  readonly signal: AbortSignal;
}

/** Each returns the exit code. */
const commands: Readonly<Record<string, (call: Call) => Promise<number>>> = {
  start,
  stop,
  restart,
  status,
  render,
};

async function start({ stack, signal }: Call): Promise<number> {
  const found = await readStackMachine(stack);
  process.stdout.write(await runOnMachine(found, startOperation(found.machine, found.caCertificate), signal));
  return 0;
}

async function stop({ stack, yes, signal }: Call): Promise<number> {
  const found = await readStackMachine(stack);
  if (!yes) await confirm(stack, interruption("Stopping", stack, found.machine.url));
  process.stdout.write(await runOnMachine(found, stopOperation(found.machine), signal));
  return 0;
}

async function restart({ stack, yes, signal }: Call): Promise<number> {
  const found = await readStackMachine(stack);
  if (!yes) await confirm(stack, interruption("Restarting", stack, found.machine.url));
  const operation = startOperation(found.machine, found.caCertificate, { restart: true });
  process.stdout.write(await runOnMachine(found, operation, signal));
  return 0;
}

function interruption(doing: string, stack: string, url: string): string {
  return (
    `${doing} Harbor of the stack ${stack} (${url}): pulls that run through it break, and until it runs again nodes ` +
    "pull from the upstream registries. Data and certificates stay."
  );
}

async function status({ stack, json, signal }: Call): Promise<number> {
  const say = (report: object): void => {
    process.stdout.write(`${JSON.stringify({ stack, ...report }, null, 2)}\n`);
  };
  try {
    const report = await look(stack, signal);
    if (json) say(report);
    else process.stdout.write(statusText(stack, report));
    return report.healthy ? 0 : 1;
  } catch (error) {
    if (!json || !(error instanceof Problem)) throw error;
    say({ healthy: false, problems: [error.message] });
    return 1;
  }
}

async function look(stack: string, signal: AbortSignal): Promise<StatusReport> {
  const found = await readStackMachine(stack);
  const printed = await runOnMachine(found, statusOperation(found.machine, found.caCertificate), signal);
  return statusReport(found.machine, printed, new Date());
}

async function render({ stack, what, output }: Call): Promise<number> {
  const files = await readRendered(stack, what);
  if (output === undefined) printRendered(files);
  else await writeRendered(files, output);
  return 0;
}

function call(signal: AbortSignal): { command: (call: Call) => Promise<number>; call: Call } {
  const { values, positionals } = parsed();
  const [name = "", ...operands] = positionals;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  const { stack = "", yes = false, json = false, output } = values;
  const [what = ""] = operands;
  if (command === undefined || operands.length !== (command === render ? 1 : 0)) throw new Problem(usage, 2);
  if (stack === "") throw new Problem(`which stack? ${usage}`, 2);
  if (json && command !== status) throw new Problem(`only status has a form for programs. ${usage}`, 2);
  if (output !== undefined && command !== render) throw new Problem(`only render writes files. ${usage}`, 2);
  if (output === "") throw new Problem(`which folder? ${usage}`, 2);
  return { command, call: { stack, yes, json, what, output, signal } };
}

function parsed() {
  try {
    return parseArgs({
      options: {
        stack: { type: "string" },
        yes: { type: "boolean" },
        json: { type: "boolean" },
        output: { type: "string" },
      },
      allowPositionals: true,
    });
  } catch (error) {
    throw new Problem(`${error instanceof Error ? error.message : String(error)}\n${usage}`, 2);
  }
}

const interrupted = new AbortController();
process.once("SIGINT", () => {
  console.error(
    "interrupted: what has begun on the machine is waited for; once more, and it goes on there by itself",
  );
  interrupted.abort();
});
try {
  const { command, call: given } = call(interrupted.signal);
  process.exitCode = await command(given);
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
