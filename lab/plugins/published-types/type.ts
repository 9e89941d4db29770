/** Types as far as a Pulumi package's published ones go, and what is wrong with a value of one. */
import { didYouMean } from "../../../provider/inputs.ts";
import { join } from "../../../provider/property-diff.ts";
import type { CheckFailure } from "../../../provider/resource.ts";
import { isList, isUnknown } from "../../../provider/values.ts";
import type { Properties, Value } from "../../../provider/values.ts";

export type Type =
  | { readonly kind: "any" }
  | { readonly kind: "string" | "number" | "boolean" }
  | { readonly kind: "literal"; readonly value: string | number | boolean }
  | { readonly kind: "list"; readonly item: Type }
  | { readonly kind: "map"; readonly item: Type }
  | { readonly kind: "object"; readonly fields: () => Fields }
  | { readonly kind: "union"; readonly members: readonly Type[] }
  /** A resource of the SDK; on the wire its id comes instead. */
  | { readonly kind: "never" };

export interface Field {
  readonly type: Type;
  readonly required: boolean;
}

export type Fields = ReadonlyMap<string, Field>;

/** Problems of an object's properties; unknown values are taken as right, null ones as absent. */
export function checkFields(fields: Fields, value: Properties, path = ""): CheckFailure[] {
  const at = (name: string): string => (path === "" ? name : join(path, name));
  const problems: CheckFailure[] = [];
  for (const [name, { type, required }] of fields) {
    const given = value[name] ?? undefined;
    if (given !== undefined) problems.push(...checkType(type, given, at(name)));
    else if (required) problems.push({ property: at(name), reason: "This property is required." });
  }
  for (const [name, given] of Object.entries(value)) {
    // The engine and the bridge add keys of their own: __defaults, __internal.
    if (given === null || name.startsWith("__") || fields.has(name)) continue;
    const reason = `There is no such property.${fields.size === 0 ? "" : didYouMean(name, [...fields.keys()])}`;
    problems.push({ property: at(name), reason });
  }
  return problems;
}

function checkType(type: Type, value: Value, property: string): CheckFailure[] {
  if (isUnknown(value)) return [];
  switch (type.kind) {
    case "any":
      return [];
    case "string":
    case "number":
    case "boolean":
      if (typeof value === type.kind) return [];
      break;
    case "literal":
      if (value === type.value) return [];
      break;
    case "list":
      if (typeof value === "object" && value !== null && isList(value))
        return value.flatMap((item, index) => checkType(type.item, item, `${property}[${index}]`));
      break;
    case "map":
      if (isObject(value))
        return Object.entries(value).flatMap(([key, item]) =>
          checkType(type.item, item, join(property, key)),
        );
      break;
    case "object":
      if (isObject(value)) return checkFields(type.fields(), value, property);
      break;
    case "union": {
      const each = type.members.map((member) => checkType(member, value, property));
      // Where no member is right, the one of the value's own shape tells most.
      const right = each.find((problems) => problems.length === 0);
      const inside = each.find((problems) => problems.every((problem) => problem.property !== property));
      if ((right ?? inside) !== undefined) return right ?? inside ?? [];
      break;
    }
    case "never":
      break;
  }
  return [{ property, reason: `Must be ${inWords(type)}, not ${kindOf(value)}.` }];
}

export function inWords(type: Type): string {
  switch (type.kind) {
    case "literal":
      return JSON.stringify(type.value);
    case "list":
    case "object":
    case "string":
    case "number":
    case "boolean":
      return {
        list: "a list",
        object: "an object",
        string: "a string",
        number: "a number",
        boolean: "true or false",
      }[type.kind];
    case "map":
      return "a map";
    case "union":
      return [...new Set(type.members.filter(({ kind }) => kind !== "never").map(inWords))].join(" or ");
    case "any":
      return "anything";
    case "never":
      return "an id";
  }
}

/** Never the value itself: it may be a secret. */
function kindOf(value: Value): string {
  if (value === null) return "null";
  if (typeof value === "object") return isList(value) ? "a list" : "an object";
  return typeof value === "string"
    ? "this string"
    : typeof value === "number"
      ? "a number"
      : `a ${typeof value}`;
}

const isObject = (value: Value): value is Properties =>
  typeof value === "object" && value !== null && !isList(value);
