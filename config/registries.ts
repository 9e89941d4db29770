/** The list of registries, each completed from the catalogue. */
import * as z from "zod";
import { aliasOf, catalogue, ecrEndpoint, projectName } from "./catalogue.ts";
import type { Path, Reader } from "./problems.ts";
import { registry, registryName } from "./schema/registry.ts";
import { list } from "./schema/value.ts";
import type { RegistrySettings, RegistryType } from "./settings.ts";

/** A part of the settings and where it was written. */
export interface Placed<T> {
  readonly path: Path;
  readonly value: T;
}

type Entry = z.output<typeof registry>;

const entries = list("[docker.io, quay.io]", z.unknown()).refine((given) => given.length > 0, {
  error: "must name a registry; for example: [docker.io, quay.io]",
});

/** Those entries that are right. An entry may be a bare name: `docker.io`. */
export function readRegistries(reader: Reader, value: unknown): readonly Placed<RegistrySettings>[] {
  const bareAliases: Placed<string>[] = [];
  const read = (reader.read(entries, value, ["registries"]) ?? []).flatMap((raw, i): Placed<Entry>[] => {
    const path = ["registries", i];
    if (typeof raw === "string") {
      const name = reader.read(registryName, raw, path);
      if (name === undefined) return [];
      if (aliasOf(name) === undefined) return [{ path, value: registry.parse({ name }) }];
      bareAliases.push({ path, value: name });
      return [];
    }
    const entry = reader.read(registry, raw, path);
    return entry === undefined ? [] : [{ path, value: entry }];
  });
  const completed = read.map(({ path, value }) => ({ path, value: complete(reader, path, value) }));
  return bareAliases.reduce((all, alias) => withAlias(reader, all, alias), completed);
}

/** A bare alias adds itself to the registry that it stands for, whether that one is listed or not. */
function withAlias(
  reader: Reader,
  all: readonly Placed<RegistrySettings>[],
  { path, value: alias }: Placed<string>,
): Placed<RegistrySettings>[] {
  const listed = all.findIndex(({ value }) => value.name === aliasOf(alias));
  if (listed === -1)
    return [...all, { path, value: complete(reader, path, registry.parse({ name: alias })) }];
  return all.map((one, i) =>
    i !== listed || one.value.aliases.includes(alias)
      ? one
      : { ...one, value: { ...one.value, aliases: [...one.value.aliases, alias] } },
  );
}

/** Fills in what was left out, and says what doesn't go together. */
function complete(reader: Reader, path: Path, entry: Entry): RegistrySettings {
  const name = aliasOf(entry.name) ?? entry.name;
  const known = catalogue.get(name) ?? {
    type: ecrEndpoint(name) === undefined ? "docker-registry" : ("aws-ecr" as const),
    endpoint: ecrEndpoint(name) ?? `https://${name}`,
    aliases: [],
  };
  // Another endpoint or another type is no longer what the catalogue describes.
  const type = entry.type ?? (isSame(entry.endpoint, known.endpoint) ? known.type : "docker-registry");
  const endpoint = entry.endpoint ?? (type === known.type ? known.endpoint : `https://${name}`);
  // Without credentials, aws-ecr uses those of the machine's role.
  const isPrivate = entry.credentials !== undefined || type === "aws-ecr";
  const isPublic = entry.public ?? !isPrivate;
  if (isPrivate && isPublic && !entry.allowPublicCredentials) {
    reader.problem(
      [...path, "public"],
      "would show every image that these credentials may read to everyone who reaches Harbor; " +
        "for example: public: false, or allowPublicCredentials: true where this is wanted",
    );
  }
  const problem = typeProblem(type, endpoint, entry.credentials !== undefined);
  if (problem !== undefined) reader.problem([...path, ...problem.key], problem.message);
  if (endpoint.startsWith("http://") && !entry.insecure) {
    reader.problem(
      [...path, "insecure"],
      "must be true for an endpoint with http://; for example: insecure: true",
    );
  }
  return {
    name,
    endpoint,
    type,
    project: entry.project ?? projectName(name),
    ...(entry.credentials && { credentials: entry.credentials }),
    public: isPublic,
    quotaBytes: entry.quota,
    cache: entry.cache,
    insecure: entry.insecure,
    ...(entry.caCertificate !== undefined && { caCertificate: entry.caCertificate }),
    aliases: entry.aliases ?? known.aliases,
    fallback: entry.fallback,
    pullFromMirror: entry.pullFromMirror,
    mirrors: entry.mirrors,
  };
}

function isSame(given: string | undefined, known: string): boolean {
  return given === undefined || given === known;
}

/** What Harbor would refuse, or take for something else, when it makes the endpoint. */
function typeProblem(
  type: RegistryType,
  endpoint: string,
  hasCredentials: boolean,
): { readonly key: readonly string[]; readonly message: string } | undefined {
  const { hostname } = new URL(endpoint);
  if (type === "docker-hub" && endpoint !== "https://hub.docker.com") {
    return {
      key: ["type"],
      message: "always asks Docker Hub, whatever the endpoint; for another endpoint: type: docker-registry",
    };
  }
  if (hostname === "docker.io") {
    return {
      key: ["endpoint"],
      message: "answers no registry client; for example: https://registry-1.docker.io",
    };
  }
  if (type === "aws-ecr" && hostname === "public.ecr.aws") {
    return { key: ["type"], message: "refuses public.ecr.aws, which is reached as: type: docker-registry" };
  }
  if (type === "google-gcr" && !hasCredentials) {
    return {
      key: ["type"],
      message: "is unhealthy to Harbor without credentials; for public images: type: docker-registry",
    };
  }
  if (type === "harbor" && !hasCredentials) {
    return {
      key: ["type"],
      message: "fails in Harbor without credentials; for public projects: type: docker-registry",
    };
  }
  return undefined;
}
