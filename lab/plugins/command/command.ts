/** What `command:remote:Command` does at create, update and delete. */
import type { Client } from "ssh2";

import type { Properties } from "../../../provider/values.ts";
import { dial } from "./dial.ts";
import { parseCommand, parseOutputs } from "./inputs.ts";
import type { Command } from "./inputs.ts";
import { runRemotely } from "./remote-run.ts";
import type { Ran } from "./remote-run.ts";

export interface Surroundings {
  readonly signal: AbortSignal;
  /** Connections are kept until the plugin ends, as the real plugin's are. */
  readonly connections: Set<Client>;
  log(severity: "info" | "warning", message: string): void;
}

const NOTHING: Ran = { stdout: "", stderr: "" };

export function create(inputs: Properties, around: Surroundings): Promise<Ran> {
  const command = parseCommand(inputs);
  return execute(command, command.create, NOTHING, around);
}

/** Without `update` the `create` command runs again; without either the last outputs stay. */
export function update(olds: Properties, news: Properties, around: Surroundings): Promise<Ran> {
  const command = parseCommand(news);
  return execute(command, command.update ?? command.create, parseOutputs(olds), around);
}

/** Runs with everything that the state holds: the old connection and the old stdin. */
export async function remove(state: Properties, around: Surroundings): Promise<void> {
  const command = parseCommand(state);
  await execute(command, command.delete, parseOutputs(state), around);
}

async function execute(
  command: Command,
  text: string | undefined,
  previous: Ran,
  around: Surroundings,
): Promise<Ran> {
  if (text === undefined) return previous;
  const client = await dial(command.connection, around.signal);
  around.connections.add(client);
  client.once("close", () => around.connections.delete(client));
  // sshd takes no variables unless its AcceptEnv names them, and that is off by default.
  const [variable] = Object.keys(command.environment ?? {});
  if (variable !== undefined)
    throw new Error(`could not set environment variable "${variable}": ssh: setenv failed`);
  if (command.addPreviousOutputInEnv !== false && `${previous.stdout}${previous.stderr}` !== "") {
    around.log(
      "warning",
      "Unable to set PULUMI_COMMAND_STDOUT or PULUMI_COMMAND_STDERR; set addPreviousOutputInEnv to false",
    );
  }
  const logging = command.logging ?? "stdoutAndStderr";
  const logged = {
    stdout: logging === "stdout" || logging === "stdoutAndStderr",
    stderr: logging === "stderr" || logging === "stdoutAndStderr",
  };
  const ran = await runRemotely(client, text, { stdin: command.stdin, logged });
  for (const stream of ["stdout", "stderr"] as const) {
    if (!logged[stream] || ran[stream] === "") continue;
    for (const line of ran[stream].split("\n")) around.log("info", line);
  }
  return ran;
}
