/** How one path of the Engine API is answered. */
import { z } from "zod";

import type { ObjectStore } from "../objects.ts";
import { ApiError } from "./api-error.ts";

export interface ApiCall {
  readonly store: ObjectStore;
  /** What the path's groups hold, decoded. */
  readonly names: readonly string[];
  readonly query: URLSearchParams;
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown;
}

export interface ApiAnswer {
  readonly status: number;
  /** Undefined: no body. A text goes out as it is, all else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: "GET" | "HEAD" | "POST" | "DELETE";
  /** Of the path without the API's version. */
  readonly path: RegExp;
  readonly answer: (call: ApiCall) => ApiAnswer;
}

/** Docker ignores what it doesn't know in a body; here it is a mistake. */
export function parseBody<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ApiError(400, `stand-in: ${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? ""}`);
}

const filtersSchema = z.record(
  z.string(),
  // Clients before API 1.22 sent lists.
  z.union([
    z.record(z.string(), z.boolean()).transform((values) => Object.keys(values)),
    z.array(z.string()),
  ]),
);

/** The query's `filters`, by name; a name that isn't in `known` is refused. */
export function readFilters(query: URLSearchParams, known: readonly string[]): Record<string, string[]> {
  const json = query.get("filters");
  const filters = json === null ? {} : parseBody(filtersSchema, parseJson(json));
  for (const name of Object.keys(filters))
    if (!known.includes(name)) throw new ApiError(400, `invalid filter '${name}'`);
  return filters;
}

export function parseJson(sent: string): unknown {
  try {
    return JSON.parse(sent);
  } catch {
    throw new ApiError(400, "invalid JSON");
  }
}

/** Do the labels have one of `key` or `key=value`? All of them must be met. */
export function hasLabels(labels: Readonly<Record<string, string>>, wanted: readonly string[]): boolean {
  return wanted.every((label) => {
    const [key = "", ...value] = label.split("=");
    return key in labels && (value.length === 0 || labels[key] === value.join("="));
  });
}
