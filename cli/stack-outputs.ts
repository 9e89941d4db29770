/** Where a stack's machine is, and how to get in: from the stack's outputs, as the Pulumi CLI tells them. */
import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { machineSchema } from "../components/harbor/machine-schema.ts";
import type { MachineOutput } from "../components/harbor/machine-schema.ts";
import { Problem } from "./problem.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Milliseconds: a backend far away, and a KMS that decrypts. */
const timeout = 120_000;

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
  return parseJson(await stackOutput(await findPulumi(), stack));
}

function parseJson(text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    throw new Problem("pulumi stack output printed something else than JSON");
  }
}

function stackOutput(pulumi: string, stack: string): Promise<string> {
  const args = ["stack", "output", "--json", "--show-secrets", "--non-interactive", "--color", "never"];
  return new Promise((done, fail) => {
    const options = { cwd: root, timeout, maxBuffer: 64 * 1024 * 1024 };
    execFile(pulumi, [...args, "--stack", stack], options, (error, stdout, stderr) => {
      if (error === null) done(stdout);
      // Not the error's own message: it names the command, not the cause. Secrets are on stdout only.
      else
        fail(
          new Problem(
            `pulumi can't read the outputs of the stack ${stack}:\n${stderr.trim() || String(error.code)}`,
          ),
        );
    });
  });
}

/** The user's own CLI; else the one that this project gets where there is none. */
async function findPulumi(): Promise<string> {
  const launcher = join(root, "node_modules/.bin");
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    // The launcher there would fetch a CLI of its own.
    if (folder === "" || resolve(folder) === launcher) continue;
    const program = join(folder, "pulumi");
    if (await isExecutable(program)) return program;
  }
  const [{ ensureCli }, { pulumiHome }] = await Promise.all([
    import("../tools/cli.ts"),
    import("../tools/engine.ts"),
  ]);
  const { bin } = await ensureCli(root, pulumiHome(), (line) => {
    console.error(line);
  });
  return join(bin, "pulumi");
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
