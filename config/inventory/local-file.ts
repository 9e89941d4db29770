/** Files that settings name, where Pulumi runs. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { InventoryError } from "./inventory.ts";

/** Beyond this it is something else that was named by mistake. */
const mostMiB = 64;

/** From the project's folder, or from the home by `~/`. */
export function pathOf(file: string, folder: string, home = process.env["HOME"] ?? homedir()): string {
  return file.startsWith("~/") ? resolve(home, file.slice(2)) : resolve(folder, file);
}

/** @throws InventoryError that names it */
export async function readLocal(file: string, folder: string): Promise<string> {
  try {
    const contents = await readFile(pathOf(file, folder), { signal: AbortSignal.timeout(10_000) });
    if (contents.length > mostMiB * 2 ** 20)
      throw new InventoryError(`${file} is larger than ${mostMiB} MiB`);
    return contents.toString("utf8");
  } catch (error) {
    if (error instanceof InventoryError) throw error;
    throw new InventoryError(`${file} ${reasons[codeOf(error)] ?? "can't be read"}`);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "is not there",
  EACCES: "can't be read by this user",
  EISDIR: "is a folder, and one file is wanted",
  ABORT_ERR: "can't be read within 10 s",
};

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
