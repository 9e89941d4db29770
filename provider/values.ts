/**
 * The engine's property values as plain JavaScript and back: secrets are unwrapped and their paths remembered,
 * what is not known yet at a preview is the sentinel `UNKNOWN`.
 */

/** Stands for a value that is not known yet. Met in check, diff and previews only. */
export const UNKNOWN: unique symbol = Symbol("unknown");

export type Value =
  | null
  | boolean
  | number
  | string
  | typeof UNKNOWN
  | readonly Value[]
  | { readonly [key: string]: Value };

export type Properties = Readonly<Record<string, Value>>;

/** Is this value itself unknown? */
export function isUnknown(value: unknown): value is typeof UNKNOWN {
  return value === UNKNOWN;
}

/** Is anything in this value unknown? */
export function hasUnknown(value: Value | undefined): boolean {
  if (isUnknown(value)) return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(hasUnknown);
}
