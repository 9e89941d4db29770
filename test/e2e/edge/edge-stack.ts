/**
 * The edge on a real Docker engine: what components/edge renders, in a folder as the step `start` leaves it, beside a
 * compose file whose only service is a stand-in for Harbor's `proxy`.
 */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";

import { parse, stringify } from "yaml";
import { z } from "zod";

import { edgeFiles } from "../../../components/edge/edge-files.ts";
import { edgeFolder } from "../../../components/edge/edge-machine.ts";
import type { EdgeMachine, EdgeObjects } from "../../../components/edge/edge-machine.ts";
import { renderComposeOverride } from "../../../components/harbor/compose-override.ts";
import { mustRun } from "../../../tools/run.ts";
import type { DockerEngine } from "../machine/docker-engine.ts";
import { HARBOR_FRONT } from "./images.ts";

/** What this test has to add to the rendered file, in a file of its own that compose reads after it. */
export interface Additions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Addresses of DNS servers: the machine's own. */
  readonly dns?: readonly string[];
  readonly flags?: readonly string[];
}

export interface EdgeStack {
  /** Writes the files as the step `start` does, `tls.yml` last, and brings the containers to them. */
  up(machine: EdgeMachine, certificate?: string, additions?: Additions): Promise<void>;
  /** Writes only `tls.yml`. */
  writeTls(machine: EdgeMachine, certificate: string): Promise<void>;
  compose(...args: string[]): Promise<string>;
  /** Id and start of Traefik's container: the same as long as it is neither replaced nor restarted. */
  traefik(): Promise<string>;
  log(): Promise<string>;
}

/** Makes the engine's own objects, as components/edge has them made. */
export async function makeEdgeObjects(
  engine: DockerEngine,
  identity: string,
  dataDir: string,
  images: { readonly traefikImage: string; readonly socketProxyImage: string },
): Promise<EdgeObjects> {
  const [network, volume] = [`harbor-cache-edge-${identity}`, `harbor-cache-certs-${identity}`];
  await mkdir(edgeFolder(dataDir), { recursive: true, mode: 0o700 });
  await engine.docker(["network", "create", network]);
  const bind = { type: "none", o: "bind", device: edgeFolder(dataDir) };
  const options = Object.entries(bind).flatMap(([name, value]) => ["--opt", `${name}=${value}`]);
  await engine.docker(["volume", "create", "--driver", "local", ...options, volume]);
  return { network, volume, region: "eu-west-1", ...images };
}

export function edgeStack(engine: DockerEngine, installDir: string, objects: EdgeObjects): EdgeStack {
  const files = ["docker-compose.yml", "docker-compose.override.yml", "test.yml"];
  const env = { ...process.env, ...engine.env, COMPOSE_FILE: files.join(delimiter) };
  const docker = join(engine.bin, "docker");
  const compose = (...args: string[]) =>
    mustRun(docker, ["compose", ...args], { env, cwd: installDir, timeout: 120 });
  const writeEdgeFiles = async (machine: EdgeMachine, certificate: string) => {
    const written = edgeFiles({ machine, certificate, credentials: undefined });
    for (const name of ["acme.env", "acme-ca.crt", "tls.yml"] as const)
      if (written[name] !== "") await replace(join(installDir, "edge", name), written[name]);
  };
  return {
    up: async (machine, certificate = "", additions = {}) => {
      await mkdir(join(installDir, "edge"), { recursive: true });
      await writeEdgeFiles(machine, certificate);
      const override = renderComposeOverride(machine.harbor, { machine, objects });
      await writeFile(join(installDir, "docker-compose.yml"), stringify(HARBOR));
      await writeFile(join(installDir, "docker-compose.override.yml"), override);
      await writeFile(join(installDir, "test.yml"), renderAdditions(engine, additions, override));
      await compose("up", "--detach", "--remove-orphans", "--quiet-pull");
    },
    writeTls: writeEdgeFiles,
    compose,
    traefik: async () => {
      const id = (await compose("ps", "--quiet", "traefik")).trim();
      return engine.docker(["inspect", "--format", "{{.Id}} {{.State.StartedAt}}", id]);
    },
    log: () => compose("logs", "--no-color", "--no-log-prefix", "traefik"),
  };
}

/** In the form of the file that Harbor's `prepare` writes. */
const HARBOR = {
  services: {
    proxy: { image: HARBOR_FRONT, container_name: "nginx", networks: ["harbor"], ports: ["80:8080"] },
  },
  networks: { harbor: { external: false } },
};

const rendered = z.object({ services: z.object({ traefik: z.object({ command: z.array(z.string()) }) }) });

/** The engine's own socket, which isn't where a machine has it, and what a test adds to Traefik. */
export function renderAdditions(engine: DockerEngine, additions: Additions, override = ""): string {
  const { environment, dns, flags } = additions;
  const socket = engine.env["DOCKER_HOST"]?.replace("unix://", "") ?? "";
  const command = () => rendered.parse(parse(override, { logLevel: "silent" })).services.traefik.command;
  return stringify({
    services: {
      "socket-proxy": { volumes: [`${socket}:/var/run/docker.sock:ro`] },
      traefik: {
        ...(environment === undefined ? {} : { environment }),
        ...(dns === undefined ? {} : { dns }),
        ...(flags === undefined ? {} : { command: [...command(), ...flags] }),
      },
    },
  });
}

async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
