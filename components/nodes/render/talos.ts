/** Talos 1.12 and later: documents of a machine's configuration. */
import { stringify } from "yaml";
import { hostOf, upstreamUrl } from "../node-mirrors.ts";
import type { HarborEndpoint, NodeMirror } from "../node-mirrors.ts";

const apiVersion = "v1alpha1";

/** A `RegistryMirrorConfig` for each prefix, and a `RegistryTLSConfig` for what no public CA has signed. */
export function talosDocuments(
  mirrors: readonly NodeMirror[],
  harbor: HarborEndpoint,
  caCertificate: string | undefined,
): string {
  const unchecked = mirrors.flatMap(({ insecure, upstream, location, sources }) => [
    ...sources.filter((source) => source.unchecked).map((source) => hostOf(source.location)),
    ...(insecure && upstream.startsWith("https:") ? [hostOf(location)] : []),
  ]);
  const documents = [
    ...mirrors.map((mirror) => ({
      apiVersion,
      kind: "RegistryMirrorConfig",
      name: mirror.prefix,
      endpoints: endpointsOf(mirror),
      skipFallback: !mirror.fallback,
    })),
    ...(caCertificate === undefined ? [] : [tlsConfig(harbor.registry, { ca: `${caCertificate.trim()}\n` })]),
    ...[...new Set(unchecked)].map((host) => tlsConfig(host, { insecureSkipVerify: true })),
  ];
  return [
    "# Made by harbor-cache for Talos: talosctl patch machineconfig --patch @talos.yaml\n",
    ...documents.map((document) => stringify(document, { lineWidth: 0 })),
  ].join("---\n");
}

function endpointsOf(mirror: NodeMirror) {
  const { prefix, location, upstream, fallback, sources } = mirror;
  // Talos would not ask there by itself: it takes the prefix, and https.
  const apart = location !== prefix || upstream.startsWith("http:");
  return [
    ...sources.map(({ url }) => ({ url, overridePath: true })),
    ...(fallback && apart ? [{ url: upstreamUrl(mirror) }] : []),
  ];
}

function tlsConfig(name: string, how: { readonly ca: string } | { readonly insecureSkipVerify: true }) {
  return { apiVersion, kind: "RegistryTLSConfig", name, ...how };
}
