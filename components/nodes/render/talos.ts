/** Talos 1.12 and later: documents of a machine's configuration. */
import { stringify } from "yaml";
import type { HarborEndpoint } from "../crio-drop-in.ts";
import type { Mirror } from "./mirror.ts";

const apiVersion = "v1alpha1";

/** A `RegistryMirrorConfig` for each prefix, and a `RegistryTLSConfig` for what no public CA has signed. */
export function talosDocuments(
  mirrors: readonly Mirror[],
  harbor: HarborEndpoint,
  caCertificate: string | undefined,
): string {
  const documents = [
    ...mirrors.map(({ prefix, registry, url, fallback }) => ({
      apiVersion,
      kind: "RegistryMirrorConfig",
      name: prefix,
      endpoints: [
        { url, overridePath: true },
        // Where Talos would not ask by itself: it takes the prefix, and https.
        ...(prefix !== registry || fallback.startsWith("http:") ? [{ url: fallback }] : []),
      ],
      skipFallback: false,
    })),
    ...(caCertificate === undefined ? [] : [tlsConfig(harbor.registry, { ca: `${caCertificate.trim()}\n` })]),
    ...mirrors
      .filter(
        ({ prefix, registry, insecure, fallback }) =>
          insecure && prefix === registry && fallback.startsWith("https:"),
      )
      .map(({ registry }) => tlsConfig(registry, { insecureSkipVerify: true })),
  ];
  return [
    "# Made by harbor-cache for Talos: talosctl patch machineconfig --patch @talos.yaml\n",
    ...documents.map((document) => stringify(document, { lineWidth: 0 })),
  ].join("---\n");
}

function tlsConfig(name: string, how: { readonly ca: string } | { readonly insecureSkipVerify: true }) {
  return { apiVersion, kind: "RegistryTLSConfig", name, ...how };
}
