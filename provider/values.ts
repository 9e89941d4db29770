/**
 * The engine's property values as plain JavaScript and back: secrets are unwrapped and their paths remembered,
 * what is not known yet at a preview is the sentinel `UNKNOWN`.
 */
import structProto from "google-protobuf/google/protobuf/struct_pb.js";

/** Stands for a value that is not known yet. Met in check, diff and previews only. */
export const UNKNOWN: unique symbol = Symbol("unknown");

export type Value =
  null | boolean | number | string | typeof UNKNOWN | readonly Value[] | { readonly [key: string]: Value };

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

/** Where secrets were in properties, and what they were, so that no message shows them. */
export interface Secrets {
  /** Each path as JSON: `["nodes",0,"privateKey"]`. */
  readonly paths: Set<string>;
  readonly texts: Set<string>;
}

type Path = readonly (string | number)[];
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

// The constants of Pulumi's wire format (sdk/nodejs/runtime/rpc.ts).
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function noSecrets(): Secrets {
  return { paths: new Set(), texts: new Set() };
}

/** Properties from the engine; the secrets among them are added to `secrets`. */
export function fromStruct(struct: structProto.Struct | undefined, secrets: Secrets): Properties {
  if (struct === undefined) return {};
  return mapValues(struct.toJavaScript(), (value, step) =>
    decode(value, { step, within: undefined }, secrets),
  );
}

/** Properties for the engine; what lies at a path in `secrets`, or is named in `alwaysSecret`, is marked secret. */
export function toStruct(
  properties: Properties,
  secrets: Secrets,
  alwaysSecret: readonly string[] = [],
): structProto.Struct {
  const marks = marksOf(secrets);
  const encoded = mapValues(properties, (value, key) => {
    const json = encode(value, marks.below.get(key));
    return alwaysSecret.includes(key) ? secret(json) : json;
  });
  return structProto.Struct.fromJavaScript(encoded);
}

/** The last step of a path, and those before it: a list would be copied for each of many thousand values. */
interface Place {
  readonly step: string | number;
  readonly within: Place | undefined;
}

function pathOf({ step, within }: Place): Path {
  return within === undefined ? [step] : [...pathOf(within), step];
}

function decode(value: Json, place: Place, secrets: Secrets): Value {
  if (value === UNKNOWN_TEXT) return UNKNOWN;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item, step) => decode(item, { step, within: place }, secrets));
  const signature = value[SIGNATURE];
  if (signature === SECRET) {
    const inner = decode(value["value"] ?? null, place, secrets);
    secrets.paths.add(JSON.stringify(pathOf(place)));
    for (const text of textsIn(inner)) secrets.texts.add(text);
    return inner;
  }
  if (signature !== undefined) {
    const path = pathOf(place).join(".");
    throw new Error(`${path}: assets, archives and resources are not accepted here; give a plain value`);
  }
  return mapValues(value, (item, step) => decode(item, { step, within: place }, secrets));
}

/** Is this value secret, and what in it is? */
interface Marks {
  secret: boolean;
  readonly below: Map<string | number, Marks>;
}

function marksOf(secrets: Secrets): Marks {
  const root: Marks = { secret: false, below: new Map() };
  for (const path of secrets.paths) {
    let marks = root;
    for (const step of JSON.parse(path) as Path) {
      const next = marks.below.get(step) ?? { secret: false, below: new Map() };
      marks.below.set(step, next);
      marks = next;
    }
    marks.secret = true;
  }
  return root;
}

function encode(value: Value, marks: Marks | undefined): Json {
  const json = encodePlain(value, marks?.below);
  return marks?.secret === true ? secret(json) : json;
}

function encodePlain(value: Value, below: Marks["below"] | undefined): Json {
  if (isUnknown(value)) return UNKNOWN_TEXT;
  if (typeof value !== "object" || value === null) return value;
  if (isList(value)) return value.map((item, index) => encode(item, below?.get(index)));
  return mapValues(value, (item, key) => encode(item, below?.get(key)));
}

function mapValues<From, To>(
  from: Readonly<Record<string, From>>,
  change: (value: From, key: string) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [key, change(value, key)]));
}

function secret(value: Json): Json {
  const wrapped =
    typeof value === "object" && value !== null && !Array.isArray(value) ? value[SIGNATURE] : undefined;
  return wrapped === SECRET ? value : { [SIGNATURE]: SECRET, value };
}

/** `Array.isArray` that narrows read-only arrays. */
export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function textsIn(value: Value): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}

/** `message` without any of the secrets. */
export function redact(message: string, secrets: Secrets): string {
  // Shorter ones are no secrets worth hiding and would tear ordinary words apart.
  const texts = [...secrets.texts].filter((text) => text.length >= 4).sort((a, b) => b.length - a.length);
  return texts.reduce((rest, text) => rest.replaceAll(text, "[secret]"), message);
}
