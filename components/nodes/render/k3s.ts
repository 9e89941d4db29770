/** `registries.yaml` of k3s and RKE2. */
import { stringify } from "yaml";
import { harborUrl } from "./mirror.ts";
import type { Mirror } from "./mirror.ts";
import type { HarborEndpoint } from "../crio-drop-in.ts";

/**
 * After Harbor, k3s asks the prefix itself, for an alias too: a rewrite holds for all endpoints that are named, so that
 * the registry behind the alias can't be one of them.
 *
 * @param caPath where the nodes have the PEM of the CA that signed Harbor's certificate
 */
export function k3sRegistries(
  mirrors: readonly Mirror[],
  harbor: HarborEndpoint,
  caPath: string | undefined,
): string {
  const configs = {
    ...(caPath !== undefined && { [harbor.registry]: { tls: { ca_file: caPath } } }),
    ...Object.fromEntries(
      mirrors
        .filter(({ prefix, registry, insecure }) => insecure && prefix === registry)
        .map(({ prefix }) => [prefix, { tls: { insecure_skip_verify: true } }]),
    ),
  };
  const registries = {
    mirrors: Object.fromEntries(
      mirrors.map(({ prefix, location }) => [
        prefix,
        {
          endpoint: [harborUrl(harbor)],
          rewrite: { "^(.*)$": `${location.slice(harbor.registry.length + 1)}/$1` },
        },
      ]),
    ),
    ...(Object.keys(configs).length > 0 && { configs }),
  };
  return (
    "# Made by harbor-cache for /etc/rancher/k3s/registries.yaml, or /etc/rancher/rke2/registries.yaml. Read at start only.\n" +
    stringify(registries, { lineWidth: 0 })
  );
}
