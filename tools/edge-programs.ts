/** What the tests with real certificates need: Traefik, a CA that speaks ACME, and Route53's API. */
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

import { PROJECT_ROOT, pulumiHome } from "./engine.ts";
import { buildGoProgram } from "./go-module.ts";
import { mustRun, run } from "./run.ts";
import { ensureTestPrograms, findProgram, installPackages } from "./test-programs.ts";

/** The same as the settings' default image has. */
export const TRAEFIK_VERSION = "3.7.10";
const PEBBLE_VERSION = "2.10.1";
const MOTO_VERSION = "5.2.5";
/** The stand-in for the socket proxy's image is made of them; Debian's package by program. */
const PACKAGES = { haproxy: "haproxy", busybox: "busybox", python3: "python3-venv" };

/** Absolute paths; they are there after `ensureEdgePrograms`. */
export function edgePrograms() {
  const cached = (...path: string[]) => join(pulumiHome(), "tools", ...path);
  return {
    traefik: cached(`traefik-${TRAEFIK_VERSION}`, "traefik"),
    pebble: cached(`pebble-${PEBBLE_VERSION}`, "pebble"),
    /** A Python that has moto. */
    moto: cached(`moto-${MOTO_VERSION}`, "bin", "python"),
  };
}

/** True where nothing would have to be built or installed. */
export async function edgeProgramsAreThere(): Promise<boolean> {
  const found = await Promise.all(["haproxy", "busybox"].map(findProgram));
  return !found.includes(undefined) && Object.values(edgePrograms()).every((path) => existsSync(path));
}

/** Brings what is missing: Traefik is built for some minutes, once. */
export async function ensureEdgePrograms(say: (line: string) => void): Promise<void> {
  const missing = await ensureTestPrograms(say, PACKAGES);
  if (missing.length > 0) throw new Error(`missing for the tests of the edge: ${missing.join(", ")}`);
  const { traefik, pebble, moto } = edgePrograms();
  if (!existsSync(traefik)) {
    say(`building Traefik ${TRAEFIK_VERSION} from its Go module: some minutes, once`);
    await buildGoProgram({
      module: join(PROJECT_ROOT, "tools/traefik"),
      package: "github.com/traefik/traefik/v3/cmd/traefik",
      variables: { "github.com/traefik/traefik/v3/pkg/version.Version": `v${TRAEFIK_VERSION}` },
      output: traefik,
    });
  }
  if (!existsSync(pebble)) {
    say(`building Pebble ${PEBBLE_VERSION} from its Go module`);
    await buildGoProgram({
      module: join(PROJECT_ROOT, "tools/pebble"),
      package: "github.com/letsencrypt/pebble/v2/cmd/pebble",
      variables: { "main.version": PEBBLE_VERSION },
      output: pebble,
    });
  }
  if (!existsSync(moto)) {
    say(`installing moto ${MOTO_VERSION} from PyPI`);
    await installMoto(dirname(dirname(moto)), say);
  }
}

/** Its programs hold the folder's path, so it is called by its Python only, and can be renamed when it is whole. */
async function installMoto(folder: string, say: (line: string) => void): Promise<void> {
  const building = `${folder}.building-${process.pid}`;
  try {
    await mkdir(dirname(folder), { recursive: true });
    // Debian's own Python comes without the part that makes one.
    const venv = ["-m", "venv", "--clear", building];
    if ((await run("python3", venv)).code !== 0) await installPackages(say, [PACKAGES.python3]);
    await mustRun("python3", venv);
    await mustRun(
      join(building, "bin/python"),
      [
        ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"],
        ...["--requirement", join(PROJECT_ROOT, "tools/moto/requirements.txt")],
      ],
      { timeout: 900 },
    );
    await rename(building, folder);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}
