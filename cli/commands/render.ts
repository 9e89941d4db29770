import type { Command } from "commander";
import { examples, given, stackOption } from "../options.ts";
import type { StackOptions } from "../options.ts";
import { printRendered, readRendered, writeRendered } from "../rendered-files.ts";

interface RenderOptions extends StackOptions {
  /** Folder. Absent: print. */
  readonly output?: string;
}

export function addRender(program: Command): void {
  program
    .command("render")
    .summary("print the cache for other tools")
    .description(
      "Prints the cache for tools that write the nodes' files themselves, as the last up rendered it.",
    )
    .argument("<what>", "kubespray, containerd, k3s, talos, openshift or ansible", given("which format?"))
    .addOption(stackOption())
    .option("-o, --output <folder>", "write the files below this folder", given("which folder?"))
    .addHelpText(
      "after",
      examples([
        ["render kubespray --stack prod", "prints the file"],
        ["render containerd --stack prod --output rendered", "writes the files below the folder rendered"],
      ]),
    )
    .action(render);
}

async function render(what: string, { stack, output }: RenderOptions): Promise<void> {
  const files = await readRendered(stack, what);
  if (output === undefined) printRendered(files);
  else await writeRendered(files, output);
}
