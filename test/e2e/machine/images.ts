/**
 * Images by the names of Harbor's own, made on the spot: no image registry is needed. They hold stand-ins: `prepare`
 * writes what Harbor's would, `nginx-photon` serves the lab's Harbor stand-in, `harbor-log` takes
 * the others' logs, and all others idle.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { PROJECT_ROOT } from "../../../tools/engine.ts";
import { mustRun } from "../../../tools/run.ts";
import type { DockerEngine } from "./docker-engine.ts";
import { sharedLibraries } from "./program-image.ts";
import { freePort } from "../../../lab/free-port.ts";

const NODE = "node_modules/.bin/node";
/** What the stand-ins import. */
const SOURCES = ["package.json", "lab", "test/e2e/machine/image", "node_modules/yaml", "node_modules/zod"];
const IDLE = [
  "registry-photon",
  "harbor-registryctl",
  "harbor-db",
  "harbor-core",
  "harbor-portal",
  "harbor-jobservice",
  "valkey-photon",
  "harbor-exporter",
  "trivy-adapter-photon",
];

/** Brings all of Harbor's images of one version into the engine. */
export async function buildImages(engine: DockerEngine, version: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "images-"));
  try {
    const layer = join(folder, "layer.tar");
    const libraries = await sharedLibraries([join(PROJECT_ROOT, NODE), "/bin/sleep"]);
    await mustRun("tar", [
      ...["--create", "--dereference", "--hard-dereference", "--file", layer],
      ...["--directory", "/", "bin/sleep", ...libraries.map((path) => path.slice(1))],
      ...["--directory", PROJECT_ROOT, NODE, ...SOURCES],
    ]);
    await engine.docker(["import", layer, "stand-in"]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const build = (name: string, entrypoint: readonly string[], ...more: readonly string[]) =>
    engine.docker(["build", "--quiet", "--tag", tag(name, version), "-"], {
      stdin: ["FROM stand-in", `ENTRYPOINT ${JSON.stringify(entrypoint)}`, ...more, ""].join("\n"),
    });
  const node = `/${NODE}`;
  const variables = `ENV HARBOR_VERSION=${version} LOG_PORT=${await freePort()}`;
  await build("prepare", [node, "/test/e2e/machine/image/prepare.ts"], variables);
  await build("nginx-photon", [node, "/lab/harbor/main.ts"]);
  // A container's first process hears no signal that it doesn't ask for.
  const deaf = "STOPSIGNAL SIGKILL";
  // The others log to it, and don't start where they can't.
  await build("harbor-log", [node, "-e", "net.createServer((log) => log.resume()).listen(10514)"], deaf);
  await build("idle", ["/bin/sleep", "infinity"], deaf);
  for (const name of IDLE) await engine.docker(["tag", tag("idle", version), tag(name, version)]);
}

const tag = (name: string, version: string) => `goharbor/${name}:v${version}`;
