/** What CRI-O and podman read in `registries.conf.d`: a drop-in for each registry, or one for all. */
import type { PoolSettings } from "../../config/settings.ts";
import type { TextFile } from "./node-file.ts";
import type { NodeMirror } from "./node-mirrors.ts";

/** A pool as far as its drop-ins go. */
export type DropInPool = Pick<PoolSettings, "name" | "dropInDir" | "files" | "unqualifiedSearch">;

/**
 * The mirrors in order, then the registry itself. One that answers 404, refuses or times out sends the runtime on to the
 * next. An alias stands in the file of its registry.
 */
export function crioDropIns(mirrors: readonly NodeMirror[], pool: DropInPool): TextFile[] {
  const search =
    pool.unqualifiedSearch.length === 0
      ? []
      : [`unqualified-search-registries = [${pool.unqualifiedSearch.map(quote).join(", ")}]\n`];
  const groups = [...Map.groupBy(mirrors, nameOf)];
  const file = (name: string, lines: readonly string[]): TextFile => ({
    path: `${pool.dropInDir}/50-harbor-cache${name}.conf`,
    content: [...poolHead(pool.name), ...lines].join("\n"),
    mode: "0644",
  });
  if (pool.files === "one") {
    const tables = groups.flatMap(([, group]) => [commentOn(group), ...group.map(registryTable)]);
    return [file("", [...search, ...tables])];
  }
  return [
    ...groups.map(([name, group]) =>
      file(`-${fileSafe(name)}`, [commentOn(group), ...group.map(registryTable)]),
    ),
    ...(search.length === 0 ? [] : [file("-unqualified", search)]),
  ];
}

/** The pool's name makes the files of two pools differ, so that a pool never removes what another one wrote. */
export function poolHead(pool: string): string[] {
  return [`# Managed by harbor-cache, pool ${pool}: changes made here are undone by its next run.`];
}

/** CRI-O's own setting of where its logins are, as a drop-in of `crio.conf.d`. Read at its start only. */
export function crioAuthDropIn(pool: Pick<PoolSettings, "name" | "configDir" | "authFile">): TextFile {
  return {
    path: `${pool.configDir}/crio.conf.d/50-harbor-cache.conf`,
    content: [...poolHead(pool.name), "[crio.image]", `global_auth_file = ${quote(pool.authFile)}`, ""].join(
      "\n",
    ),
    mode: "0644",
  };
}

/** Of an alias: its registry's. */
function nameOf({ registry, prefix }: NodeMirror): string {
  return registry ?? prefix;
}

function commentOn(group: readonly NodeMirror[]): string {
  const prefixes = group.map(({ prefix }) => prefix).join(", ");
  const [first] = group;
  return `# ${prefixes}: ${first === undefined ? "" : orderOf(first)}.`;
}

/** `from the cache, then 10.10.100.1:35007/hub, else from docker.io` */
export function orderOf({ registry, location, fallback, sources }: NodeMirror): string {
  const [first, ...rest] = sources.map(({ location: place }) => place);
  const itself = location === "" ? "the registry itself" : location;
  if (first === undefined) return fallback ? `from ${itself}` : "blocked";
  const mirrors = ["from", [registry === undefined ? first : "the cache", ...rest].join(", then ")].join(" ");
  return fallback ? `${mirrors}, else from ${itself}` : `${mirrors} only`;
}

/**
 * The fallback of an alias is the registry that it stands for. A blocked table names its own prefix instead: the runtime
 * looks up what is blocked by the location that it is about to ask.
 */
function registryTable({ prefix, location, insecure, fallback, sources }: NodeMirror): string {
  const place = fallback || location === "" ? location : prefix;
  return [
    "",
    "[[registry]]",
    `prefix = ${quote(prefix)}`,
    ...(place === "" ? [] : [`location = ${quote(place)}`]),
    ...(insecure ? ["insecure = true"] : []),
    ...(fallback ? [] : ["blocked = true"]),
    ...sources.flatMap((source) => [
      "",
      "[[registry.mirror]]",
      `location = ${quote(source.location)}`,
      ...(source.unchecked || source.url.startsWith("http:") ? ["insecure = true"] : []),
      ...(source.pullFromMirror === "all" ? [] : [`pull-from-mirror = ${quote(source.pullFromMirror)}`]),
    ]),
    "",
  ].join("\n");
}

/** A TOML basic string; JSON's escapes are among TOML's. */
function quote(text: string): string {
  return JSON.stringify(text);
}

/** No two names become the same: a port's colon is `_`, everything else that is no part of a host is written in hex. */
function fileSafe(name: string): string {
  return name
    .replaceAll(/[^a-z0-9.:-]/g, (odd) => `%${odd.charCodeAt(0).toString(16).padStart(2, "0")}`)
    .replaceAll(":", "_");
}
