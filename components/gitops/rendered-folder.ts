import { lstatSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { RunError } from "@pulumi/pulumi";

/** Says which files of the folder are ours, one path a line. It belongs into the repository with them. */
export const manifest = ".harbor-cache-files";
const manifestHead = "# The files here that harbor-cache writes, and deletes when it renders them no more.\n";

/**
 * A folder that we share with others: what is listed in its manifest is ours, everything else is left alone. Paths are
 * relative to it, with slashes, and never lead out of it.
 */
export class RenderedFolder {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** @throws RunError for a path that is none below the folder */
  check(paths: readonly string[]): void {
    for (const path of paths) this.#locate(path);
  }

  /**
   * Writes a file as a whole, and only where it differs.
   * @returns why not, where a file of somebody else is in the way
   */
  write(path: string, text: string): string | undefined {
    const file = this.#locate(path);
    const ours = this.#ours();
    const present = read(file);
    if (!ours.has(path)) {
      if (present !== undefined && present !== text) {
        return (
          `one is there that ${manifest} does not list, so harbor-cache has not written it and leaves it alone. ` +
          "Move it away, or choose another folder."
        );
      }
      this.#list([...ours, path]);
    }
    if (present !== text || isLink(file)) replace(file, text);
    return undefined;
  }

  /** Deletes our files but these. */
  keepOnly(paths: readonly string[]): void {
    const ours = this.#ours();
    const gone = [...ours].filter((path) => !paths.includes(path));
    if (gone.length === 0) return;
    for (const path of gone) {
      rmSync(this.#locate(path), { force: true });
      this.#removeEmpty(dirname(path));
    }
    this.#list([...ours].filter((path) => !gone.includes(path)));
  }

  #ours(): Set<string> {
    const lines = (read(join(this.#root, manifest)) ?? "").split("\n");
    return new Set(lines.filter((line) => line !== "" && !line.startsWith("#")));
  }

  #list(paths: readonly string[]): void {
    const file = join(this.#root, manifest);
    if (paths.length === 0) rmSync(file, { force: true });
    else replace(file, `${manifestHead}${[...new Set(paths)].sort().join("\n")}\n`);
  }

  /** The path on disk. A manifest may be written by anybody: its paths are checked like ours. */
  #locate(path: string): string {
    const parts = path.split("/");
    const wrong = (part: string): boolean =>
      ["", ".", "..", manifest].includes(part) || /[\\\0\n]/.test(part);
    if (parts.some(wrong)) throw new RunError(`harbor-cache:gitops.folder: ${path} is no path below it`);
    for (let end = 1; end < parts.length; end++) {
      const folder = join(this.#root, ...parts.slice(0, end));
      if (isLink(folder)) {
        throw new RunError(
          `harbor-cache:gitops.folder: ${folder} is a symbolic link, which could lead out of it`,
        );
      }
    }
    return join(this.#root, ...parts);
  }

  #removeEmpty(path: string): void {
    for (let folder = path; folder !== "."; folder = dirname(folder)) {
      try {
        rmdirSync(join(this.#root, folder));
      } catch {
        // Somebody's files are still in it.
        return;
      }
    }
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) {
      return undefined;
    }
    throw error;
  }
}

function replace(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const written = `${file}.harbor-cache-new`;
  writeFileSync(written, text);
  renameSync(written, file);
}
