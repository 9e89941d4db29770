/** OpenShift 4.13 and later: mirrors for images by tag and by digest, which the Machine Config Operator brings to the nodes. */
import { stringify } from "yaml";
import { hostOf } from "../node-mirrors.ts";
import type { HarborEndpoint, NodeMirror } from "../node-mirrors.ts";

const apiVersion = "config.openshift.io/v1";
const name = "harbor-cache";

export function openshiftObjects(
  mirrors: readonly NodeMirror[],
  harbor: HarborEndpoint,
  caCertificate: string | undefined,
): string {
  const insecure = new Set(
    mirrors.flatMap((mirror) => [
      ...mirror.sources
        .filter(({ url, unchecked }) => unchecked || url.startsWith("http:"))
        .map(({ location }) => hostOf(location)),
      ...(mirror.insecure ? [hostOf(mirror.location)] : []),
    ]),
  );
  const byTag = mirrors.flatMap((mirror) => entriesOf(mirror, "tag-only"));
  const byDigest = mirrors.flatMap((mirror) => entriesOf(mirror, "digest-only"));
  const metadata = { name };
  const objects = [
    ...(byTag.length === 0
      ? []
      : [{ apiVersion, kind: "ImageTagMirrorSet", metadata, spec: { imageTagMirrors: byTag } }]),
    ...(byDigest.length === 0
      ? []
      : [{ apiVersion, kind: "ImageDigestMirrorSet", metadata, spec: { imageDigestMirrors: byDigest } }]),
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
      ...(insecure.size === 0
        ? []
        : [
            "# image.config.openshift.io/cluster has to list without a checked certificate, in",
            `# spec.registrySources.insecureRegistries: ${[...insecure].join(", ")}`,
          ]),
      "",
    ].join("\n"),
    ...objects.map((object) => stringify(object, { lineWidth: 0 })),
  ].join("---\n");
}

/** By tag or by digest: mirrors that are asked for the other only are left out, and the entry with the last of them. */
function entriesOf({ prefix, location, fallback, sources }: NodeMirror, by: "tag-only" | "digest-only") {
  const asked = sources.filter(({ pullFromMirror }) => pullFromMirror === "all" || pullFromMirror === by);
  const mirrors = [
    ...asked.map((source) => source.location),
    // The fallback would be the alias itself.
    ...(fallback && location !== prefix ? [location] : []),
  ];
  const mirrorSourcePolicy = fallback ? "AllowContactingSource" : "NeverContactSource";
  return mirrors.length === 0 && fallback ? [] : [{ source: prefix, mirrors, mirrorSourcePolicy }];
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
