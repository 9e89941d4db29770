import { Option } from "commander";
import type { Command } from "commander";
import { collectHostKeys } from "../host-keys/collect.ts";
import type { Host } from "../host-keys/host.ts";
import { namedNode } from "../host-keys/named-nodes.ts";
import type { NamedNode } from "../host-keys/named-nodes.ts";
import { addToKnownHosts } from "../host-keys/known-hosts-file.ts";
import { reviewJson, reviewText } from "../host-keys/review.ts";
import { examples, given, stackOption } from "../options.ts";

interface HostKeysOptions {
  readonly stack?: string;
  readonly configFile?: string;
  readonly nodes?: readonly NamedNode[];
  /** known_hosts file. Absent: print. */
  readonly output?: string;
  readonly json?: true;
}

export function addHostKeys(program: Command): void {
  program
    .command("host-keys")
    .summary("collect the nodes' SSH host keys, for a first review")
    .description(
      "Asks all nodes of a stack's configuration, and their jump hosts, for their SSH host keys, and prints them as " +
        "lines of known_hosts. Logs in at jump hosts only, and there only where the key is known. Exits with 1 where a " +
        "host shows another key than the one that is known, or none.",
    )
    .addOption(stackOption().makeOptionMandatory(false))
    .option("--config-file <file>", "instead of Pulumi.<stack>.yaml", given("which file?"))
    .addOption(
      new Option(
        "--nodes <name=address:port...>",
        "these nodes instead, by the stack's jump host if any",
      ).argParser(namedNode),
    )
    .option("-o, --output <file>", "add new keys to this file; never replaces one", given("which file?"))
    .option("--json", "print it for programs")
    .addHelpText(
      "after",
      examples([
        ["host-keys --stack prod", "prints the keys, and a table to compare"],
        ["host-keys --stack prod --output known_hosts", "adds those that are new"],
        ["host-keys --nodes w1=10.0.0.11 w2=10.0.0.12:2222", "asks hosts that no configuration lists"],
      ]),
    )
    .action(hostKeys);
}

async function hostKeys(options: HostKeysOptions, command: Command): Promise<void> {
  const { output, json } = options;
  const hosts = await hostsOf(options, command);
  const interrupted = new AbortController();
  process.once("SIGINT", () => {
    interrupted.abort();
  });
  const { answers, lines } = await collectHostKeys(hosts, output, interrupted.signal);
  process.stderr.write(reviewText(answers));
  if (json) process.stdout.write(reviewJson(answers));
  else if (output === undefined) process.stdout.write(lines);
  if (output !== undefined && lines !== "") await addToKnownHosts(output, lines);
  process.exitCode = answers.every(({ standing }) => standing === "new" || standing === "known") ? 0 : 1;
}

async function hostsOf(
  { stack, configFile, nodes }: HostKeysOptions,
  command: Command,
): Promise<readonly Host[]> {
  if (stack !== undefined) {
    // Takes a while to load, which the other commands needn't wait for.
    const { configuredNodes } = await import("../host-keys/configured-nodes.ts");
    return configuredNodes({ stack, file: configFile, named: nodes });
  }
  if (nodes === undefined) command.error("error: which nodes? --stack or --nodes");
  return nodes.map(({ port = 22, ...node }) => ({ ...node, port }));
}
