/** Compose's YAML: plain values, and the tags !override and !reset that say how a second file changes the first. */
import { isAlias, isMap, isScalar, isSeq, parseDocument, YAMLMap, YAMLSeq } from "yaml";
import type { CollectionTag, Node, ScalarTag } from "yaml";

import { DockerError } from "./docker-error.ts";

export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain };

const PARSE_FAILURE = 15;

const scalarTag = (tag: string): ScalarTag => ({ tag, resolve: (text) => text });
const collectionTags = (tag: string): CollectionTag[] => [
  { tag, collection: "map", nodeClass: YAMLMap },
  { tag, collection: "seq", nodeClass: YAMLSeq },
];
const TAGS = ["!override", "!reset"];

/** The file's document. Anything that a YAML reader would only warn about is an error. */
export function readYaml(file: string, text: string): Node | null {
  const document = parseDocument(text, {
    version: "1.2",
    customTags: TAGS.flatMap((tag) => [scalarTag(tag), ...collectionTags(tag)]),
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw new DockerError(`parsing ${file}: ${problem.message}`, PARSE_FAILURE);
  return document.contents;
}

/** `over` laid on `base` as compose merges files: mappings deeply, lists one after the other, the rest replaced. */
export function merge(base: Plain | undefined, over: Node | null | undefined): Plain | undefined {
  if (over?.tag === "!reset") return undefined;
  const fresh = base === undefined || base === null || over?.tag === "!override";
  if (isMap(over)) {
    const merged: Record<string, Plain> = fresh || !isMapping(base) ? {} : { ...base };
    for (const { key, value } of over.items) {
      const name = String(isScalar(key) ? key.value : key);
      const plain = merge(merged[name], value as Node | null);
      if (plain === undefined) Reflect.deleteProperty(merged, name);
      else merged[name] = plain;
    }
    return merged;
  }
  if (isSeq(over)) {
    const items = over.items.map((item) => merge(undefined, item as Node) ?? null);
    return fresh || !isList(base) ? items : [...base, ...items.filter((item) => !base.includes(item))];
  }
  if (isAlias(over)) throw new DockerError("stand-in: YAML aliases are not known here", PARSE_FAILURE);
  return isScalar(over) ? scalar(over.value) : null;
}

function scalar(value: unknown): Plain {
  if (
    value === null ||
    typeof value === "string" ||
    typeof value === "number" ||
    typeof value === "boolean"
  ) {
    return value;
  }
  throw new DockerError(`stand-in: unknown kind of YAML value: ${typeof value}`, PARSE_FAILURE);
}

const isList = (value: Plain): value is readonly Plain[] => Array.isArray(value);

const isMapping = (value: Plain): value is Readonly<Record<string, Plain>> =>
  typeof value === "object" && value !== null && !isList(value);
