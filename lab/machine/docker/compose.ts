/** `docker compose` as far as Harbor's machine needs it; every argument that it doesn't know is an error. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ParseArgsConfig } from "node:util";

import { stringify } from "yaml";

import { isRunning, stopInBackground } from "../../background.ts";
import { loadProject, projectName } from "./compose-file.ts";
import type { Project } from "./compose-file.ts";
import { releaseObjects, takeObjects } from "./compose-objects.ts";
import { configHash, ContainerStore } from "./containers.ts";
import type { Container, ProjectState } from "./containers.ts";
import { DockerError } from "./docker-error.ts";
import { releaseEdge, settleEdge } from "./edge-process.ts";
import { startHarbor } from "./harbor-process.ts";
import { ObjectStore } from "./objects.ts";

export const COMPOSE_VERSION = "2.40.3";
const SYNTAX = 16;
const DOCKER_SOCKET = "/var/run/docker.sock";
/** Without one of these nothing answers. */
const SERVING = ["proxy", "core"];

type Options = Exclude<ParseArgsConfig["options"], undefined>;
const FLAGS: Record<string, Options> = {
  version: { short: { type: "boolean" } },
  config: { quiet: { type: "boolean", short: "q" }, services: { type: "boolean" } },
  up: {
    detach: { type: "boolean", short: "d" },
    "remove-orphans": { type: "boolean" },
    "quiet-pull": { type: "boolean" },
    "force-recreate": { type: "boolean" },
    "no-recreate": { type: "boolean" },
  },
  down: {
    "remove-orphans": { type: "boolean" },
    timeout: { type: "string", short: "t" },
    volumes: { type: "boolean", short: "v" },
  },
  stop: { timeout: { type: "string", short: "t" } },
  start: {},
  restart: { timeout: { type: "string", short: "t" } },
  ps: { all: { type: "boolean", short: "a" }, format: { type: "string" } },
  logs: {
    "no-color": { type: "boolean" },
    "no-log-prefix": { type: "boolean" },
    tail: { type: "string", short: "n" },
  },
};

export async function compose(machine: string, args: readonly string[]): Promise<void> {
  const { directory, name, command, rest } = globalOptions(args);
  const engine = new ObjectStore(machine);
  const { values, positionals: names } = parse(command, rest);
  if (command === "version") {
    console.log(
      values["short"] === true ? COMPOSE_VERSION : `Docker Compose version v${COMPOSE_VERSION} (stand-in)`,
    );
    return;
  }
  if (command === "down") {
    // A project that is named needs no files.
    const project =
      name ??
      (existsSync(join(directory, "docker-compose.yml"))
        ? loadProject(directory).name
        : projectName(directory));
    await down(new ContainerStore(machine, project));
    releaseObjects(engine, project);
    return;
  }
  const project = loadProject(directory, name);
  const store = new ContainerStore(machine, project.name);
  const services = names.length === 0 ? Object.keys(project.services) : names;
  for (const one of services)
    if (!(one in project.services)) throw new DockerError(`no such service: ${one}`);
  switch (command) {
    case "config":
      if (values["services"] === true) console.log(Object.keys(project.services).join("\n"));
      else if (values["quiet"] !== true)
        console.log(stringify({ name: project.name, services: project.services }));
      return;
    case "up":
      if (values["detach"] !== true) throw new DockerError("stand-in: up needs --detach here", SYNTAX);
      if (names.length > 0) throw new DockerError("stand-in: up starts all services here", SYNTAX);
      if (values["force-recreate"] === true && values["no-recreate"] === true)
        throw new DockerError("--force-recreate and --no-recreate are incompatible");
      takeObjects(engine, project);
      await releaseEdge(project, store, values["force-recreate"] === true);
      await up(project, store, {
        all: values["force-recreate"] === true,
        none: values["no-recreate"] === true,
      });
      await settleEdge(project, store, engine, values["force-recreate"] === true);
      return;
    case "stop":
    case "start":
    case "restart":
      await settle(project, store, change(store.load(), services, command !== "stop"), command === "restart");
      await settleEdge(project, store, engine, command === "restart");
      return;
    case "ps":
      ps(store, values["all"] === true, String(values["format"] ?? "{{.Service}} {{.Status}}"));
      return;
    default:
      logs(store, names, Number(values["tail"] ?? Number.POSITIVE_INFINITY));
  }
}

function globalOptions(args: readonly string[]) {
  const rest = [...args];
  let directory = process.cwd();
  let name: string | undefined;
  for (;;) {
    const [first = "", value] = [rest.shift(), rest[0]];
    if (!first.startsWith("-")) return { directory, name, command: first, rest };
    if (first === "--project-directory" && value !== undefined) directory = value;
    else if ((first === "--project-name" || first === "-p") && value !== undefined) name = value;
    else throw new DockerError(`stand-in: unknown docker compose arguments: ${args.join(" ")}`, SYNTAX);
    rest.shift();
  }
}

function parse(command: string, args: readonly string[]) {
  const options = FLAGS[command];
  if (options === undefined)
    throw new DockerError(`stand-in: unknown docker compose command: ${command}`, SYNTAX);
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new DockerError(`stand-in: unknown docker compose ${command} arguments: ${words}`, SYNTAX);
  }
}

/** @param recreate which containers are made anew though they exist; else those whose settings changed */
async function up(
  project: Project,
  store: ContainerStore,
  recreate: { readonly all: boolean; readonly none: boolean },
): Promise<void> {
  const before = store.load();
  const containers: Record<string, Container> = {};
  let recreated = recreate.all;
  for (const [name, service] of Object.entries(project.services)) {
    checkBinds(project, name);
    const hash = configHash(service, project.directory);
    const existing = before.containers[name];
    const same = existing !== undefined && (recreate.none || (existing.hash === hash && !recreate.all));
    if (!same) recreated = true;
    console.error(` Container ${service.container_name ?? name}  ${same ? "Running" : "Started"}`);
    containers[name] = same ? { ...existing, running: true } : { image: service.image, hash, running: true };
  }
  // What the files no longer name is an orphan and goes.
  await settle(project, store, { ...before, containers }, recreated);
}

/** The long form of a bind mount needs its source; the short one would make an empty folder in its place. */
function checkBinds(project: Project, name: string): void {
  for (const volume of project.services[name]?.volumes ?? []) {
    if (typeof volume === "string") {
      const [source = ""] = volume.split(":");
      // The engine is no process here, and has no socket.
      if (/^[/.]/.test(source) && source !== DOCKER_SOCKET)
        mkdirSync(join(source.startsWith("/") ? "/" : project.directory, source), { recursive: true });
    } else if (volume.type === "bind" && !existsSync(join(project.directory, volume.source ?? ""))) {
      throw new DockerError(
        `Error response from daemon: invalid mount config for type "bind": bind source path does not exist: ${volume.source ?? ""}`,
      );
    }
  }
}

function change(state: ProjectState, names: readonly string[], running: boolean): ProjectState {
  const changed = Object.entries(state.containers).map(
    ([name, one]) => [name, names.includes(name) ? { ...one, running } : one] as const,
  );
  return { ...state, containers: Object.fromEntries(changed) };
}

/** Makes the Harbor stand-in what the containers say it is. */
async function settle(
  project: Project,
  store: ContainerStore,
  wanted: ProjectState,
  restart: boolean,
): Promise<void> {
  const serving = SERVING.every((name) => wanted.containers[name]?.running === true);
  const alive = wanted.harbor !== undefined && isRunning(wanted.harbor);
  if (wanted.harbor !== undefined && (restart || !serving)) await stopInBackground(wanted.harbor);
  const { harbor, ...rest } = wanted;
  const kept = alive && serving && !restart ? harbor : undefined;
  store.save({ ...rest, ...(kept === undefined ? {} : { harbor: kept }) });
  if (kept === undefined && serving) {
    await startHarbor(project, store.log, (started) => {
      store.save({ ...rest, harbor: started });
    });
  }
  const running = store.load().harbor;
  if (running !== undefined) showStopped(rest.containers, running.dataDir);
}

/** The stand-in shows these as unhealthy, under Harbor's own names. */
function showStopped(containers: Readonly<Record<string, Container>>, dataDir: string): void {
  const stopped = Object.entries(containers).flatMap(([name, { running }]) => (running ? [] : [name]));
  const file = join(dataDir, "lab-down");
  if (stopped.length === 0) rmSync(file, { force: true });
  else writeFileSync(file, stopped.map((name) => `${name === "postgresql" ? "database" : name}\n`).join(""));
}

/** Networks and containers go. Harbor has no named volumes, so `--volumes` takes no data either. */
async function down(store: ContainerStore): Promise<void> {
  const { harbor, edge } = store.load();
  for (const one of [edge, harbor]) if (one !== undefined) await stopInBackground(one);
  store.remove();
}

function ps(store: ContainerStore, all: boolean, format: string): void {
  const { containers, harbor } = store.load();
  const alive = harbor !== undefined && isRunning(harbor);
  for (const [name, one] of Object.entries(containers)) {
    const runs = one.running && alive;
    if (!runs && !all) continue;
    const status = runs ? "Up" : "Exited (1)";
    if (format === "json")
      console.log(
        JSON.stringify({
          Service: name,
          Image: one.image,
          State: runs ? "running" : "exited",
          Status: status,
        }),
      );
    else console.log(format.replace("{{.Service}}", name).replace("{{.Status}}", status));
  }
}

/** The access log for `proxy`; what the stand-in says itself for all others. */
function logs(store: ContainerStore, names: readonly string[], tail: number): void {
  const { harbor } = store.load();
  const access = harbor === undefined ? undefined : join(harbor.dataDir, "log/proxy.log");
  const file = names.includes("proxy") ? access : store.log;
  if (file === undefined || !existsSync(file)) return;
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  console.log(lines.slice(-Math.min(tail, lines.length)).join("\n"));
}
