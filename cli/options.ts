/** What commands take alike. */
import { InvalidArgumentError, Option } from "commander";

export interface StackOptions {
  readonly stack: string;
}

/** `--stack NAME`, needed. */
export function stackOption(): Option {
  return new Option("-s, --stack <name>", "the Pulumi stack")
    .makeOptionMandatory()
    .argParser(given("which stack?"));
}

/** A value that isn't empty, as it is where `make` was called without it. */
export function given(question: string): (value: string) => string {
  return (value) => {
    if (value === "") throw new InvalidArgumentError(question);
    return value;
  };
}

/** Ends a command's help. Each example is a command line behind `harbor-cache`, and what it does. */
export function examples(lines: readonly (readonly [command: string, does: string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length)) + 2;
  return [
    "\nExamples:",
    ...lines.map(([command, does]) => `  harbor-cache ${command.padEnd(width)}${does}`),
  ].join("\n");
}
