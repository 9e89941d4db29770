/** The stand-in for Traefik as a background process, where a project has the services of an edge. */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { isRunning, startInBackground, stopInBackground } from "../../background.ts";
import { EdgeError, readFlags, readLabels } from "../../edge/configuration.ts";
import type { EdgeOptions } from "../../edge/main.ts";
import { acmeCertificate } from "../../edge/acme.ts";
import { networkNames, pairs, volumeMounts } from "./compose-file.ts";
import type { Project, Service } from "./compose-file.ts";
import type { Container, ContainerStore } from "./containers.ts";
import { DockerError } from "./docker-error.ts";
import type { ObjectStore } from "./objects.ts";
import { publishedAt } from "./port.ts";

const PROGRAM = fileURLToPath(new URL("../../edge/main.ts", import.meta.url));
const PARTS = ["traefik", "socket-proxy"];

/** Makes the stand-in what the containers of the edge say it is: started anew where Traefik's own container is another. */
export async function settleEdge(
  project: Project,
  store: ContainerStore,
  engine: ObjectStore,
  restart: boolean,
): Promise<void> {
  const { edge, ...rest } = store.load();
  const traefik: Container | undefined = rest.containers["traefik"];
  const wanted = PARTS.every((name) => rest.containers[name]?.running === true) ? traefik?.hash : undefined;
  if (edge !== undefined) {
    if (isRunning(edge) && edge.hash === wanted && !restart) return;
    await stopInBackground(edge);
    store.save(rest);
  }
  if (wanted === undefined) return;
  const file = `${store.log}.edge.json`;
  try {
    writeFileSync(file, JSON.stringify(edgeOptions(project, engine)));
    await startInBackground(PROGRAM, [file], {
      log: store.log,
      ready: /^edge stand-in listening /,
      started: (one) => {
        store.save({ ...rest, edge: { ...one, hash: wanted } });
      },
    });
  } catch (error) {
    throw new DockerError(
      `Error response from daemon: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Compose removes orphans, and stops what it makes anew, before it starts anything: what they listened on is free then. */
export async function releaseEdge(project: Project, store: ContainerStore, recreate: boolean): Promise<void> {
  const { edge, ...rest } = store.load();
  if (edge === undefined || (!recreate && PARTS.every((name) => name in project.services))) return;
  await stopInBackground(edge);
  store.save(rest);
}

function edgeOptions(project: Project, engine: ObjectStore): EdgeOptions {
  const traefik = serviceOf(project, "traefik");
  const proxy = serviceOf(project, "proxy");
  const flags = readFlags([traefik.command ?? []].flat());
  const flag = (name: string): string => {
    const value = flags.get(name);
    if (value === undefined) throw new EdgeError(`stand-in: Traefik's flag --${name} is missing`);
    return value;
  };
  checkWays(project, flag("providers.docker.network"), flag("providers.docker.endpoint"));
  const router = readLabels(pairs(proxy.labels));
  if (router === undefined) throw new EdgeError("stand-in: no container has labels for Traefik");
  const mounts = containerFolders(project, traefik, engine);
  const onHost = (path: string): string => {
    const mount = Object.entries(mounts).find(([folder]) => path.startsWith(`${folder}/`));
    if (mount === undefined) throw new EdgeError(`stand-in: ${path} is not mounted into Traefik's container`);
    return mount[1] + path.slice(mount[0].length);
  };
  const storage =
    router.resolver === undefined ? undefined : flag(`certificatesresolvers.${router.resolver}.acme.storage`);
  return {
    http: publishedAt(traefik.published, entryPoint(flag("entrypoints.web.address")), "traefik"),
    https: publishedAt(traefik.published, entryPoint(flag("entrypoints.websecure.address")), "traefik"),
    backend: publishedAt(proxy.published, router.port, "proxy"),
    hostname: router.hostname,
    middlewares: [...router.middlewares],
    redirectPort: entryPoint(flag("entrypoints.web.http.redirections.entrypoint.to")),
    tlsYml: onHost(flag("providers.file.filename")),
    ...(storage === undefined ? {} : { certificate: acmeCertificate(onHost(storage), router.hostname) }),
    mounts,
  };
}

/** Traefik reaches the socket proxy, and Harbor by the network that it was told of. */
function checkWays(project: Project, network: string, endpoint: string): void {
  const traefik = networkNames(project, "traefik");
  const name = new URL(endpoint).hostname;
  const shared = (other: string, among: readonly string[]) =>
    networkNames(project, other).some((one) => among.includes(one));
  if (!(name in project.services) || !shared(name, traefik)) {
    throw new EdgeError(`stand-in: Traefik can't reach its provider at ${endpoint}`);
  }
  if (!traefik.includes(network) || !shared("proxy", [network])) {
    throw new EdgeError(`stand-in: Traefik and proxy are not both on the network ${network}`);
  }
}

function containerFolders(project: Project, service: Service, engine: ObjectStore): Record<string, string> {
  const { volumes } = engine.read();
  return Object.fromEntries(
    volumeMounts(service).map(({ source, target }): [string, string] => {
      if (/^[/.]/.test(source)) return [target, resolve(project.directory, source)];
      const external = project.volumes[source]?.name ?? "";
      const volume = volumes[external];
      if (volume === undefined)
        throw new EdgeError(`stand-in: only external volumes are known here: ${source}`);
      return [target, volume.Options?.["device"] ?? join(volume.Mountpoint)];
    }),
  );
}

function serviceOf(project: Project, name: string): Service {
  const found = project.services[name];
  if (found === undefined) throw new EdgeError(`stand-in: the edge needs a service ${name}`);
  return found;
}

/** `:443`, or `127.0.0.1:443` */
const entryPoint = (address: string): number => Number(address.slice(address.lastIndexOf(":") + 1));
