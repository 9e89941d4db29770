import type { Properties, Value } from "../values.ts";

/** The properties that have a value. */
export function withoutUndefined(properties: Readonly<Record<string, Value | undefined>>): Properties {
  return Object.fromEntries(
    Object.entries(properties).filter((entry): entry is [string, Value] => entry[1] !== undefined),
  );
}
