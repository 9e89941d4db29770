/** The Pulumi CLI, asked with the caller's own PULUMI_* settings. */
import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Problem } from "./problem.ts";

/** The project's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Milliseconds: a backend far away, and a KMS that decrypts. */
const timeout = 120_000;

/**
 * What it printed, which may hold secrets.
 * @param what for the error: "the outputs of the stack berlin"
 * @throws Problem with Pulumi's own words where it fails
 */
export async function askPulumi(what: string, args: readonly string[]): Promise<string> {
  const pulumi = await findPulumi();
  return new Promise((done, fail) => {
    const options = { cwd: root, timeout, maxBuffer: 64 * 1024 * 1024 };
    execFile(pulumi, [...args, "--non-interactive", "--color", "never"], options, (error, stdout, stderr) => {
      if (error === null) done(stdout);
      // Not the error's own message: it names the command, not the cause. Secrets are on stdout only.
      else fail(new Problem(`pulumi can't read ${what}:\n${stderr.trim() || String(error.code)}`));
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
