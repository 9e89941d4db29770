/** `auth.json` of containers/image, Docker's `config.json`: logins by registry, in `auths`. */
import type { SharedFile } from "./merged-file.ts";
import { UnusableFile } from "./unusable-file.ts";

export const authJson: SharedFile = {
  read(text) {
    const file = read(text);
    return (section) => new Map(Object.entries(objectOr(file[section], section) ?? {}));
  },

  edit(text, set, remove) {
    const file = read(text);
    const sections = new Map(Object.entries(file));
    for (const { section, name } of remove) {
      const left = Object.entries(objectOr(sections.get(section), section) ?? {}).filter(
        ([one]) => one !== name,
      );
      sections.set(section, Object.fromEntries(left));
    }
    for (const { section, name, value } of set) {
      const there = Object.entries(objectOr(sections.get(section), section) ?? {});
      sections.set(section, Object.fromEntries(new Map(there).set(name, value)));
    }
    const end = text === "" || text.endsWith("\n") ? "\n" : "";
    return JSON.stringify(Object.fromEntries(sections), undefined, indentOf(text)) + end;
  },

  isEmpty: (text) =>
    Object.entries(read(text)).every(
      ([section, value]) => section === "auths" && Object.keys(objectOr(value, section) ?? {}).length === 0,
    ),
};

/** Where a section's entry begins: at 1 for what can't be found by looking. */
export function authLine(text: string, name: string): number {
  const at = text.indexOf(JSON.stringify(name));
  return text.slice(0, Math.max(at, 0)).split("\n").length;
}

function read(text: string): Record<string, unknown> {
  if (text.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // The parser's own words may quote the file.
    const line = /\(line (\d+) column/.exec(String(error))?.[1];
    throw new UnusableFile("is no JSON; repair it, or move it away", Number(line ?? 1));
  }
  const object = objectOr(value, "it");
  if (object === undefined) throw new UnusableFile("must hold a JSON object; repair it, or move it away");
  return object;
}

function objectOr(value: unknown, what: string): Record<string, unknown> | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new UnusableFile(`${what} must be a JSON object; repair it, or move the file away`);
  }
  return Object.fromEntries(Object.entries(value));
}

/** As the file has it: podman writes tabs, most others two spaces. */
function indentOf(text: string): string {
  return /^[{\s]*\n([ \t]+)"/.exec(text)?.[1] ?? (text.trim() === "" ? "  " : "");
}
