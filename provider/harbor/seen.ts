/** What Harbor has of a resource, and how it compares with what was wanted. */
import { z } from "zod";
import { equal } from "../property-diff.ts";
import type { Properties, Value } from "../values.ts";
import type { HarborClient } from "./client.ts";
import { PartialFailure } from "../resource.ts";

/** An object of Harbor's in the resource's own terms. What Harbor leaves out (quirk 11) or shows empty is absent. */
export interface Seen {
  readonly id: string;
  /** All inputs but those that Harbor doesn't show. */
  readonly inputs: Properties;
  readonly outputs: Properties;
}

/** A text in Harbor's answers: an empty one is absent. */
export const shownText = z
  .string()
  .optional()
  .transform((text) => (text === "" ? undefined : text));

/** What a resource says of its own inputs and outputs. */
export interface Described {
  /** For messages: `robot account`. */
  readonly what: string;
  /** One schema per input, as `checkInputs` takes it. */
  readonly shape: Readonly<Record<string, unknown>>;
  /** Inputs that Harbor doesn't show: secrets, and what only concerns this provider. */
  readonly hidden?: readonly string[];
  readonly outputs: readonly string[];
}

/** Names of the inputs in which Harbor's object isn't as wanted. */
export function differences(kind: Described, wanted: Properties, seen: Properties): string[] {
  return Object.keys(kind.shape).filter(
    (name) => kind.hidden?.includes(name) !== true && !equal(wanted[name], seen[name]),
  );
}

export function pick(properties: Properties, names: readonly string[]): Properties {
  const entries = names.map((name) => [name, properties[name]] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, Value] => entry[1] !== undefined));
}

/** Inputs as read: Harbor's, and from the last ones what Harbor doesn't show. */
export function readInputs(kind: Described, oldInputs: Properties, seen: Properties): Properties {
  return { ...pick(oldInputs, kind.hidden ?? []), ...seen };
}

/** The state after a write, read back: Harbor ignores silently what it doesn't know (quirks 12, 23, 26). */
export async function settle(
  kind: Described,
  harbor: HarborClient,
  id: string,
  inputs: Properties,
  outputs: Properties,
  get: (harbor: HarborClient) => Promise<Pick<Seen, "inputs" | "outputs"> | undefined>,
): Promise<Properties> {
  const unread: Properties = { ...inputs, ...outputs };
  const seen = await get(harbor).catch((error: unknown) => {
    throw new PartialFailure(id, unread, [
      `The ${kind.what} was written, but not read back: ${String(error)}`,
    ]);
  });
  const ignored = seen === undefined ? ["all: it is gone again"] : differences(kind, inputs, seen.inputs);
  if (ignored.length > 0) {
    const reason = `Harbor accepted the ${kind.what} but did not take over: ${ignored.join(", ")}.`;
    throw new PartialFailure(id, unread, [reason]);
  }
  return { ...unread, ...seen?.outputs };
}
