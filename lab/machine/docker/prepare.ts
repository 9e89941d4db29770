/** Stand-in for the container `goharbor/prepare`: checks harbor.yml and makes from it what the containers need. */
import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { HarborYmlError, parseHarborYml } from "../../harbor/harbor-yml.ts";
import type { HarborYml } from "../../harbor/harbor-yml.ts";
import { DockerError } from "./docker-error.ts";
import { DATA_FOLDERS, ENV_FILES, renderComposeFile } from "./harbor-containers.ts";

/** Where the Harbor stand-in reads what the containers were prepared with, below common/config. */
export const PREPARED_YML = "stand-in/harbor.yml";

/** `docker run` on this image, with its folders mounted as the real one needs them. */
export function prepare(
  version: string,
  mounts: ReadonlyMap<string, string>,
  command: readonly string[],
): void {
  const [name, ...options] = command;
  if (name !== "prepare" || options.some((option) => option !== "--with-trivy"))
    throw new DockerError(`stand-in: unknown arguments of prepare: ${command.join(" ")}`, 2);
  const [input, data, location, config, host] = [
    "/input",
    "/data",
    "/compose_location",
    "/config",
    "/hostfs",
  ].map((path) => {
    const source = mounts.get(path);
    if (source === undefined) throw new DockerError(`prepare needs a volume at ${path}`);
    return source;
  }) as [string, string, string, string, string];
  const file = join(input, "harbor.yml");
  if (!existsSync(file))
    throw new DockerError("Error: Invalid value for '--conf': Path '/input/harbor.yml' does not exist.", 2);
  const yml = read(file);
  // It wipes its folder and makes new internal secrets at every run.
  rmSync(config, { recursive: true, force: true });
  for (const folder of ["core/certificates", "nginx", "registry", "stand-in"]) {
    mkdirSync(join(config, folder), { recursive: true });
  }
  for (const path of ENV_FILES) {
    mkdirSync(dirname(join(config, path)), { recursive: true });
    writeFileSync(join(config, path), `INTERNAL_SECRET=${randomBytes(16).toString("hex")}\n`, {
      mode: 0o640,
    });
  }
  for (const folder of DATA_FOLDERS) mkdirSync(join(data, folder), { recursive: true, mode: 0o750 });
  if (yml.https !== undefined) installCertificate(yml.https, host, join(data, "secret", "cert"));
  copyFileSync(file, join(config, PREPARED_YML));
  writeFileSync(
    join(location, "docker-compose.yml"),
    renderComposeFile(yml, version, options.includes("--with-trivy")),
  );
  console.log(
    "Successfully called func: create_root_cert\nGenerated configuration file: /compose_location/docker-compose.yml\nClean up the input dir",
  );
}

function read(file: string): HarborYml {
  try {
    return parseHarborYml(readFileSync(file, "utf8"));
  } catch (error) {
    if (!(error instanceof HarborYmlError)) throw error;
    throw new DockerError(
      [
        "Error happened in config validation...",
        ...error.problems.map((line) => `ERROR:root:Error: ${line}`),
      ].join("\n"),
    );
  }
}

/** The paths in harbor.yml are the machine's, seen through /hostfs. */
function installCertificate(
  https: { certificate: string; privateKey: string },
  host: string,
  target: string,
): void {
  mkdirSync(target, { recursive: true, mode: 0o700 });
  for (const [source, name] of [
    [https.certificate, "server.crt"],
    [https.privateKey, "server.key"],
  ] as const) {
    const path = join(host, source);
    if (!existsSync(path)) throw new DockerError(`Error: The file ${source} does not exist`);
    copyFileSync(path, join(target, name));
  }
}
