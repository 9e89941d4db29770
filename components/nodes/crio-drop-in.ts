/** CRI-O's view of the cache: drop-ins for `registries.conf.d`, and the CA that signed Harbor's certificate. */
import type { RegistrySettings } from "../../config/settings.ts";
import type { Endpoint } from "../harbor/endpoint.ts";

/** How the nodes reach Harbor: `registry` is `HOST[:PORT]`, without the scheme's own port. */
export type HarborEndpoint = Pick<Endpoint, "scheme" | "registry">;

/** A file as `MirrorPool` takes it. */
export interface NodeFile {
  readonly path: string;
  readonly content: string;
  readonly mode: string;
}

/**
 * One drop-in per registry: the mirror first, then the registry itself. A mirror that answers 404, refuses or times out
 * sends the runtime on to `location`.
 */
export function crioDropIn(
  registry: RegistrySettings,
  harbor: HarborEndpoint,
  target: { readonly dropInDir: string; readonly pool: string },
): NodeFile {
  const prefixes = [registry.name, ...registry.aliases];
  return {
    path: `${target.dropInDir}/50-harbor-cache-${fileSafe(registry.name)}.conf`,
    content: [
      ...head(target.pool),
      `# ${prefixes.join(", ")}: from the cache, else from ${registry.name}.`,
      ...prefixes.map((prefix) => registryTable(prefix, registry, harbor)),
    ].join("\n"),
    mode: "0644",
  };
}

/** `certs.d/HOST[:PORT]/ca.crt` */
export function crioCaPath(harbor: HarborEndpoint, certsDir: string): string {
  return `${certsDir}/${harbor.registry}/ca.crt`;
}

/** The certificate under a head; text before a certificate is ignored by its readers. */
export function crioCaFile(caCertificate: string, pool: string): string {
  return [...head(pool), `${caCertificate.trim()}\n`].join("\n");
}

// The pool's name makes the files of two pools differ, so that a pool never removes what another one wrote.
function head(pool: string): string[] {
  return [`# Managed by harbor-cache, pool ${pool}: changes made here are undone by its next run.`];
}

/**
 * The fallback of an alias is the registry that it stands for, as in the mirror: k8s.gcr.io is frozen and may go,
 * registry.k8s.io holds the same images.
 */
function registryTable(prefix: string, registry: RegistrySettings, harbor: HarborEndpoint): string {
  return [
    "",
    "[[registry]]",
    `prefix = ${quote(prefix)}`,
    `location = ${quote(registry.name)}`,
    ...(registry.insecure ? ["insecure = true"] : []),
    "",
    "[[registry.mirror]]",
    `location = ${quote(`${harbor.registry}/${registry.project}`)}`,
    ...(harbor.scheme === "http" ? ["insecure = true"] : []),
    "",
  ].join("\n");
}

/** A TOML basic string; JSON's escapes are among TOML's. */
function quote(text: string): string {
  return JSON.stringify(text);
}

function fileSafe(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9.-]/g, "_");
}
