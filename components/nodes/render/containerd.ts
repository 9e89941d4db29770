/** containerd's `hosts.toml`, read at each pull: nothing is restarted. */
import { stringify } from "smol-toml";
import type { Mirror } from "./mirror.ts";

/**
 * `certs.d/PREFIX/hosts.toml`.
 *
 * @param caPath where the nodes have the PEM of the CA that signed Harbor's certificate
 */
export function containerdHosts(mirror: Mirror, caPath: string | undefined): string {
  const hosts = {
    server: mirror.fallback,
    ...(mirror.insecure && { skip_verify: true }),
    host: {
      [mirror.url]: {
        capabilities: ["pull", "resolve"],
        override_path: true,
        // The default is 30 s, for each pull that a Harbor swallows.
        dial_timeout: "3s",
        ...(caPath !== undefined && { ca: caPath }),
      },
    },
  };
  return (
    `# Made by harbor-cache. ${mirror.prefix}: from the cache, else from ${mirror.registry}.\n` +
    "# Read only where config_path in /etc/containerd/config.toml names certs.d.\n" +
    stringify(hosts)
  );
}
