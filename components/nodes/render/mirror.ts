/** What every format says of a registry: which prefix goes to which of Harbor's projects, and where else to ask. */
import type { RegistrySettings } from "../../../config/settings.ts";
import type { HarborEndpoint } from "../crio-drop-in.ts";

export interface Mirror {
  /** What image references begin with: the registry, or an alias of it. */
  readonly prefix: string;
  /** The registry that stands behind the prefix. The same as `prefix`, but for an alias. */
  readonly registry: string;
  /** `harbor.example.com/proxy.docker.io` */
  readonly location: string;
  /** `https://harbor.example.com/v2/proxy.docker.io`: for runtimes that add nothing before the repository. */
  readonly url: string;
  /** URL of the registry itself: where a pull goes that Harbor doesn't serve. */
  readonly fallback: string;
  /** The registry's certificate isn't checked, or it has none. */
  readonly insecure: boolean;
}

/** A registry's own prefix first, then its aliases, in the order of the settings. */
export function mirrorsOf(registries: readonly RegistrySettings[], harbor: HarborEndpoint): Mirror[] {
  return registries.flatMap((registry) =>
    [registry.name, ...registry.aliases].map((prefix) => ({
      prefix,
      registry: registry.name,
      location: `${harbor.registry}/${registry.project}`,
      url: `${harborUrl(harbor)}/v2/${registry.project}`,
      fallback: registryUrl(registry),
      insecure: registry.insecure,
    })),
  );
}

export function harborUrl({ scheme, registry }: HarborEndpoint): string {
  return `${scheme}://${registry}`;
}

/** Docker Hub answers at another name than its images have. Plain HTTP only where Harbor asks so too. */
function registryUrl({ name, endpoint, insecure }: RegistrySettings): string {
  if (name === "docker.io") return "https://registry-1.docker.io";
  return insecure && endpoint.startsWith("http://") ? `http://${name}` : `https://${name}`;
}
