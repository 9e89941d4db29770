/** Running an operation on a stack's machine over SSH, in the way its steps run there. */
import { stepShell } from "../components/host/step-script.ts";
import type { Operation } from "../components/harbor/operation-scripts.ts";
import type { SshTarget } from "../provider/nodes/ssh-connection.ts";
import { SshError } from "../provider/nodes/ssh-error.ts";
import { runOverSsh } from "../provider/nodes/ssh.ts";
import { Problem } from "./problem.ts";
import type { StackMachine } from "./stack-outputs.ts";

/** Seconds for each hop of the connection. */
const connectSeconds = 15;
/** Seconds beyond the operation's own: connecting, further tries, and what the machine needs to end a late one. */
const spareSeconds = 90;

/**
 * Runs it to its end and returns what it printed.
 * @throws Problem with the machine's words where it failed or could not be reached
 */
export async function runOnMachine(
  { machine, privateKey, jumpPrivateKey }: StackMachine,
  { script, seconds }: Operation,
  signal: AbortSignal,
): Promise<string> {
  const { address, port, user, hostKey, jump, sudo } = machine;
  const target: SshTarget = {
    ...{ address, port, user, hostKey, privateKey },
    jump: jump && { ...jump, privateKey: jumpPrivateKey },
  };
  try {
    const { status, stdout, stderr } = await runOverSsh(target, {
      command: `${stepShell(sudo, seconds)} up`,
      stdin: script,
      timeouts: { connect: connectSeconds, total: seconds + spareSeconds },
      signal,
    });
    if (status === 0) return stdout;
    throw new Problem(stderr === "" ? `the machine ended it with status ${status ?? "unknown"}` : stderr);
  } catch (error) {
    throw error instanceof SshError ? new Problem(`the machine can't be reached. ${error.message}`) : error;
  }
}
