/** What nodes are told of each prefix, whatever their runtime and whatever tool writes their files. */
import type {
  MirrorSettings,
  MirroredSettings,
  PullFromMirror,
  RegistrySettings,
} from "../../config/settings.ts";
import type { Endpoint } from "../harbor/endpoint.ts";

/** How the nodes reach Harbor: `registry` is `HOST[:PORT]`, without the scheme's own port. */
export type HarborEndpoint = Pick<Endpoint, "scheme" | "registry">;

/** One prefix and where its images come from. */
export interface NodeMirror {
  /** What image references begin with: `docker.io`, an alias, `cr.example.io/library`, `*.example.com`. */
  readonly prefix: string;
  /** The cached registry that the prefix belongs to; absent where it isn't cached. */
  readonly registry?: string;
  /** What stands behind the prefix; for an alias the registry that it stands for. Empty: a wildcard's hosts themselves. */
  readonly location: string;
  /** URL of what stands behind, without path; empty for a wildcard. Docker Hub answers at another name than its images have. */
  readonly upstream: string;
  /** What stands behind is asked over plain HTTP, or without a check of its certificate. */
  readonly insecure: boolean;
  /** What stands behind is asked where no source serves. */
  readonly fallback: boolean;
  /** In the order that they are asked; the cache first. */
  readonly sources: readonly MirrorSource[];
}

export interface MirrorSource {
  /** `harbor.example.com/proxy.docker.io`: what stands for the prefix. */
  readonly location: string;
  /** `https://harbor.example.com/v2/proxy.docker.io`: for runtimes that add nothing before the repository. */
  readonly url: string;
  /** Its certificate isn't checked; plain HTTP says so by its URL. */
  readonly unchecked: boolean;
  readonly pullFromMirror: PullFromMirror;
  /** A cache that isn't public: the pull robot's login opens it. */
  readonly needsLogin: boolean;
}

/** The caches in the order of the settings, each registry's own prefix before its aliases; then the mirrors of other prefixes. */
export function nodeMirrors(
  registries: readonly RegistrySettings[],
  mirrored: readonly MirroredSettings[],
  harbor: HarborEndpoint,
): NodeMirror[] {
  return [...registries.flatMap((registry) => ofRegistry(registry, harbor)), ...mirrored.map(ofPrefix)];
}

/** An alias falls back to the registry that it stands for: k8s.gcr.io is frozen, registry.k8s.io holds the same images. */
function ofRegistry(registry: RegistrySettings, harbor: HarborEndpoint): NodeMirror[] {
  const location = `${harbor.registry}/${registry.project}`;
  const { pullFromMirror } = registry;
  const cache = source(
    { location, scheme: harbor.scheme, insecure: false, pullFromMirror },
    !registry.public,
  );
  return [registry.name, ...registry.aliases].map((prefix) => ({
    prefix,
    registry: registry.name,
    location: registry.name,
    upstream: upstreamOf(registry),
    insecure: registry.insecure,
    fallback: registry.fallback,
    sources: [cache, ...registry.mirrors.map((mirror) => source(mirror))],
  }));
}

function ofPrefix({ prefix, location, insecure, fallback, mirrors }: MirroredSettings): NodeMirror {
  const behind = location ?? (prefix.startsWith("*.") ? "" : prefix);
  const [host = ""] = behind.split("/");
  return {
    ...{ prefix, location: behind, insecure, fallback },
    upstream: host === "" ? "" : `https://${host === "docker.io" ? DOCKER_HUB : host}`,
    sources: mirrors.map((mirror) => source(mirror)),
  };
}

function source(
  { location, scheme, insecure, pullFromMirror }: MirrorSettings,
  needsLogin = false,
): MirrorSource {
  const [host = "", ...path] = location.split("/");
  return {
    location,
    url: [`${scheme}://${host}/v2`, ...path].join("/"),
    unchecked: insecure && scheme === "https",
    pullFromMirror,
    needsLogin,
  };
}

const DOCKER_HUB = "registry-1.docker.io";

/** Plain HTTP only where Harbor asks so too. */
function upstreamOf({ name, endpoint, insecure }: RegistrySettings): string {
  if (name === "docker.io") return `https://${DOCKER_HUB}`;
  return insecure && endpoint.startsWith("http://") ? `http://${name}` : `https://${name}`;
}

/** `HOST[:PORT]` of a location. */
export function hostOf(location: string): string {
  return location.split("/")[0] ?? "";
}

/** What stands behind the prefix, with `/v2` before a path. */
export function upstreamUrl({ upstream, location }: NodeMirror): string {
  const [, ...path] = location.split("/");
  return path.length === 0 ? upstream : [`${upstream}/v2`, ...path].join("/");
}
