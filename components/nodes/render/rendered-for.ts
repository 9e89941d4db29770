/** The cache as other tools want to be told of it, for nodes that harbor-cache doesn't reach itself. */
import { stringify } from "yaml";
import type { RegistrySettings } from "../../../config/settings.ts";
import { caFile, caPath } from "../ca-file.ts";
import { containerdHosts } from "../containerd-hosts.ts";
import { orderOf } from "../crio-drop-in.ts";
import { k3sRegistries } from "../k3s-registries.ts";
import { nodeMirrors } from "../node-mirrors.ts";
import type { HarborEndpoint, NodeMirror } from "../node-mirrors.ts";
import { ansiblePlaybook } from "./ansible.ts";
import { kubesprayVariables } from "./kubespray.ts";
import { openshiftObjects } from "./openshift.ts";
import { talosDocuments } from "./talos.ts";

export type RenderedFormat = "kubespray" | "containerd" | "k3s" | "talos" | "openshift" | "ansible";

/** Text by path below a folder of the format's own. Each begins with `# Made by harbor-cache`. */
export type RenderedFiles = Readonly<Record<string, string>>;

const k3sCa = "harbor-cache-ca.crt";

/**
 * The files of every format. None holds a secret: caches that aren't public need credentials beside them.
 *
 * @param caCertificate PEM of the CA that signed Harbor's certificate, where nodes don't trust it anyway
 */
export function renderedFor(
  registries: readonly RegistrySettings[],
  harbor: HarborEndpoint,
  caCertificate?: string,
): Record<RenderedFormat, RenderedFiles> {
  const mirrors = nodeMirrors(registries, [], harbor);
  const ca = (path: string): RenderedFiles =>
    caCertificate === undefined
      ? {}
      : {
          [path]: caFile(caCertificate, [
            `# Made by harbor-cache: signs the certificate of ${harbor.registry}.`,
          ]),
        };
  return {
    kubespray: {
      "harbor-cache.yml": kubesprayVariables(mirrors, harbor, caCertificate !== undefined),
      ...ca("ca.crt"),
    },
    containerd: {
      ...containerdFiles(mirrors, harbor, caCertificate && caPath(harbor, "/etc/containerd/certs.d")),
      ...ca(caPath(harbor, "certs.d")),
    },
    k3s: {
      "registries.yaml": k3sFile(mirrors, harbor, caCertificate && `/etc/rancher/${k3sCa}`),
      ...ca(k3sCa),
    },
    talos: { "talos.yaml": talosDocuments(mirrors, harbor, caCertificate) },
    openshift: { "openshift.yaml": openshiftObjects(mirrors, harbor, caCertificate) },
    ansible: { "harbor-cache.yml": ansiblePlaybook(mirrors, harbor, caCertificate) },
  };
}

function containerdFiles(
  mirrors: readonly NodeMirror[],
  harbor: HarborEndpoint,
  ca: string | undefined,
): RenderedFiles {
  const file = (mirror: NodeMirror): string =>
    containerdHosts(mirror, { harbor, caPath: ca }, [
      `# Made by harbor-cache. ${mirror.prefix}: ${orderOf(mirror)}.`,
      "# Read only where config_path in /etc/containerd/config.toml names certs.d.",
    ]);
  return Object.fromEntries(mirrors.map((mirror) => [`certs.d/${mirror.prefix}/hosts.toml`, file(mirror)]));
}

function k3sFile(mirrors: readonly NodeMirror[], harbor: HarborEndpoint, ca: string | undefined): string {
  const closed = mirrors.filter(({ fallback }) => !fallback).map(({ prefix }) => prefix);
  return [
    "# Made by harbor-cache for /etc/rancher/k3s/registries.yaml, or /etc/rancher/rke2/registries.yaml. Read at start only.",
    ...(closed.length === 0
      ? []
      : [
          `# Only --disable-default-registry-endpoint, for all registries, keeps k3s from ${closed.join(", ")} itself.`,
        ]),
    stringify(k3sRegistries(mirrors, { harbor, caPath: ca }), { lineWidth: 0 }),
  ].join("\n");
}
