/**
 * Harbor's crons: six fields, seconds first and always 0, as robfig/cron v3 reads them without descriptors and time zones.
 * They are checked here since Harbor itself finds a bad one only at the up.
 */
import { z } from "zod";

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Of `min` and what follows. */
  readonly words?: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const LONGEST = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const FIELDS: readonly Field[] = [
  { name: "second", min: 0, max: 59 },
  { name: "minute", min: 0, max: 59 },
  { name: "hour", min: 0, max: 23 },
  { name: "day of month", min: 1, max: 31 },
  { name: "month", min: 1, max: 12, words: MONTHS },
  { name: "day of week", min: 0, max: 6, words: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

class BadCron extends Error {}

/** A cron with single blanks between its fields. */
export const cron = z
  .string()
  .transform(singleBlanks)
  .superRefine((text, context) => {
    const message = cronProblem(text);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  });

/** So that the same cron is the same text. */
export function singleBlanks(text: string): string {
  return text.trim().replaceAll(/\s+/g, " ");
}

/** What is wrong with a cron, for people; undefined: nothing. */
export function cronProblem(text: string): string | undefined {
  const parts = text.split(" ").filter((part) => part !== "");
  if (parts.length !== FIELDS.length) {
    const hint =
      parts.length === 5
        ? `. Did you mean '0 ${text}'?`
        : text.startsWith("@")
          ? "; Harbor knows no words such as @daily"
          : "";
    const names = FIELDS.map(({ name }) => name).join(", ");
    return `must have six fields (${names}), such as 0 30 2 * * *; it has ${parts.length}${hint}`;
  }
  try {
    const [, , , days = [], months = []] = FIELDS.map((field, index) => valuesOf(parts[index] ?? "", field));
    const longest = Math.max(...months.map((month) => LONGEST[month - 1] ?? 0));
    // Where both days are named, one of them is enough.
    if (/^[*?](\/1)?$/.test(parts[5] ?? "") && Math.min(...days) > longest) {
      return "never comes: none of its months has such a day";
    }
    return parts[0] === "0"
      ? undefined
      : "must have 0 as its seconds: Harbor runs nothing more often than by the minute";
  } catch (error) {
    if (error instanceof BadCron) return error.message;
    throw error;
  }
}

/** `*`, `?`, `5`, `1-5`, any of them with `/step`, and lists of them. */
function valuesOf(text: string, field: Field): number[] {
  return text.split(",").flatMap((item) => {
    const match = /^(?:[*?]|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(item);
    const step = Number(match?.[3] ?? 1);
    if (match === null || step === 0)
      throw new BadCron(`${field.name}: '${item}' is no value, range or step`);
    const [, first, last] = match;
    const from = first === undefined ? field.min : toNumber(first, field);
    const open = first === undefined || (last === undefined && match[3] !== undefined);
    const to = open ? field.max : last === undefined ? from : toNumber(last, field);
    if (from > to) throw new BadCron(`${field.name}: ${item} begins after its end`);
    return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
  });
}

function toNumber(text: string, { name, min, max, words = [] }: Field): number {
  const word = words.indexOf(text.toLowerCase());
  const value = word >= 0 ? min + word : /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  const named = words.length > 0 ? ` or ${words[0]?.toUpperCase()}-${words.at(-1)?.toUpperCase()}` : "";
  throw new BadCron(`${name}: '${text}' must be ${min} to ${max}${named}`);
}
