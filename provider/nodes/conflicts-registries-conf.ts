/**
 * CRI-O's and podman's registries.conf files beside ours. Source of the rules: sysregistriesv2 of containers/image: the
 * last file in lexical order has a prefix, the longest prefix has an image, and a user's own registries.conf replaces the
 * system's files altogether.
 */
import { posix } from "node:path";
import type { Finding, OnNode } from "./conflicts.ts";
import { isCrioConf } from "./conflicts-crio.ts";
import { isDropIn, readRegistriesConf } from "./registries-conf.ts";
import type { RegistriesConf, RegistryPlace } from "./registries-conf.ts";

export function registriesConfConflicts({ files, others }: OnNode): Finding[] {
  const ours = files
    .filter(({ path, merge }) => merge === undefined && isRegistriesConf(path))
    .map(({ path, content }) => readRegistriesConf(path, content));
  return [...others].flatMap(([path, content]) => {
    if (path.endsWith("/.config/containers/registries.conf")) return [ofHome(path)];
    if (!isRegistriesConf(path)) return [];
    const theirs = readRegistriesConf(path, content);
    return [
      ...theirs.findings,
      ...ours.flatMap((mine) => [...searchConflict(mine, theirs), ...tableConflicts(mine, theirs, ours)]),
    ];
  });
}

function isRegistriesConf(path: string): boolean {
  return path.endsWith(".conf") && !isCrioConf(path);
}

function ofHome(path: string): Finding {
  const text = `${path}:1: replaces all drop-ins for programs with that home; remove it, or move it to registries.conf.d`;
  return { text, breaks: false };
}

function searchConflict(mine: RegistriesConf, theirs: RegistriesConf): Finding[] {
  if (mine.search === undefined || theirs.search === undefined) return [];
  const { registries } = mine.search;
  const at = `${theirs.path}:${theirs.search.line}: unqualified-search-registries`;
  if (isAfter(theirs, mine)) {
    const same = String(theirs.search.registries) === String(registries);
    return same
      ? []
      : [{ text: `${at} comes later and replaces that of ${mine.path}; take it out`, breaks: false }];
  }
  const lost = theirs.search.registries.filter((one) => !registries.includes(one));
  if (lost.length === 0) return [];
  const text = `${at} is replaced by ${mine.path}, which lacks ${lost.join(", ")}; put them into nodes.unqualifiedSearch, or take them out`;
  return [{ text, breaks: false }];
}

function tableConflicts(
  mine: RegistriesConf,
  theirs: RegistriesConf,
  ours: readonly RegistriesConf[],
): Finding[] {
  const ourPrefixes = new Set(ours.flatMap((one) => one.tables.map((table) => table.prefix)));
  return theirs.tables.flatMap((their) => {
    const at = `${theirs.path}:${their.line}:`;
    return mine.tables.flatMap((table): Finding[] => {
      const say = (text: string): Finding[] => [{ text: `${at} ${text}`, breaks: false }];
      if (their.prefix === table.prefix) {
        if (isAfter(theirs, mine)) {
          return say(
            `comes later and replaces ${table.prefix} of ${mine.path}; take it out, or give it a name that sorts before`,
          );
        }
        return losesNothing(their, table) ? [] : say(replaced(their, mine, theirs));
      }
      if (!ourPrefixes.has(their.prefix) && isBelow(their.prefix, table.prefix)) {
        return say(
          `takes ${their.prefix} away from ${mine.path}, as the longer prefix wins; take it out, or see that it is meant so`,
        );
      }
      const flag = (["insecure", "blocked"] as const).find((one) => their[one] !== table[one]);
      if (flag === undefined || their.location !== table.location) return [];
      return say(
        `has ${flag} = ${their[flag]} for ${their.location}, and ${mine.path} ${table[flag]}; make both the same`,
      );
    });
  });
}

/** The main file comes before all drop-ins, whatever it is called; a user's own drop-ins come last. */
function isAfter({ path }: RegistriesConf, mine: RegistriesConf): boolean {
  if (path.includes("/.config/")) return true;
  return isDropIn(path) && posix.basename(path) > posix.basename(mine.path);
}

function losesNothing(their: RegistryPlace, mine: RegistryPlace): boolean {
  const same = (["location", "insecure", "blocked"] as const).every((key) => their[key] === mine[key]);
  return same && their.mirrors.every((mirror) => mine.mirrors.includes(mirror));
}

function replaced(their: RegistryPlace, mine: RegistriesConf, theirs: RegistriesConf): string {
  const from = posix.basename(theirs.path).startsWith("10-") ? " (Kubespray: out of crio_registries)" : "";
  return (
    `is replaced as a whole by ${their.prefix} of ${mine.path}, its mirrors and flags with it; put those that are ` +
    `needed into registries[].mirrors or nodes.mirrors, or take it out${from}`
  );
}

/** Whether an image of the one prefix would have matched the other, shorter one. Source: refMatchingPrefix. */
function isBelow(prefix: string, shorter: string): boolean {
  if (prefix.length <= shorter.length) return false;
  if (!shorter.startsWith("*."))
    return prefix.startsWith(shorter) && ":/".includes(prefix.charAt(shorter.length));
  const [host = ""] = prefix.split(/[:/]/);
  return host.endsWith(shorter.slice(1));
}
