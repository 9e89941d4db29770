/** The Harbor stand-in as a background process, which plays all containers of the project together. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { startInBackground } from "../../background.ts";
import { parseHarborYml } from "../../harbor/harbor-yml.ts";
import type { Project } from "./compose-file.ts";
import type { HarborProcess } from "./containers.ts";
import { DockerError } from "./docker-error.ts";
import { SCANNER } from "./harbor-containers.ts";
import { publishedAt } from "./port.ts";
import type { PublishedPort } from "./port.ts";
import { PREPARED_YML } from "./prepare.ts";

const PROGRAM = fileURLToPath(new URL("../../harbor/main.ts", import.meta.url));
const HTTP = 8080;
const HTTPS = 8443;

/**
 * Starts it on the ports that the service `proxy` publishes, and waits until it listens. `started` is told of it
 * before that, so that it can be ended whatever happens meanwhile.
 */
export async function startHarbor(
  project: Project,
  log: string,
  started: (harbor: HarborProcess) => void,
): Promise<void> {
  const yml = join(project.directory, "common/config", PREPARED_YML);
  const { dataVolume, https } = parseHarborYml(readFileSync(yml, "utf8"));
  const published = project.services["proxy"]?.published ?? [];
  const certificate = join(dataVolume, "secret/cert");
  const args = [
    ...["--harbor-yml", yml],
    ...["--listen", addressOf(published, HTTP)],
    ...(SCANNER in project.services ? ["--with-trivy"] : []),
    ...(https === undefined ? [] : ["--listen-https", addressOf(published, HTTPS)]),
    ...(https === undefined
      ? []
      : ["--cert", join(certificate, "server.crt"), "--key", join(certificate, "server.key")]),
  ];
  const ready = /^harbor stand-in listening /;
  try {
    await startInBackground(PROGRAM, args, {
      log,
      ready,
      started: (one) => {
        started({ ...one, dataDir: dataVolume });
      },
    });
  } catch (error) {
    throw new DockerError(
      `Error response from daemon: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function addressOf(published: readonly PublishedPort[], target: number): string {
  const { host, port } = publishedAt(published, target, "proxy");
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
