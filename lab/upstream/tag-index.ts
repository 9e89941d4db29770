/** Which manifests a repository holds, by tag and by digest; a JSON file. */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { isDigest } from "./blob-store.ts";

const entrySchema = z.object({ digest: z.string(), mediaType: z.string() });
const indexSchema = z.record(z.string(), z.record(z.string(), entrySchema));

export type ManifestEntry = z.infer<typeof entrySchema>;

export class TagIndex {
  readonly #file: string;
  readonly #repositories: Record<string, Record<string, ManifestEntry>>;

  constructor(file: string) {
    this.#file = file;
    this.#repositories = existsSync(file) ? indexSchema.parse(JSON.parse(readFileSync(file, "utf8"))) : {};
  }

  get(repository: string, reference: string): ManifestEntry | undefined {
    return this.#repositories[repository]?.[reference];
  }

  /** Makes the manifest known by its digest, and by `reference` where that is a tag. */
  set(repository: string, reference: string, entry: ManifestEntry): void {
    const references = (this.#repositories[repository] ??= {});
    references[entry.digest] = entry;
    references[reference] = entry;
    writeFileSync(`${this.#file}.partial`, JSON.stringify(this.#repositories));
    renameSync(`${this.#file}.partial`, this.#file);
  }

  list(repository: string): string[] {
    return Object.keys(this.#repositories[repository] ?? {})
      .filter((reference) => !isDigest(reference))
      .sort();
  }
}
