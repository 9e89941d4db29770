/** The cache's files for other tools: read from the stack's output `rendered`, printed or written. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { Problem } from "./problem.ts";
import { readOutputs } from "./stack-outputs.ts";

/** Text by path, relative and with slashes. */
type Files = Readonly<Record<string, string>>;

const mark = "# Made by harbor-cache";

const path = z
  .string()
  .refine((value) => value.split("/").every((part) => !["", ".", ".."].includes(part)), "leads elsewhere");
const outputSchema = z.record(z.string(), z.record(path, z.string()));

/**
 * One format's files. No secret is asked for.
 * @throws Problem where the stack can't be read, or renders no such format
 */
export async function readRendered(stack: string, what: string): Promise<Files> {
  const { rendered } = await readOutputs(stack);
  const again = `run pulumi up --stack ${stack}`;
  if (rendered === undefined) {
    throw new Problem(
      `the stack ${stack} has no rendered files yet, or was made by an older version: ${again}`,
    );
  }
  const parsed = outputSchema.safeParse(rendered);
  if (!parsed.success) {
    const where = parsed.error.issues.map(({ path, message }) => `rendered.${path.join(".")}: ${message}`);
    throw new Problem(`the outputs of the stack ${stack} can't be used (${where.join("; ")}): ${again}`);
  }
  const files = Object.hasOwn(parsed.data, what) ? parsed.data[what] : undefined;
  if (files === undefined) throw new Problem(refusal(what, Object.keys(parsed.data)), 2);
  return files;
}

function refusal(what: string, formats: readonly string[]): string {
  const known = `there are ${formats.join(", ")}`;
  return /^(docker|dockerd|moby)$/.test(what)
    ? "Docker's engine mirrors Docker Hub only, and only at a root URL: it can't use a project of Harbor's, " +
        `so nothing is rendered for it; ${known}`
    : `nothing is rendered for ${JSON.stringify(what)}: ${known}`;
}

/** One file as it is, so that it can be piped; several each under its path. Certificates are written only. */
export function printRendered(files: Files): void {
  const printed = Object.entries(files).filter(([path]) => !path.endsWith(".crt"));
  const texts = printed.map(([path, text]) => (printed.length === 1 ? text : `# --- ${path}\n${text}`));
  process.stdout.write(texts.join("\n"));
  const left = Object.keys(files).filter((path) => path.endsWith(".crt"));
  if (left.length > 0)
    console.error(`not shown, and needed too: ${left.join(", ")}; --output FOLDER writes all`);
}

/**
 * Writes each file as a whole below the folder, and says which.
 * @throws Problem where one of somebody else is in the way, before anything is written
 */
export async function writeRendered(files: Files, folder: string): Promise<void> {
  try {
    const foreign: string[] = [];
    for (const path of Object.keys(files)) {
      if (await isForeign(join(folder, path))) foreign.push(join(folder, path));
    }
    if (foreign.length > 0) {
      throw new Problem(
        `nothing was written: ${foreign.join(", ")} is there and not harbor-cache's own. ` +
          "Choose another folder and join them by hand, or move it away.",
      );
    }
    for (const [path, text] of Object.entries(files)) await replace(join(folder, path), text);
  } catch (error) {
    if (error instanceof Error && "code" in error) throw new Problem(`can't write: ${error.message}`);
    throw error;
  }
}

async function isForeign(file: string): Promise<boolean> {
  try {
    return !(await readFile(file, "utf8")).startsWith(mark);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}

/** A runtime may read it at any time. */
async function replace(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const written = `${file}.harbor-cache-new`;
  await writeFile(written, text);
  await rename(written, file);
  process.stdout.write(`${file}\n`);
}
