/** Request bodies, and the messages that Go's JSON decoder has for those that don't fit. */
import type { z } from "zod";
import { invalid } from "../harbor-error.ts";

/**
 * Parses `text` by `schema`; throws a 422 with Go's words. `models` names the Go structs by their path in the body:
 * `{"": "ProjectReq", metadata: "ProjectMetadata"}`; fields below a path without a name belong to a map.
 */
export function parseBody<T extends z.ZodType>(
  text: string,
  schema: T,
  name: string,
  models: Readonly<Record<string, string>>,
): z.infer<T> {
  if (text === "") throw invalid(`${name} in body is required`);
  const failed = (why: string) => invalid(`parsing ${name} body from "" failed, because ${why}`);
  const wrong = syntaxError(text);
  if (wrong !== undefined) throw failed(wrong);
  const value: unknown = JSON.parse(text);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = (issue?.path ?? []).map(String);
  const found = kindOf(valueAt(value, path));
  if (path.length === 0)
    throw failed(`json: cannot unmarshal ${found} into Go value of type models.${models[""] ?? ""}`);
  const parent = path.slice(0, -1).join(".");
  const inStruct = models[parent] !== undefined;
  const field = inStruct ? path.join(".") : parent;
  const model = models[inStruct ? parent : ""] ?? "";
  const wanted = issue?.code === "invalid_type" ? goType(issue.expected) : "int64";
  throw failed(`json: cannot unmarshal ${found} into Go struct field ${model}.${field} of type ${wanted}`);
}

function goType(expected: string): string {
  if (expected === "boolean") return "bool";
  return expected === "number" || expected === "int" ? "int64" : expected;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "number" : `number ${value}`;
  return typeof value === "boolean" ? "bool" : typeof value;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined),
    value,
  );
}

const LITERALS = ["null", "true", "false"];

/** What Go's decoder says of a text that isn't JSON; undefined where it is. */
export function syntaxError(text: string): string | undefined {
  let message: string;
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    message = String(error);
  }
  const literal = LITERALS.find((one) => text.startsWith(one.charAt(0)));
  if (literal !== undefined) {
    const at = literal.split("").findIndex((expected, position) => text[position] !== expected);
    const found = text[at];
    if (found !== undefined)
      return `invalid character '${found}' in literal ${literal} (expecting '${literal.charAt(at)}')`;
  }
  const [, at] = /position (\d+)/.exec(message) ?? [];
  const character = at === undefined ? undefined : text[Number(at)];
  if (character === undefined || message.includes("end of JSON")) return "unexpected EOF";
  const where = message.includes("property name") ? "beginning of object key string" : "beginning of value";
  return `invalid character '${character}' looking for ${where}`;
}

/** A map as Go writes it: its keys in order. */
export function goJson(map: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(map).sort(([left], [right]) => (left < right ? -1 : 1))),
  );
}

/** What Go's `omitempty` leaves of an object: nothing that is false, zero or empty. */
export function omitEmpty(object: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return [undefined, null, false, 0, ""].some((empty) => empty === value);
}
