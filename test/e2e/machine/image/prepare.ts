/**
 * Runs in the image `goharbor/prepare`, with the mounts that Harbor's own is given: the lab's stand-in of it, and then
 * in the compose file what `proxy` needs to serve the lab's Harbor stand-in.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { parseDocument } from "yaml";
import { z } from "zod";

import { parseHarborYml } from "../../../../lab/harbor/harbor-yml.ts";
import type { HarborYml } from "../../../../lab/harbor/harbor-yml.ts";
import { DockerError } from "../../../../lab/machine/docker/docker-error.ts";
import { SCANNER } from "../../../../lab/machine/docker/harbor-containers.ts";
import { prepare, PREPARED_YML } from "../../../../lab/machine/docker/prepare.ts";

const COMPOSE_FILE = "/compose_location/docker-compose.yml";
const MOUNTS = new Map(["/input", "/data", "/compose_location", "/hostfs"].map((path) => [path, path]));
// The same folder as /config, which can't be deleted, as something is mounted there.
const MOUNTED_CONFIG = "/compose_location/common/config";
MOUNTS.set("/config", MOUNTED_CONFIG);

function serveStandIn(): void {
  const yml = parseHarborYml(readFileSync(join(MOUNTED_CONFIG, PREPARED_YML), "utf8"));
  // Harbor's log port is 1514 on every machine; here several machines are one.
  const text = readFileSync(COMPOSE_FILE, "utf8").replaceAll(":1514", `:${image.LOG_PORT}`);
  const document = parseDocument(text);
  const proxy = ["services", "proxy"];
  document.setIn([...proxy, "command"], proxyArguments(yml, document.hasIn(["services", SCANNER])));
  document.addIn([...proxy, "volumes"], "./common/config/stand-in:/etc/harbor:z");
  document.addIn([...proxy, "volumes"], `${yml.dataVolume}:/data:z`);
  writeFileSync(COMPOSE_FILE, document.toString({ lineWidth: 0 }));
}

function proxyArguments({ https }: HarborYml, withTrivy: boolean): string[] {
  const pair = ["--cert", "/data/secret/cert/server.crt", "--key", "/data/secret/cert/server.key"];
  return [
    ...["--harbor-yml", "/etc/harbor/harbor.yml", "--data-dir", "/data", "--listen", "0.0.0.0:8080"],
    ...(withTrivy ? ["--with-trivy"] : []),
    ...(https === undefined ? [] : ["--listen-https", "0.0.0.0:8443", ...pair]),
  ];
}

const image = z.object({ HARBOR_VERSION: z.string(), LOG_PORT: z.string() }).parse(process.env);
try {
  prepare(image.HARBOR_VERSION, MOUNTS, process.argv.slice(2));
  serveStandIn();
} catch (error) {
  if (!(error instanceof DockerError)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
