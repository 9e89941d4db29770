/** Images made of programs of this machine: no image registry is needed. */
import { copyFile, cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { mustRun, run } from "../../../tools/run.ts";
import type { DockerEngine } from "./docker-engine.ts";

export interface ProgramImage {
  /** Absolute path here by absolute path in the image; what a program loads comes along. */
  readonly programs: Readonly<Record<string, string>>;
  /** Text by absolute path in the image. */
  readonly files?: Readonly<Record<string, string>>;
  /** Files and folders of this machine by absolute path in the image. */
  readonly copies?: Readonly<Record<string, string>>;
  /** Target by absolute path in the image. */
  readonly links?: Readonly<Record<string, string>>;
  /** Lines as in a Dockerfile: ENTRYPOINT, ENV and the like. */
  readonly changes: readonly string[];
}

export async function makeProgramImage(
  engine: DockerEngine,
  tag: string,
  { programs, files = {}, copies = {}, links = {}, changes }: ProgramImage,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "image-"));
  const root = join(folder, "root");
  const place = async (path: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    return join(root, path);
  };
  try {
    for (const [path, program] of Object.entries(programs)) await copyFile(program, await place(path));
    for (const library of await sharedLibraries(Object.values(programs)))
      await copyFile(library, await place(library));
    for (const [path, text] of Object.entries(files)) await writeFile(await place(path), text);
    for (const [path, source] of Object.entries(copies))
      await cp(source, await place(path), { recursive: true });
    for (const [path, target] of Object.entries(links)) await symlink(target, await place(path));
    const layer = join(folder, "layer.tar");
    await mustRun("tar", ["--create", "--file", layer, "--directory", root, "."]);
    await engine.docker(["import", ...changes.flatMap((line) => ["--change", line]), layer, tag]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Absolute paths of what the loader needs for these programs, itself included; a static program needs nothing. */
export async function sharedLibraries(programs: readonly string[]): Promise<string[]> {
  const paths = new Set<string>();
  for (const program of programs) {
    const listed = await run("ldd", [program]);
    for (const [, path] of listed.stdout.matchAll(/(\/\S+) \(0x/g)) if (path !== undefined) paths.add(path);
  }
  return [...paths];
}
