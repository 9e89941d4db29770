/**
 * containerd's `config.toml`: the folder of hosts.toml files in `config_path` of its registry table. What we write says
 * so in a comment, so that only that is taken out again; every other byte stays.
 */
import { isDeepStrictEqual } from "node:util";
import type { TomlTable } from "smol-toml";
import type { Entry, Place, SharedFile } from "./merged-file.ts";
import { parseToml, startsWith, tomlLine, tomlStatements } from "./toml-statements.ts";
import type { TomlPath, TomlStatement } from "./toml-statements.ts";
import { UnusableFile } from "./unusable-file.ts";

const KEY = "config_path";
/** The plugin that has the registries in version 3. */
export const IMAGES = "io.containerd.cri.v1.images";
const ADDED = "# added by harbor-cache";
/** With the quotes that were there; behind it may be a comment of others. */
const CHANGED = /^ # changed from (""|'') by harbor-cache/;
/** Nothing says which containerd reads a file that isn't there: 1.3 and later know this version, and 2.x migrates it. */
const NEW_FILE = "version = 2\n";

/** An entry's name is the folder, its value is true. */
export const containerdConfig: SharedFile = {
  read(text) {
    const { folders } = registryTable(text);
    return (section) => new Map(section === KEY ? folders.map((folder) => [folder, true]) : []);
  },
  edit: (text, set, remove) => set.reduce(putIn, remove.reduce(takeFolderOut, text)),
  isEmpty: (text) => text.trim() === "" || text === NEW_FILE,
};

export interface RegistryTable {
  readonly path: readonly string[];
  /** As it stands in a header. */
  readonly header: string;
  /** Empty where there is none. */
  readonly table: TomlTable;
  /** Of `config_path`, which is a list as PATH is. */
  readonly folders: readonly string[];
}

/** Where a file of its version keeps the registries; throws UnusableFile. Source: containerd's docs/cri/registry.md, and its migration of versions. */
export function registryTable(text: string): RegistryTable {
  const document = parseToml(text);
  const path = ["plugins", pluginOf(Number(document["version"] ?? 1)), "registry"];
  const table = path.reduce<unknown>((at, step) => (isTable(at) ? at[step] : undefined), document);
  const found = isTable(table) ? table : {};
  const folders = typeof found[KEY] === "string" ? found[KEY].split(":").filter((one) => one !== "") : [];
  const header = path.map((step) => (/^[\w-]+$/.test(step) ? step : JSON.stringify(step))).join(".");
  return { path, header, table: found, folders };
}

function pluginOf(version: number): string {
  if (version <= 1) return "cri";
  return version === 2 ? "io.containerd.grpc.v1.cri" : IMAGES;
}

/** Keys of the table beside which containerd refuses to start with a `config_path`; empty ones, as in its own defaults, are fine. */
export function refusedBeside({ table }: RegistryTable): string | undefined {
  const { mirrors, configs } = table;
  if (isTable(mirrors) && Object.keys(mirrors).length > 0) return "mirrors";
  const tls =
    isTable(configs) && Object.values(configs).some((one) => isTable(one) && one["tls"] !== undefined);
  return tls ? "configs" : undefined;
}

function putIn(current: string, { name }: Entry): string {
  const text = current.trim() === "" ? NEW_FILE : withoutOurs(current);
  const registry = registryTable(text);
  const { path, header, folders } = registry;
  const statements = tomlStatements(text);
  const refused = refusedBeside(registry);
  if (refused !== undefined) {
    throw new UnusableFile(
      `${header} has ${refused}, and containerd refuses to start with config_path beside it; ` +
        `make hosts.toml files in ${name} of it`,
      tomlLine(statements, [...path, refused]),
    );
  }
  if (folders.length > 0) {
    throw new UnusableFile(
      `config_path of ${header} is ${folders.join(":")}; set nodes.dropInDir to that, or make it ${name}`,
      tomlLine(statements, [...path, KEY]),
    );
  }
  const line = `${KEY} = ${JSON.stringify(name)}`;
  const after = withLine(text, line, registry, statements);
  if (isDeepStrictEqual(parsed(after), withFolder(parseToml(text), path, name))) return after;
  throw new UnusableFile(
    `can't be edited safely; write ${line} into [${header}] yourself`,
    tomlLine(statements, path),
  );
}

function withLine(
  text: string,
  line: string,
  { path, header }: RegistryTable,
  statements: readonly TomlStatement[],
): string {
  const there = statementAt(statements, [...path, KEY]);
  if (there !== undefined) {
    const quotes = text.slice(there.end - 2, there.end);
    return splice(text, there.start, there.end, `${line} # changed from ${quotes} by harbor-cache`);
  }
  const table = statementAt(statements, path);
  if (table === undefined) {
    const gap = text.endsWith("\n") ? "" : "\n";
    return `${text}${gap}[${header}] ${ADDED}\n  ${line} ${ADDED}\n`;
  }
  const indent = /[ \t]*$/.exec(text.slice(0, table.start))?.[0] ?? "";
  const behind = endOfLine(text, table);
  return splice(text, behind, behind, `\n${indent}  ${line} ${ADDED}`);
}

/** Somebody else's config_path of the same folder stays. */
function takeFolderOut(text: string, { name }: Place): string {
  return isDeepStrictEqual(registryTable(text).folders, [name]) ? withoutOurs(text) : text;
}

function withoutOurs(text: string): string {
  const { path } = registryTable(text);
  const there = statementAt(tomlStatements(text), [...path, KEY]);
  if (there === undefined) return text;
  const [changed, quotes] = CHANGED.exec(text.slice(there.end)) ?? [];
  if (changed !== undefined && quotes !== undefined)
    return splice(text, there.start, there.end + changed.length, `${KEY} = ${quotes}`);
  if (!isAdded(text, there)) return text;
  const rest = withoutLine(text, there);
  const statements = tomlStatements(rest);
  const header = statementAt(statements, path);
  if (header === undefined || !isAdded(rest, header)) return rest;
  const next = statements[statements.indexOf(header) + 1];
  return next?.kind === "key" ? rest : withoutLine(rest, header);
}

/** What the text must mean after the edit. */
function withFolder(document: TomlTable, path: readonly string[], name: string): TomlTable {
  const table = path.reduce<TomlTable>((at, step) => {
    const next = at[step];
    return isTable(next) ? next : (at[step] = parseToml(""));
  }, document);
  table[KEY] = name;
  return document;
}

function parsed(text: string): TomlTable | undefined {
  try {
    return parseToml(text);
  } catch {
    return undefined;
  }
}

export function isTable(value: unknown): value is TomlTable {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function statementAt(statements: readonly TomlStatement[], path: TomlPath): TomlStatement | undefined {
  return statements.find((one) => one.path.length === path.length && startsWith(one.path, path));
}

function isAdded(text: string, statement: TomlStatement): boolean {
  return text.slice(statement.end, endOfLine(text, statement)).trim() === ADDED;
}

function endOfLine(text: string, { end }: TomlStatement): number {
  const found = text.indexOf("\n", end);
  return found === -1 ? text.length : found;
}

function withoutLine(text: string, statement: TomlStatement): string {
  const start = text.lastIndexOf("\n", statement.start) + 1;
  return splice(text, start, endOfLine(text, statement) + 1, "");
}

function splice(text: string, from: number, to: number, middle: string): string {
  return text.slice(0, from) + middle + text.slice(to);
}
