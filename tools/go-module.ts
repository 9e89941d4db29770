import { copyFile, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { mustRun } from "./run.ts";

export interface GoProgram {
  /** Folder with go.mod and go.sum that pin the program. */
  readonly module: string;
  /** Import path of its main package. */
  readonly package: string;
  /** Another version of that package than the pinned one. */
  readonly version?: string;
  /** `import/path.Variable` set to a value at link time. */
  readonly variables: Readonly<Record<string, string>>;
  /** Absolute path of the finished program. */
  readonly output: string;
}

/** Builds a program from a Go module proxy; the finished file appears at once or not at all. */
export async function buildGoProgram(program: GoProgram): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "go-program-"));
  try {
    for (const file of ["go.mod", "go.sum"]) await copyFile(join(program.module, file), join(folder, file));
    // The committed go.sum is for the pinned version; another one brings sums of its own.
    if (program.version !== undefined)
      await mustRun("go", ["get", `${program.package}@v${program.version}`], { cwd: folder });
    const variables = Object.entries(program.variables).map(([name, value]) => `-X ${name}=${value}`);
    const built = `${program.output}.building-${process.pid}`;
    await mkdir(dirname(program.output), { recursive: true });
    await mustRun(
      "go",
      ["build", "-mod=mod", "-ldflags", ["-s -w", ...variables].join(" "), "-o", built, program.package],
      { cwd: folder, timeout: 3600 },
    );
    await rename(built, program.output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
