/** A compose project: docker-compose.yml and its override, merged and checked as compose does it. */
import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";

import { z } from "zod";

import { merge, readYaml } from "./compose-yaml.ts";
import type { Plain } from "./compose-yaml.ts";
import { DockerError } from "./docker-error.ts";
import { parsePort } from "./port.ts";
import type { PublishedPort } from "./port.ts";

const FILE_NOT_FOUND = 14;
const PARSE_FAILURE = 15;

const strings = z.array(z.string());
const oneOrMore = z.union([z.string(), strings]);
const mapOrList = z.union([
  z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  strings,
]);
const namesOrMap = z.union([strings, z.record(z.string(), z.unknown())]);
const duration = z.string().regex(/^(\d+(ms|s|m|h))+$/, "invalid duration");
const volume = z.union([
  z.string().regex(/^[^:]+:[^:]+(:[a-zA-Z,]+)?$/, "invalid volume"),
  z.strictObject({
    type: z.enum(["bind", "volume", "tmpfs"]),
    source: z.string().optional(),
    target: z.string(),
    read_only: z.boolean().optional(),
  }),
]);

/** The keys of the compose specification that Harbor's files, and what is put over them, may use. */
const service = z.strictObject({
  image: z.string(),
  container_name: z.string().optional(),
  restart: z.enum(["no", "always", "on-failure", "unless-stopped"]).optional(),
  cap_drop: strings.optional(),
  cap_add: strings.optional(),
  volumes: z.array(volume).default([]),
  ports: z.array(z.union([z.string(), z.number()])).default([]),
  networks: namesOrMap.default([]),
  depends_on: namesOrMap.default([]),
  dns_search: oneOrMore.optional(),
  logging: z
    .strictObject({ driver: z.string(), options: z.record(z.string(), z.unknown()).optional() })
    .optional(),
  env_file: oneOrMore.default([]),
  environment: mapOrList.optional(),
  shm_size: z.union([z.string(), z.number()]).optional(),
  healthcheck: z
    .strictObject({
      test: oneOrMore.optional(),
      interval: duration.optional(),
      timeout: duration.optional(),
      start_period: duration.optional(),
      retries: z.int().optional(),
      disable: z.boolean().optional(),
    })
    .optional(),
  labels: mapOrList.optional(),
  command: oneOrMore.optional(),
  entrypoint: oneOrMore.optional(),
  user: z.string().optional(),
  extra_hosts: mapOrList.optional(),
  tmpfs: oneOrMore.optional(),
  read_only: z.boolean().optional(),
  security_opt: strings.optional(),
});

const labels = mapOrList.optional();
const named = { name: z.string().optional(), external: z.boolean().optional(), labels };
/** An external one is described by nothing but its name: compose refuses more. */
const onlyNamed = ({
  external,
  ...rest
}: {
  readonly external?: boolean | undefined;
  readonly name?: string | undefined;
}) => external !== true || Object.keys(rest).every((key) => key === "name");
const conflicting = { error: 'conflicting parameters "external" and others specified' };
const network = z
  .strictObject({ ...named, internal: z.boolean().optional(), driver: z.string().optional() })
  .refine(onlyNamed, conflicting)
  .nullable();
const namedVolume = z
  .strictObject({
    ...named,
    driver: z.string().optional(),
    driver_opts: z.record(z.string(), z.string()).optional(),
  })
  .refine(onlyNamed, conflicting)
  .nullable();

const compose = z.strictObject({
  name: z.string().optional(),
  version: z.string().optional(),
  services: z.record(z.string(), service),
  networks: z.record(z.string(), network).default({}),
  volumes: z.record(z.string(), namedVolume).default({}),
});

export interface Service extends z.infer<typeof service> {
  readonly published: readonly PublishedPort[];
}

export interface Project {
  readonly name: string;
  readonly directory: string;
  readonly services: Readonly<Record<string, Service>>;
  /** By the name that the files give them. */
  readonly networks: Readonly<Record<string, Named>>;
  readonly volumes: Readonly<Record<string, Named>>;
}

/** A network or volume as Docker knows it. */
export interface Named {
  readonly name: string;
  readonly external: boolean;
}

/** Reads the files of `directory` as `docker compose` run there does. */
export function loadProject(directory: string, name?: string): Project {
  const base = join(directory, "docker-compose.yml");
  if (!existsSync(base)) throw new DockerError("no configuration file provided: not found", FILE_NOT_FOUND);
  const override = join(directory, "docker-compose.override.yml");
  const files = [base, ...(existsSync(override) ? [override] : [])];
  const merged = files.reduce<Plain | undefined>(
    (under, file) => merge(under, readYaml(file, readFileSync(file, "utf8"))),
    undefined,
  );
  const parsed = compose.safeParse(merged === undefined ? merged : interpolate(merged));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.map(String).join(".") ?? "";
    throw new DockerError(
      `validating ${files.at(-1) ?? base}: ${where} ${issue?.message ?? ""}`,
      PARSE_FAILURE,
    );
  }
  const { services, networks, volumes } = parsed.data;
  const known = {
    ...parsed.data,
    networks: ["default", ...Object.keys(networks)],
    volumes: Object.keys(volumes),
  };
  const checked = Object.entries(services).map(
    ([id, one]) => [id, check(id, one, known, directory)] as const,
  );
  const project = name ?? parsed.data.name ?? projectName(directory);
  const docker = (of: Readonly<Record<string, z.infer<typeof network> | z.infer<typeof namedVolume>>>) =>
    Object.fromEntries(
      Object.entries(of).map(([key, one]): [string, Named] => {
        const external = one?.external === true;
        return [key, { name: one?.name ?? (external ? key : `${project}_${key}`), external }];
      }),
    );
  return {
    name: project,
    directory,
    services: Object.fromEntries(checked),
    networks: docker(networks),
    volumes: docker(volumes),
  };
}

/** A dollar is the beginning of a variable, two are one dollar. */
function interpolate(value: Plain): Plain {
  if (typeof value === "string") {
    if (value.replaceAll("$$", "").includes("$")) {
      throw new DockerError(`stand-in: variables are not known here: ${value}`, PARSE_FAILURE);
    }
    return value.replaceAll("$$", "$");
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => interpolate(item as Plain));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, interpolate(item)]));
}

/** Docker's names of the networks that a service is on. */
export function networkNames(project: Project, service: string): string[] {
  const names = namesOf(project.services[service]?.networks ?? []);
  return (names.length === 0 ? ["default"] : names).map(
    (name) => project.networks[name]?.name ?? `${project.name}_${name}`,
  );
}

/** What is mounted where. */
export function volumeMounts({ volumes }: Service): { readonly source: string; readonly target: string }[] {
  return volumes.map((item) => {
    if (typeof item !== "string") return { source: item.source ?? "", target: item.target };
    const [source = "", target = ""] = item.split(":");
    return { source, target };
  });
}

/** Labels or variables in their long form. */
export function pairs(given: Service["labels"]): Record<string, string> {
  if (!Array.isArray(given)) {
    return Object.fromEntries(Object.entries(given ?? {}).map(([key, value]) => [key, String(value ?? "")]));
  }
  return Object.fromEntries(
    given.map((text) => {
      const [key = "", ...value] = text.split("=");
      return [key, value.join("=")];
    }),
  );
}

/** Compose's rule for the name of a project that nobody named. */
export const projectName = (directory: string): string =>
  basename(resolve(directory))
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, "")
    .replace(/^[_-]+/, "");

interface Known {
  readonly services: Readonly<Record<string, unknown>>;
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
}

function check(id: string, one: z.infer<typeof service>, known: Known, directory: string): Service {
  const invalid = (what: string) =>
    new DockerError(`service "${id}" ${what}: invalid compose project`, PARSE_FAILURE);
  for (const network of namesOf(one.networks)) {
    if (!known.networks.includes(network)) throw invalid(`refers to undefined network ${network}`);
  }
  for (const other of namesOf(one.depends_on)) {
    if (!(other in known.services)) throw invalid(`depends on undefined service "${other}"`);
  }
  for (const item of one.volumes) {
    const source =
      typeof item === "string" ? item.split(":")[0] : item.type === "volume" ? item.source : undefined;
    // What begins with neither a slash nor a dot is a named volume.
    if (source !== undefined && !/^[/.~]/.test(source) && !known.volumes.includes(source)) {
      throw invalid(`refers to undefined volume ${source}`);
    }
  }
  for (const file of [one.env_file].flat()) {
    const path = resolve(directory, file);
    if (!existsSync(path))
      throw new DockerError(`env file ${path} not found: stat ${path}: no such file or directory`);
  }
  return {
    ...one,
    published: one.ports.flatMap((port) => parsePort(`services.${id}.ports`, String(port)) ?? []),
  };
}

const namesOf = (names: readonly string[] | Record<string, unknown>): readonly string[] =>
  Array.isArray(names) ? (names as readonly string[]) : Object.keys(names);
