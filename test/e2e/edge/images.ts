/** The edge's images, made on the spot, and what stands behind it. */
import { join } from "node:path";

import { edgePrograms, TRAEFIK_VERSION } from "../../../tools/edge-programs.ts";
import { PROJECT_ROOT } from "../../../tools/engine.ts";
import type { DockerEngine } from "../machine/docker-engine.ts";
import { makeProgramImage } from "../machine/program-image.ts";
import { makeSocketProxyImage } from "./socket-proxy.ts";

export const HARBOR_FRONT = "stand-in/harbor-front:1";

/** Ids of the images. */
export async function makeEdgeImages(
  engine: DockerEngine,
): Promise<{ readonly traefikImage: string; readonly socketProxyImage: string }> {
  const traefik = `stand-in/traefik:v${TRAEFIK_VERSION}`;
  const socketProxy = "stand-in/docker-socket-proxy:1";
  await makeTraefikImage(engine, traefik);
  await makeSocketProxyImage(engine, socketProxy);
  const id = async (tag: string) =>
    (await engine.docker(["image", "inspect", "--format", "{{.Id}}", tag])).trim();
  return { traefikImage: await id(traefik), socketProxyImage: await id(socketProxy) };
}

/** The real program, where its own image has it. */
export async function makeTraefikImage(engine: DockerEngine, tag: string): Promise<void> {
  await makeProgramImage(engine, tag, {
    programs: { "/usr/local/bin/traefik": edgePrograms().traefik },
    changes: ["ENV PATH=/usr/local/bin", 'ENTRYPOINT ["traefik"]', "EXPOSE 80"],
  });
}

export async function makeHarborFrontImage(engine: DockerEngine): Promise<void> {
  await makeProgramImage(engine, HARBOR_FRONT, {
    programs: { "/bin/node": join(PROJECT_ROOT, "node_modules/.bin/node") },
    copies: { "/harbor-front.ts": join(PROJECT_ROOT, "test/e2e/edge/harbor-front.ts") },
    changes: ['ENTRYPOINT ["/bin/node", "/harbor-front.ts"]'],
  });
}
