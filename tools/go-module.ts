import { cp, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { mustRun } from "./run.ts";

export interface GoProgram {
  /** Folder with go.mod and go.sum that pin the program, and modules that they replace others by. */
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
    if (program.version === undefined) {
      await cp(program.module, folder, { recursive: true });
    } else {
      // The pinned modules are too new for another version, which brings its own.
      await writeFile(join(folder, "go.mod"), "module other\n\ngo 1.24\n");
      await mustRun("go", ["get", `${program.package}@v${program.version}`], { cwd: folder });
    }
    const variables = Object.entries(program.variables).map(([name, value]) => `-X ${name}=${value}`);
    const built = `${program.output}.building-${process.pid}`;
    await mkdir(dirname(program.output), { recursive: true });
    await mustRun(
      "go",
      ["build", "-mod=mod", "-ldflags", ["-s -w", ...variables].join(" "), "-o", built, program.package],
      // Without C it needs no library, so it also runs in an image that holds nothing else.
      { cwd: folder, env: { ...process.env, CGO_ENABLED: "0" }, timeout: 3600 },
    );
    await rename(built, program.output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
