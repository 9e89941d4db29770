/** The building blocks of the schemas: each names what is wrong and shows an example of right, never the value. */
import { closest, distance } from "fastest-levenshtein";
import * as z from "zod";

function kind(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return typeof value === "string" ? "text" : typeof value === "number" ? "a number" : "true or false";
}

/** Why a value of the wrong type is wrong. */
function mistyped(wanted: string, value: unknown, example: string): string {
  const problem = value === undefined ? "is missing" : `must be ${wanted}, but is ${kind(value)}`;
  return `${problem}; for example: ${example}`;
}

/** The one of `known` that was probably meant. */
export function meant(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const near = closest(word.toLowerCase(), known);
  const letters = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, "");
  if (letters(near) === letters(word)) return near;
  return distance(word.toLowerCase(), near.toLowerCase()) <= Math.max(1, near.length / 3) ? near : undefined;
}

/** What to say about a key that no setting has. */
export function unknownKey(key: string, known: readonly string[]): string {
  const near = meant(key, known);
  return near === undefined
    ? `is no setting; known here: ${known.join(", ")}`
    : `is no setting; did you mean ${near}?`;
}

/** A text that passes `check`, which says what is wrong with it. */
export function text(example: string, check: (value: string) => string | undefined) {
  return z
    .string({ error: (issue) => mistyped("text", issue.input, example) })
    .superRefine((value, context) => {
      const problem = check(value);
      if (problem !== undefined)
        context.addIssue({ code: "custom", message: `${problem}; for example: ${example}` });
    });
}

/** One line of 1 to `most` characters. */
export function line(example: string, most = 255) {
  return text(example, (value) =>
    value.trim() === "" || value.length > most || /\p{Cc}/u.test(value)
      ? `must be one line of 1 to ${most} characters`
      : undefined,
  );
}

/** A number from `least` to `most`. */
export function number(least: number, most: number, example: string, kind = "number") {
  return z
    .number({ error: (issue) => mistyped(`a ${kind}`, issue.input, example) })
    .refine((value) => value >= least && value <= most && (kind === "number" || Number.isInteger(value)), {
      error: `must be a ${kind} from ${least} to ${most}; for example: ${example}`,
    });
}

/** A whole number from `least` to `most`. */
export function integer(least: number, most: number, example: string) {
  return number(least, most, example, "whole number");
}

export function flag() {
  return z.boolean({ error: (issue) => mistyped("true or false", issue.input, "true") });
}

/** Why a word is none of `values`. `refused` explains words that people will try, and why they don't work. */
function notAmong(
  input: unknown,
  values: readonly string[],
  refused: Readonly<Record<string, string>>,
): string {
  const first = values[0] ?? "";
  if (typeof input !== "string") return mistyped("text", input, first);
  if (Object.hasOwn(refused, input)) return refused[input] ?? "";
  const near = meant(input, values);
  return near === undefined
    ? `is not known; one of: ${values.join(", ")}`
    : `is not known; did you mean ${near}?`;
}

/** One of some words. */
export function choice<const T extends readonly [string, ...string[]]>(
  values: T,
  refused: Readonly<Record<string, string>> = {},
) {
  return z.enum(values, { error: ({ input }) => notAmong(input, values, refused) });
}

/** A mapping whose other keys follow from its key `by`. */
export function variant<
  const T extends readonly [z.core.$ZodTypeDiscriminable, ...z.core.$ZodTypeDiscriminable[]],
>(by: string, values: readonly string[], example: string, options: T) {
  return z.discriminatedUnion(by, options, {
    error: ({ input }) =>
      typeof input === "object" && input !== null && !Array.isArray(input)
        ? notAmong(Object.hasOwn(input, by) ? Reflect.get(input, by) : undefined, values, {})
        : mistyped("a mapping", input, example),
  });
}

/** A mapping with these keys and no others. An error of unknown keys has a line for each key. */
export function mapping<S extends z.core.$ZodLooseShape>(example: string, shape: S) {
  return z
    .strictObject(shape, {
      error: (issue) =>
        issue.code === "unrecognized_keys"
          ? issue.keys.map((key) => unknownKey(key, Object.keys(shape))).join("\n")
          : mistyped("a mapping", issue.input, example),
    })
    .readonly();
}

export function list<S extends z.ZodType>(example: string, item: S) {
  return z.array(item, { error: (issue) => mistyped("a list", issue.input, example) }).readonly();
}
