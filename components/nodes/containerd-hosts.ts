/** containerd's `hosts.toml`, read at each pull: nothing is restarted. */
import { stringify } from "smol-toml";
import type { Login } from "./login.ts";
import { hostOf, upstreamUrl } from "./node-mirrors.ts";
import type { HarborEndpoint, MirrorSource, NodeMirror } from "./node-mirrors.ts";

/** What a runtime has to be told beside the mirrors. */
export interface HarborTrust {
  readonly harbor: HarborEndpoint;
  /** Absolute path of the PEM of the CA that signed Harbor's certificate. */
  readonly caPath?: string | undefined;
  /** For caches that aren't public. */
  readonly login?: Login | undefined;
}

/**
 * `certs.d/PREFIX/hosts.toml`. Without a fallback the last mirror is the server too: containerd always asks one, and the
 * registry itself where no other is named. It stays among the hosts, for containerd 1.x refuses a file without any, and
 * would ask the registry then.
 *
 * @param head lines of comment
 */
export function containerdHosts(mirror: NodeMirror, trust: HarborTrust, head: readonly string[]): string {
  const { sources, fallback } = mirror;
  const last = sources.at(-1);
  const hosts = {
    ...(fallback || last === undefined ? server(mirror) : { server: last.url, ...host(last, trust) }),
    host: Object.fromEntries(sources.map((source) => [source.url, host(source, trust)])),
  };
  return [...head, stringify(hosts)].join("\n");
}

function server(mirror: NodeMirror) {
  const url = upstreamUrl(mirror);
  return {
    server: url,
    ...(url !== mirror.upstream && { override_path: true }),
    // With it, containerd would try plain HTTP by TLS first.
    ...(mirror.insecure && url.startsWith("https:") && { skip_verify: true }),
  };
}

function host(source: MirrorSource, { harbor, caPath, login }: HarborTrust) {
  return {
    capabilities: ["pull", "resolve"],
    override_path: true,
    // The default is 30 s, for each pull that a Harbor swallows. Versions before 2.1 know no other.
    dial_timeout: "3s",
    ...(source.unchecked && { skip_verify: true }),
    ...(caPath !== undefined && hostOf(source.location) === harbor.registry && { ca: caPath }),
    // In this case of letters, so that a login of the runtime's own would replace it and not stand beside it.
    ...(source.needsLogin && login !== undefined && { header: { Authorization: `Basic ${login.basic}` } }),
  };
}
