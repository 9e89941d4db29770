/** Ids of a recording whose database began otherwise than the stand-in's: paired as both answers show them. */
import type { Comparable } from "./replay.ts";

/** Keys that name an object of another collection. */
const NAMING: Readonly<Record<string, string>> = {
  project_id: "projects",
  registry_id: "registries",
  repository_id: "repositories",
  retention_id: "retentions",
};

export class Ids {
  /** `quotas/12` to the id here. */
  readonly #here = new Map<string, string>();

  /** A path with the ids that the same objects have here. */
  translate(path: string): string {
    return path.replaceAll(
      /\/([a-z]+)\/(\d+)(?=[/?]|$)/g,
      (_whole, collection: string, id: string) =>
        `/${collection}/${this.#here.get(`${collection}/${id}`) ?? id}`,
    );
  }

  learn(path: string, recorded: unknown, here: unknown): void {
    const collection = path
      .replace(/\?.*$/s, "")
      .split("/")
      .findLast((segment) => !/^\d*$/.test(segment));
    this.#learnFrom(collection ?? "", recorded, here);
  }

  #learnFrom(collection: string, recorded: unknown, here: unknown): void {
    for (const [key, theirs, ours] of pairs(recorded, here)) {
      const named = key === "id" ? collection : NAMING[key];
      if (named !== undefined && isId(theirs) && isId(ours)) {
        this.#here.set(`${named}/${theirs}`, String(ours));
      } else this.#learnFrom(/^\d+$/.test(key) ? collection : "", theirs, ours);
    }
  }
}

/** `actual` with the recorded ids wherever both have one. */
export function withIdsOf(expected: Comparable, actual: Comparable): Comparable {
  return { ...actual, body: replaced(expected.body, actual.body) };
}

function replaced(expected: unknown, actual: unknown): unknown {
  if (typeof actual !== "object" || actual === null) return actual;
  const known = new Map(pairs(expected, actual).map(([key, theirs]) => [key, theirs]));
  const entries = Object.entries(actual).map(([key, ours]: [string, unknown]): [string, unknown] => {
    const theirs = known.get(key);
    const isOne = /(^|_)id$/.test(key) && isId(theirs) && isId(ours);
    return [key, isOne ? theirs : replaced(theirs, ours)];
  });
  return Array.isArray(actual) ? entries.map(([, value]) => value) : Object.fromEntries(entries);
}

/** What stands under the same key of both. */
function pairs(left: unknown, right: unknown): [string, unknown, unknown][] {
  if (typeof left !== "object" || left === null || typeof right !== "object" || right === null) return [];
  const ours = new Map<string, unknown>(Object.entries(right));
  return Object.entries(left)
    .filter(([key]) => ours.has(key))
    .map(([key, value]: [string, unknown]) => [key, value, ours.get(key)]);
}

function isId(value: unknown): value is number | string {
  return (typeof value === "number" || typeof value === "string") && /^\d+$/.test(String(value));
}
