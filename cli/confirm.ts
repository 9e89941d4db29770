import { createInterface } from "node:readline";
import { Problem } from "./problem.ts";

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
