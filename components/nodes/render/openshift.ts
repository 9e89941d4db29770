/** OpenShift 4.13 and later: mirrors for images by tag and by digest, which the Machine Config Operator brings to the nodes. */
import { stringify } from "yaml";
import type { HarborEndpoint } from "../crio-drop-in.ts";
import type { Mirror } from "./mirror.ts";

const apiVersion = "config.openshift.io/v1";
const name = "harbor-cache";

export function openshiftObjects(
  mirrors: readonly Mirror[],
  harbor: HarborEndpoint,
  caCertificate: string | undefined,
): string {
  const entries = mirrors.map(({ prefix, registry, location }) => ({
    source: prefix,
    // The fallback would be the alias itself.
    mirrors: prefix === registry ? [location] : [location, registry],
    mirrorSourcePolicy: "AllowContactingSource",
  }));
  const insecure = [
    ...(harbor.scheme === "http" ? [harbor.registry] : []),
    ...new Set(mirrors.filter((mirror) => mirror.insecure).map(({ registry }) => registry)),
  ];
  const objects = [
    { apiVersion, kind: "ImageTagMirrorSet", metadata: { name }, spec: { imageTagMirrors: entries } },
    { apiVersion, kind: "ImageDigestMirrorSet", metadata: { name }, spec: { imageDigestMirrors: entries } },
    ...(caCertificate === undefined ? [] : [caConfigMap(harbor, caCertificate)]),
  ];
  return [
    [
      "# Made by harbor-cache for OpenShift. TO APPLY THIS DRAINS NODES, AND REBOOTS THEM, one after the other.",
      ...(caCertificate === undefined
        ? []
        : [
            `# image.config.openshift.io/cluster has to name the ConfigMap: spec.additionalTrustedCA.name: ${name}`,
          ]),
      ...(insecure.length === 0
        ? []
        : [
            "# image.config.openshift.io/cluster has to list without a checked certificate, in",
            `# spec.registrySources.insecureRegistries: ${insecure.join(", ")}`,
          ]),
      "",
    ].join("\n"),
    ...objects.map((object) => stringify(object, { lineWidth: 0 })),
  ].join("---\n");
}

/** A key of a ConfigMap holds no colon: OpenShift reads `HOST..PORT`. */
function caConfigMap({ registry }: HarborEndpoint, caCertificate: string) {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "openshift-config" },
    data: { [registry.replace(/:(\d+)$/, "..$1")]: `${caCertificate.trim()}\n` },
  };
}
