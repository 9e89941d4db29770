/**
 * Files that are shared with others: what of them is ours is put in, found and taken out, and nothing else is touched.
 * Ours is JSON, `{SECTION: {NAME: VALUE}}`; each `SECTION/NAME` is a key of ours. What can't be
 * worked with is an UnusableFile.
 */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { authJson } from "./merge-auth-json.ts";
import { containerdConfig } from "./merge-containerd-config.ts";
import { registriesYaml } from "./merge-registries-yaml.ts";
import type { MergeFormat } from "./node-files.ts";

/** What one format needs to know of its files. */
export interface SharedFile {
  /** Names and values by section; none where the file has no such section. Throws where it can't be read. */
  read(text: string): (section: string) => ReadonlyMap<string, unknown>;
  /** The whole new text, with every other byte or at least every other value and comment as it was. */
  edit(text: string, set: readonly Entry[], remove: readonly Place[]): string;
  /** Whether nobody's entry is left. */
  isEmpty(text: string): boolean;
}

export interface Place {
  readonly section: string;
  readonly name: string;
}

export interface Entry extends Place {
  readonly value: unknown;
}

const FORMATS: Readonly<Record<MergeFormat, SharedFile>> = {
  "auth-json": authJson,
  "registries-yaml": registriesYaml,
  "containerd-config": containerdConfig,
};

const part = z.record(z.string(), z.union([z.string(), z.record(z.string(), z.unknown())]));

/** `auths/harbor.example.com/proxy`, `mirrors/docker.io`, `configs/harbor.example.com`, `config_path//etc/containerd/certs.d` */
export function keysOf(_format: MergeFormat, ours: string): string[] {
  return entriesOf(ours).map(keyOf);
}

/** The whole new text of the file, `current` itself where nothing is to be done. Keys of ours in `goneKeys` go. */
export function mergeInto(
  format: MergeFormat,
  current: string | undefined,
  ours: string,
  goneKeys: readonly string[],
): string {
  const file = FORMATS[format];
  const text = current ?? "";
  const wanted = entriesOf(ours);
  const keep = new Set(wanted.map(keyOf));
  const there = file.read(text);
  const set = wanted.filter(({ section, name, value }) => {
    const entries = there(section);
    return !entries.has(name) || !isDeepStrictEqual(entries.get(name), value);
  });
  const remove = present(
    there,
    goneKeys.filter((key) => !keep.has(key)),
  );
  return set.length + remove.length === 0 ? text : file.edit(text, set, remove);
}

/** Canonical JSON of what is there under our keys: `{}` where nothing is, or the file can't be read. */
export function oursIn(format: MergeFormat, current: string | undefined, keys: readonly string[]): string {
  try {
    const there = FORMATS[format].read(current ?? "");
    const places = present(there, keys);
    return canonicalOf(places.map((place) => ({ ...place, value: there(place.section).get(place.name) })));
  } catch {
    return "{}";
  }
}

/** Ours without anything that could differ between two texts of the same meaning. */
export function canonical(ours: string): string {
  return canonicalOf(entriesOf(ours));
}

/** The file without our keys; undefined when nothing of anybody's is left in it. Throws where it can't be read. */
export function takeOut(format: MergeFormat, current: string, keys: readonly string[]): string | undefined {
  const file = FORMATS[format];
  const remove = present(file.read(current), keys);
  const rest = remove.length === 0 ? current : file.edit(current, [], remove);
  return file.isEmpty(rest) ? undefined : rest;
}

function present(there: ReturnType<SharedFile["read"]>, keys: readonly string[]): Place[] {
  return keys.map(placeOf).filter(({ section, name }) => there(section).has(name));
}

function entriesOf(ours: string): Entry[] {
  return Object.entries(part.parse(JSON.parse(ours))).flatMap(([section, value]) =>
    typeof value === "string"
      ? [{ section, name: value, value: true }]
      : Object.entries(value).map(([name, one]) => ({ section, name, value: one })),
  );
}

function keyOf({ section, name }: Place): string {
  return `${section}/${name}`;
}

function placeOf(key: string): Place {
  const slash = key.indexOf("/");
  return { section: key.slice(0, slash), name: key.slice(slash + 1) };
}

function canonicalOf(entries: readonly Entry[]): string {
  const sorted = entries.map((entry): [string, unknown] => [keyOf(entry), entry.value]);
  return JSON.stringify(sortedKeys(Object.fromEntries(sorted)));
}

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, sortedKeys(one)]),
  );
}
