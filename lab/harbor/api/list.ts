/** Lists: `q=`, `sort`, pages, `X-Total-Count` and `Link`. */
import type { Reply } from "../exchange.ts";
import { HarborError, invalid } from "../harbor-error.ts";
import type { Call } from "./call.ts";

type Value = string | number;

/** What items can be filtered and sorted by. */
export type Columns<T> = Readonly<Record<string, (item: T) => Value>>;

const DEFAULT_PAGE_SIZE = 10;

/** One page of `items` after `q` and `sort`, each item shown by `show`. */
export function listReply<T>(
  call: Call,
  items: readonly T[],
  columns: Columns<T>,
  defaultSort: string,
  show: (item: T) => unknown,
): Reply {
  const page = integer(call, "page", 1);
  const size = integer(call, "page_size", DEFAULT_PAGE_SIZE);
  if (size > 100) throw invalid("page_size in query should be less than or equal to 100");
  const conditions = parseQ(call.query.get("q") ?? "");
  const found = items.filter((item) => matches(item, columns, conditions));
  const sorted = sortBy(found, columns, call.query.get("sort") ?? defaultSort);
  const shown = size > 0 ? sorted.slice((page - 1) * size, page * size) : sorted;
  const link = links(call, page, size, found.length);
  return {
    status: 200,
    json: shown.map(show),
    headers: { "X-Total-Count": String(found.length), ...(link === "" ? {} : { Link: link }) },
  };
}

/** `name=x` is exact, `name=~x` contains, whatever the case. */
export function parseQ(q: string): ReadonlyMap<string, string> {
  const conditions = new Map<string, string>();
  for (const part of q === "" ? [] : q.split(",")) {
    const equals = part.indexOf("=");
    if (equals <= 0 || equals === part.length - 1) {
      throw new HarborError(400, 'the query string must contain "=" and the key/value cannot be empty');
    }
    conditions.set(part.slice(0, equals), part.slice(equals + 1));
  }
  return conditions;
}

// Harbor ignores keys that it doesn't know: the whole list comes back.
function matches<T>(item: T, columns: Columns<T>, conditions: ReadonlyMap<string, string>): boolean {
  return [...conditions].every(([key, wanted]) => {
    const column = columns[key];
    if (column === undefined) return true;
    const value = String(column(item));
    return wanted.startsWith("~") ? fuzzy(value, wanted.slice(1)) : value === wanted;
  });
}

/** Whether `wanted` is contained, whatever the case; the older `name=` parameter means this too. */
export function fuzzy(value: string, wanted: string): boolean {
  return value.toLowerCase().includes(wanted.toLowerCase());
}

function sortBy<T>(items: readonly T[], columns: Columns<T>, sort: string): T[] {
  const descending = sort.startsWith("-");
  const key = descending ? sort.slice(1) : sort;
  const column = columns[key];
  if (column === undefined) return [...items];
  const sign = descending ? -1 : 1;
  // Harbor's times are finer: what was made in the same millisecond here comes in the order of its making.
  const made = sign === -1 && key.endsWith("_time") ? items.toReversed() : items;
  return made.toSorted((left, right) => sign * compare(column(left), column(right)));
}

function compare(left: Value, right: Value): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function integer(call: Call, name: string, fallback: number): number {
  const text = call.query.get(name);
  if (text === null) return fallback;
  if (!/^-?\d+$/.test(text)) throw invalid(`${name} in query must be of type int64: ${JSON.stringify(text)}`);
  return Number(text);
}

function links(call: Call, page: number, size: number, total: number): string {
  const to = (number: number, relation: string): string => {
    const query = new Map([
      ...call.query,
      ["page", String(number)] as const,
      ["page_size", String(size)] as const,
    ]);
    const text = [...query]
      .toSorted(([left], [right]) => compare(left, right))
      .map(([key, value]) => `${key}=${value}`)
      .join("&");
    return `</api/v2.0${call.path}?${text}>; rel="${relation}"`;
  };
  const found: string[] = [];
  if (size !== 0 && page > 1 && (page - 1) * size <= total) found.push(to(page - 1, "prev"));
  if (size !== 0 && page * size < total) found.push(to(page + 1, "next"));
  return found.join(" , ");
}
