/** Configuration of others on a node that keeps images from going through the mirrors. */
import { posix } from "node:path";
import { parse } from "smol-toml";
import { z } from "zod";
import type { WantedFile } from "./node-files.ts";

const tables = z.object({
  registry: z.array(z.object({ prefix: z.string().optional(), location: z.string().optional() })).default([]),
});

/**
 * One sentence per file of others that shadows one of ours, naming both. Source of the rules: sysregistriesv2 of
 * containers/image: the last file in lexical order has a prefix, the longest prefix has an image, and a user's own
 * registries.conf replaces the system's files altogether.
 */
export function shadowing(ours: readonly WantedFile[], others: ReadonlyMap<string, string>): string[] {
  const prefixes = ours
    .filter((file) => file.path.endsWith(".conf"))
    .flatMap((file) => (prefixesOf(file.content) ?? []).map((prefix) => ({ prefix, path: file.path })));
  return [...others].flatMap(([other, content]) => {
    if (other.endsWith("/.config/containers/registries.conf")) {
      return [
        `${other} replaces all drop-ins for programs with that home; remove it, or move it to registries.conf.d`,
      ];
    }
    const theirs = prefixesOf(content);
    if (theirs === undefined) return [`${other} is no TOML: the runtime will refuse its next start`];
    return theirs.flatMap((prefix) => {
      return prefixes.flatMap((mine) => {
        const later = prefix === mine.prefix && posix.basename(other) > posix.basename(mine.path);
        if (later) return [`${other} comes later and replaces ${prefix} of ${mine.path}`];
        const below = prefix.startsWith(`${mine.prefix}/`);
        return below ? [`${other} takes ${prefix} away from ${mine.path}: a longer prefix wins`] : [];
      });
    });
  });
}

function prefixesOf(content: string): string[] | undefined {
  try {
    const { registry } = tables.parse(parse(content));
    return registry.map((table) => table.prefix ?? table.location ?? "").filter((prefix) => prefix !== "");
  } catch {
    return undefined;
  }
}
