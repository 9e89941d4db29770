import { createInterface } from "node:readline";
import { Option } from "commander";
import { Problem } from "./problem.ts";

export interface YesOptions {
  readonly yes?: true;
}

export function yesOption(): Option {
  return new Option("-y, --yes", "don't ask for the stack's name first");
}

/** What is asked about. */
export function interruption(doing: string, stack: string, url: string): string {
  return (
    `${doing} Harbor of the stack ${stack} (${url}): pulls that run through it break, and until it runs again nodes ` +
    "pull from the upstream registries. Data and certificates stay."
  );
}

/**
 * Asks for the stack's name before what interrupts people.
 * @throws Problem where another name was typed, or nobody can be asked
 */
export async function confirm(
  stack: string,
  what: string,
  input: NodeJS.ReadableStream & { isTTY?: boolean } = process.stdin,
  output: NodeJS.WritableStream = process.stderr,
): Promise<void> {
  output.write(`${what}\n`);
  if (input.isTTY !== true) {
    throw new Problem("nothing was done: nobody can be asked here. To do it anyway: FORCE=1 (or --yes)");
  }
  const terminal = createInterface({ input, output });
  const typed = await new Promise<string>((resolve) => {
    terminal.question("Type the stack's name to go on: ", resolve);
    // By Ctrl-C and Ctrl-D.
    terminal.once("close", () => {
      resolve("");
    });
  });
  terminal.close();
  if (typed.trim() !== stack) throw new Problem("nothing was done: that is not the stack's name");
}
