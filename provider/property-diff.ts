/** What differs between two sets of properties, property by property, in the engine's path syntax. */
import type { DiffKind, PropertyDiff } from "./resource.ts";
import { isList, isUnknown, type Properties, type Value } from "./values.ts";

/**
 * Compares properties deeply. An absent property and a null one are the same; an unknown one differs from everything.
 * Changes under the top-level names in `replace` ask for a replacement.
 */
export function diffProperties(
  olds: Properties,
  news: Properties,
  replace: readonly string[] = [],
): Record<string, PropertyDiff> {
  const found: Record<string, PropertyDiff> = {};
  for (const name of namesOf(olds, news)) {
    compare(name, olds[name], news[name], (path, kind) => {
      found[path] = { kind: replace.includes(name) ? `${kind}-replace` : kind };
    });
  }
  return found;
}

export function equal(a: Value | undefined, b: Value | undefined): boolean {
  let same = true;
  compare("", a, b, () => {
    same = false;
  });
  return same;
}

type Simple = Extract<DiffKind, "add" | "delete" | "update">;

function compare(
  path: string,
  a: Value | undefined,
  b: Value | undefined,
  report: (path: string, kind: Simple) => void,
): void {
  const [old, now] = [a ?? undefined, b ?? undefined];
  if (old === undefined || now === undefined) {
    if (old !== undefined) report(path, "delete");
    if (now !== undefined) report(path, "add");
  } else if (typeof old === "object" && typeof now === "object" && isList(old) === isList(now)) {
    if (isList(old) && isList(now)) {
      for (let index = 0; index < Math.max(old.length, now.length); index++) {
        compare(`${path}[${index}]`, old[index], now[index], report);
      }
    } else {
      const [before, after] = [old as Properties, now as Properties];
      for (const name of namesOf(before, after)) compare(join(path, name), before[name], after[name], report);
    }
  } else if (old !== now || isUnknown(now)) {
    report(path, "update");
  }
}

function namesOf(a: Properties, b: Properties): Set<string> {
  return new Set([...Object.keys(a), ...Object.keys(b)]);
}

/** A step into an object, as the engine writes it: `a.b`, `a["b.c"]`. */
export function join(path: string, name: string): string {
  return /^[A-Za-z_$][\w$-]*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
}
