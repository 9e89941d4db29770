/** `registries.yaml` of k3s and RKE2, read at their start. */
import type { HarborTrust } from "./containerd-hosts.ts";
import { needsLogin } from "./login.ts";
import { hostOf, upstreamUrl } from "./node-mirrors.ts";
import type { NodeMirror } from "./node-mirrors.ts";

export interface K3sRegistries {
  readonly mirrors: Readonly<Record<string, { readonly endpoint: string[]; readonly rewrite?: object }>>;
  readonly configs?: Readonly<Record<string, { readonly tls?: object; readonly auth?: object }>>;
}

/**
 * After the endpoints k3s asks the prefix itself, by https.
 *
 * Source of the shapes: k3s's getHostConfigs. A rewrite holds for all endpoints; an endpoint with a path is taken as it is,
 * without `/v2` (k3s 1.29.1, 1.28.6, 1.27.10, 1.26.13 and later).
 */
export function k3sRegistries(
  mirrors: readonly NodeMirror[],
  { harbor, caPath, login }: HarborTrust,
): K3sRegistries {
  const tls = new Map<string, object>(
    mirrors.flatMap((mirror) => [
      ...mirror.sources
        .filter(({ unchecked }) => unchecked)
        .map(({ location }) => [hostOf(location), { insecure_skip_verify: true }] as const),
      ...(mirror.insecure && mirror.upstream.startsWith("https:")
        ? [[hostOf(mirror.location), { insecure_skip_verify: true }] as const]
        : []),
    ]),
  );
  if (caPath !== undefined) tls.set(harbor.registry, { ca_file: caPath });
  const auth =
    login !== undefined && mirrors.some(needsLogin)
      ? { username: login.username, password: login.password }
      : undefined;
  const hosts = new Set([
    ...(caPath === undefined && auth === undefined ? [] : [harbor.registry]),
    ...tls.keys(),
  ]);
  const configs = [...hosts].map((host) => {
    const trust = tls.get(host);
    return [
      host,
      { ...(trust && { tls: trust }), ...(host === harbor.registry && auth && { auth }) },
    ] as const;
  });
  return {
    mirrors: Object.fromEntries(mirrors.map((mirror) => [mirror.prefix, endpointsOf(mirror)])),
    ...(configs.length > 0 && { configs: Object.fromEntries(configs) }),
  };
}

/** Roots with a rewrite where one path is right for all; else each endpoint with a path of its own. */
function endpointsOf(mirror: NodeMirror): K3sRegistries["mirrors"][string] {
  const { prefix, location, upstream, sources } = mirror;
  const paths = new Set(sources.map((source) => pathOf(source.location)));
  // Of an alias, or over plain HTTP: k3s wouldn't ask it by itself.
  const apart = location !== prefix || upstream.startsWith("http:");
  const [path] = paths;
  if (apart || paths.size !== 1 || path === undefined || path === "") {
    return { endpoint: [...sources.map(({ url }) => url), ...(apart ? [upstreamUrl(mirror)] : [])] };
  }
  return {
    endpoint: sources.map(({ url }) => new URL(url).origin),
    rewrite: { "^(.*)$": `${path}/$1` },
  };
}

function pathOf(location: string): string {
  return location.split("/").slice(1).join("/");
}
