/** Crons as Harbor reads them: six fields, seconds first, UTC; by the rules and in the words of its parser robfig/cron. */

interface Field {
  readonly min: number;
  readonly max: number;
  /** Three-letter names, the first of which means `min`. */
  readonly names: readonly string[];
}

const FIELDS: readonly Field[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  {
    min: 1,
    max: 12,
    names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  },
  { min: 0, max: 6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

interface Times {
  readonly values: ReadonlySet<number>;
  /** Any value by `*` or `?`: where it stands for days, the other field of days decides alone. */
  readonly star: boolean;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

class CronError extends Error {}

/** What is wrong with a cron, undefined where nothing is. Harbor wants 0 for the seconds. */
export function cronProblem(cron: string): string | undefined {
  if (cron === "") return "empty cron string is invalid";
  const problem = syntaxProblem(cron);
  if (problem !== undefined) return problem;
  const parts = cron.split(" ");
  return parts.length === 6 && parts[0] !== "0"
    ? "the 1st field (indicating Seconds of time) of the cron setting must be 0"
    : undefined;
}

export function syntaxProblem(cron: string): string | undefined {
  try {
    parse(cron);
    return undefined;
  } catch (error) {
    if (error instanceof CronError) return error.message;
    throw error;
  }
}

/** The first run after `from`; undefined where five years bring none, as on 30 February. */
export function nextRun(cron: string, from: Date): Date | undefined {
  const [, minutes, hours, daysOfMonth, months, daysOfWeek] = parse(cron);
  const onDay = (at: Date): boolean => {
    const inMonth = daysOfMonth.values.has(at.getUTCDate());
    const inWeek = daysOfWeek.values.has(at.getUTCDay());
    const matches = daysOfMonth.star || daysOfWeek.star ? inMonth && inWeek : inMonth || inWeek;
    return months.values.has(at.getUTCMonth() + 1) && matches;
  };
  const end = from.getTime() + 5 * 366 * DAY;
  let time = after(from.getTime(), MINUTE);
  while (time < end) {
    const at = new Date(time);
    if (!onDay(at)) time = after(time, DAY);
    else if (!hours.values.has(at.getUTCHours())) time = after(time, HOUR);
    else if (!minutes.values.has(at.getUTCMinutes())) time = after(time, MINUTE);
    else return at;
  }
  return undefined;
}

/** The next multiple of `step` after `time`. */
function after(time: number, step: number): number {
  return (Math.floor(time / step) + 1) * step;
}

function parse(cron: string): [Times, Times, Times, Times, Times, Times] {
  if (cron.startsWith("@")) throw new CronError(`parser does not accept descriptors: ${cron}`);
  const texts = cron.split(/\s+/).filter((text) => text !== "");
  const [second, minute, hour, dayOfMonth, month, dayOfWeek] = FIELDS.map((field, position) =>
    texts.length === 6 ? parseField(texts[position] ?? "", field) : undefined,
  );
  if (!second || !minute || !hour || !dayOfMonth || !month || !dayOfWeek) {
    throw new CronError(`expected exactly 6 fields, found ${texts.length}: [${texts.join(" ")}]`);
  }
  return [second, minute, hour, dayOfMonth, month, dayOfWeek];
}

function parseField(text: string, field: Field): Times {
  const ranges = text.split(",").filter((range) => range !== "");
  const parsed = ranges.map((range) => parseRange(range, field));
  return {
    values: new Set(parsed.flatMap(({ values }) => [...values])),
    star: parsed.some(({ star }) => star),
  };
}

/** `*`, `N`, `N-M`, each with or without `/step`; `N/step` goes on to the end. */
function parseRange(text: string, field: Field): Times {
  const [range = "", stepText, ...moreSteps] = text.split("/");
  const [low = "", high, ...moreHyphens] = range.split("-");
  if (moreHyphens.length > 0) throw new CronError(`too many hyphens: ${text}`);
  if (moreSteps.length > 0) throw new CronError(`too many slashes: ${text}`);
  const any = low === "*" || low === "?";
  const start = any ? field.min : numberOf(low, field);
  const step = stepText === undefined ? 1 : integer(stepText);
  const last = any || (stepText !== undefined && high === undefined) ? field.max : start;
  const end = any || high === undefined ? last : numberOf(high, field);
  if (start < field.min) {
    throw new CronError(`beginning of range (${start}) below minimum (${field.min}): ${text}`);
  }
  if (end > field.max) throw new CronError(`end of range (${end}) above maximum (${field.max}): ${text}`);
  if (start > end) throw new CronError(`beginning of range (${start}) beyond end of range (${end}): ${text}`);
  if (step === 0) throw new CronError(`step of range should be a positive number: ${text}`);
  const values = new Set<number>();
  for (let value = start; value <= end; value += step) values.add(value);
  return { values, star: any && step === 1 };
}

function numberOf(text: string, { min, names }: Field): number {
  const named = names.indexOf(text.toLowerCase());
  return named < 0 ? integer(text) : min + named;
}

function integer(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) {
    throw new CronError(
      `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  }
  const value = Number(text);
  if (value < 0) throw new CronError(`negative number (${value}) not allowed: ${text}`);
  return value;
}
