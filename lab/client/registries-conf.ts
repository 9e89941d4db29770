/** What a node's registries.conf.d says of an image reference, as containers/image reads it. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { parse } from "smol-toml";
import { z } from "zod";

const place = z.object({ location: z.string(), insecure: z.boolean().default(false) });
const file = z.object({
  registry: z
    .array(place.extend({ prefix: z.string().optional(), mirror: z.array(place).default([]) }))
    .default([]),
});

/** One place to ask for an image, in the order to ask them. */
export interface Source {
  /** `host[:port]/path/name` without tag. */
  readonly repository: string;
  readonly insecure: boolean;
}

/**
 * Mirrors first, then the location itself; without a matching prefix the repository as it is named. Files are read in
 * the order of their names, a later table of the same prefix replaces an earlier one, the longest prefix wins.
 */
export async function sourcesOf(dropInDir: string, repository: string): Promise<Source[]> {
  const tables = new Map<string, z.infer<typeof file>["registry"][number]>();
  for (const name of (await readdir(dropInDir)).filter((entry) => entry.endsWith(".conf")).sort()) {
    const { registry } = file.parse(parse(await readFile(join(dropInDir, name), "utf8")));
    for (const table of registry) tables.set(table.prefix ?? table.location, table);
  }
  const [match] = [...tables]
    .filter(([prefix]) => repository === prefix || repository.startsWith(`${prefix}/`))
    .sort(([one], [other]) => other.length - one.length);
  if (match === undefined) return [{ repository, insecure: false }];
  const [prefix, table] = match;
  const rest = repository.slice(prefix.length);
  return [...table.mirror, table].map(({ location, insecure }) => ({
    repository: `${location}${rest}`,
    insecure,
  }));
}
