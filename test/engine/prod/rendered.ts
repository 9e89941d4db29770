/** What a change does to the rendered files, line by line. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** By path, the lines that go (`- …`) and come (`+ …`); a file that stays the same is left out. */
export async function changedLines(before: string, after: string): Promise<Record<string, string[]>> {
  const [was, is] = await Promise.all([before, after].map(contents));
  const paths = [...new Set([...Object.keys(was ?? {}), ...Object.keys(is ?? {})])].sort();
  const changes = paths.map((path): [string, string[]] => {
    const [old, now] = [was?.[path] ?? [], is?.[path] ?? []];
    return [
      path,
      [...without(old, now).map((line) => `- ${line}`), ...without(now, old).map((line) => `+ ${line}`)],
    ];
  });
  return Object.fromEntries(changes.filter(([, lines]) => lines.length > 0));
}

async function contents(folder: string): Promise<Record<string, string[]>> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) =>
    one.isFile(),
  );
  const found: Record<string, string[]> = {};
  for (const { parentPath, name } of files) {
    const path = join(parentPath, name);
    const lines = (await readFile(path, "utf8")).split("\n").map((line) => line.trim());
    found[path.slice(folder.length + 1)] = lines.filter((line) => line !== "");
  }
  return found;
}

function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return lines.filter((line) => {
    const at = left.indexOf(line);
    if (at !== -1) left.splice(at, 1);
    return at === -1;
  });
}
