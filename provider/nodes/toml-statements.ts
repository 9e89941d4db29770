/** TOML with places: parsers give values without them. */
import { parse, TomlError } from "smol-toml";
import type { TomlTable } from "smol-toml";
import { UnusableFile } from "./unusable-file.ts";

/** A header, `[table]` or `[[array]]`, or `key = value`. */
export interface TomlStatement {
  readonly kind: "table" | "array" | "key";
  /** In full, a key's from its table's on; elements of arrays of tables by their number, from 0. */
  readonly path: TomlPath;
  /** From 1. */
  readonly line: number;
  /** Offsets of its first character, and behind its last one: without comment and line break. */
  readonly start: number;
  readonly end: number;
}

export type TomlPath = readonly (string | number)[];

/** Throws UnusableFile. */
export function parseToml(text: string): TomlTable {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The parser's own words may quote the file.
    throw new UnusableFile("is no TOML that can be read; repair it: the runtime refuses it too", error.line);
  }
}

/** The line of what stands at a path, or of the innermost thing around it that is written out; 1 where nothing is. */
export function tomlLine(statements: readonly TomlStatement[], path: TomlPath): number {
  const around = statements.filter((one) => startsWith(path, one.path));
  const exact = around.reduce<TomlStatement | undefined>(
    (best, one) => (one.path.length > (best?.path.length ?? 0) ? one : best),
    undefined,
  );
  const within = statements.find((one) => startsWith(one.path, path));
  return (exact?.path.length === path.length ? exact : (within ?? exact))?.line ?? 1;
}

export function startsWith(path: TomlPath, head: TomlPath): boolean {
  return head.length <= path.length && head.every((step, index) => path[index] === step);
}

/** Every header and key of a text that a parser has taken; of another one, what comes before the first fault. */
export function tomlStatements(text: string): TomlStatement[] {
  const found: TomlStatement[] = [];
  /** How many elements each array of tables has by now. */
  const arrays = new Map<string, number>();
  let table: TomlPath = [];
  let line = 1;
  let counted = 0;
  for (let at = 0; ;) {
    const start = skip(text, at, BETWEEN);
    const brackets = text.startsWith("[[", start) ? 2 : text[start] === "[" ? 1 : 0;
    const key = start < text.length ? dottedKey(text, start + brackets) : undefined;
    if (key === undefined) return found;
    line += text.slice(counted, start).split("\n").length - 1;
    counted = start;
    if (brackets > 0) {
      at = key.end + brackets;
      table = resolved(key.path, brackets === 2, arrays);
      found.push({ kind: brackets === 2 ? "array" : "table", path: table, line, start, end: at });
    } else {
      at = valueEnd(text, skip(text, key.end + 1, BLANK));
      found.push({ kind: "key", path: [...table, ...key.path], line, start, end: at });
    }
  }
}

const BETWEEN = /(?:\s|#[^\n]*)*/y;
const BLANK = /[ \t]*/y;
const COMMENT = /#[^\n]*/y;
const PART = /[ \t]*(?:([A-Za-z0-9_-]+)|("(?:[^"\\\n]|\\.)*")|'([^'\n]*)')[ \t]*/y;
/** A string, or a run of what is neither string, bracket, comment nor line break. */
const PIECE =
  /"""(?:[^"\\]|\\[^]|"(?!""))*"{3,5}|'''(?:[^']|'(?!''))*'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^"'[\]{}#\n]+/y;

function skip(text: string, at: number, pattern: RegExp): number {
  pattern.lastIndex = at;
  return at + (pattern.exec(text)?.[0].length ?? 0);
}

function dottedKey(text: string, at: number): { path: string[]; end: number } | undefined {
  const path: string[] = [];
  for (let next = at; ; next++) {
    PART.lastIndex = next;
    const part = PART.exec(text);
    if (part === null) return undefined;
    path.push(part[1] ?? part[3] ?? unquoted(part[2] ?? ""));
    next = PART.lastIndex;
    if (text[next] !== ".") return { path, end: next };
  }
}

/** TOML's escapes are JSON's, but for rare ones that no key of interest has. */
function unquoted(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}

/** A header's path, with the numbers of the elements that it stands in. */
function resolved(names: readonly string[], begins: boolean, arrays: Map<string, number>): TomlPath {
  let path: TomlPath = [];
  for (const [index, name] of names.entries()) {
    path = [...path, name];
    const id = JSON.stringify(path);
    const last = index === names.length - 1;
    if (begins && last) arrays.set(id, (arrays.get(id) ?? 0) + 1);
    const elements = arrays.get(id);
    if (elements !== undefined) path = [...path, elements - 1];
  }
  return path;
}

function valueEnd(text: string, start: number): number {
  let depth = 0;
  let end = start;
  while (end < text.length) {
    const char = text[end] ?? "";
    if (depth === 0 && (char === "\n" || char === "#")) break;
    if ("[{".includes(char)) depth++;
    if ("]}".includes(char)) depth--;
    end = Math.max(skip(text, end, char === "#" ? COMMENT : PIECE), end + 1);
  }
  return start + text.slice(start, end).trimEnd().length;
}
