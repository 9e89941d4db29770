/** Registries that everybody uses, as Harbor reaches them: `registries: [docker.io, quay.io]` is enough. */
import type { RegistryType } from "./settings.ts";

export interface KnownRegistry {
  readonly type: RegistryType;
  readonly endpoint: string;
  /** Other names for the same images. */
  readonly aliases: readonly string[];
}

function plain(name: string, aliases: readonly string[] = []): KnownRegistry {
  return { type: "docker-registry", endpoint: `https://${name}`, aliases };
}

export const catalogue: ReadonlyMap<string, KnownRegistry> = new Map([
  ["docker.io", { type: "docker-hub", endpoint: "https://hub.docker.com", aliases: [] }],
  // Harbor 2.14 took its type quay away.
  ["quay.io", plain("quay.io")],
  ["ghcr.io", { type: "github-ghcr", endpoint: "https://ghcr.io", aliases: [] }],
  // Harbor finds type google-gcr unhealthy without credentials.
  ["gcr.io", plain("gcr.io")],
  // k8s.gcr.io is frozen since 2023; old manifests still name it.
  ["registry.k8s.io", plain("registry.k8s.io", ["k8s.gcr.io"])],
  // Harbor's type aws-ecr refuses the public registry.
  ["public.ecr.aws", plain("public.ecr.aws")],
  ["mcr.microsoft.com", plain("mcr.microsoft.com")],
  ["nvcr.io", plain("nvcr.io")],
]);

const names: ReadonlyMap<string, string> = new Map(
  [...catalogue].flatMap(([name, { aliases }]) => aliases.map((alias) => [alias, name] as const)),
);

/** The registry that a well-known alias stands for. */
export function aliasOf(name: string): string | undefined {
  return names.get(name);
}

/** Private registries of AWS are asked at their region's API. */
export function ecrEndpoint(name: string): string | undefined {
  const [, region, china = ""] = /^\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?$/.exec(name) ?? [];
  return region === undefined ? undefined : `https://api.ecr.${region}.amazonaws.com${china}`;
}

/** The project that caches a registry, made fit for Harbor's rule: single signs between letters and digits. */
export function projectName(registry: string): string {
  return `proxy.${registry.replace(/[^a-z0-9.]+|[._-]{2,}/g, "-")}`;
}
