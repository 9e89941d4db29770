/** Where a stack's machine is, and how to get in: from the stack's outputs, as the Pulumi CLI tells them. */
import { z } from "zod";
import { machineSchema } from "../components/harbor/machine-schema.ts";
import type { MachineOutput } from "../components/harbor/machine-schema.ts";
import { Problem } from "./problem.ts";
import { askPulumi } from "./pulumi.ts";

/** What the stack doesn't have is null there. */
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined);

const outputsSchema = z.object({
  machine: machineSchema,
  machinePrivateKey: text,
  jumpPrivateKey: text,
  caCertificate: text,
});

export interface StackMachine {
  readonly machine: MachineOutput;
  /** Absent: the SSH agent. */
  readonly privateKey: string | undefined;
  readonly jumpPrivateKey: string | undefined;
  /** PEM that clients have to trust; absent where the certificate is publicly trusted, or there is none. */
  readonly caCertificate: string | undefined;
}

/**
 * Reads the outputs with the caller's own PULUMI_* settings. Nothing of them is ever printed.
 * @throws Problem where the stack can't be read or has no machine
 */
export async function readStackMachine(stack: string): Promise<StackMachine> {
  const outputs = await readOutputs(stack);
  if (outputs["machine"] === undefined) {
    throw new Problem(
      `the stack ${stack} has no machine yet, or was made by an older version: run pulumi up --stack ${stack}`,
    );
  }
  const parsed = outputsSchema.safeParse(outputs);
  if (!parsed.success) {
    const where = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
    throw new Problem(
      `the outputs of the stack ${stack} can't be used (${where}): run pulumi up --stack ${stack}`,
    );
  }
  const { machine, machinePrivateKey, jumpPrivateKey, caCertificate } = parsed.data;
  return { machine, privateKey: machinePrivateKey, jumpPrivateKey, caCertificate };
}

/**
 * All outputs of the stack, as Pulumi tells them, secrets among them.
 * @throws Problem where the stack can't be read
 */
export async function readOutputs(stack: string): Promise<Record<string, unknown>> {
  const args = ["stack", "output", "--json", "--show-secrets", "--stack", stack];
  return parseJson(await askPulumi(`the outputs of the stack ${stack}`, args));
}

function parseJson(text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    throw new Problem("pulumi stack output printed something else than JSON");
  }
}
