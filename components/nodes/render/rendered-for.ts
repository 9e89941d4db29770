/** The cache as other tools want to be told of it, for nodes that harbor-cache doesn't reach itself. */
import type { RegistrySettings } from "../../../config/settings.ts";
import type { HarborEndpoint } from "../crio-drop-in.ts";
import { ansiblePlaybook } from "./ansible.ts";
import { containerdHosts } from "./containerd.ts";
import { k3sRegistries } from "./k3s.ts";
import { kubesprayVariables } from "./kubespray.ts";
import { mirrorsOf } from "./mirror.ts";
import { openshiftObjects } from "./openshift.ts";
import { talosDocuments } from "./talos.ts";

export type RenderedFormat = "kubespray" | "containerd" | "k3s" | "talos" | "openshift" | "ansible";

/** Text by path below a folder of the format's own. Each begins with `# Made by harbor-cache`. */
export type RenderedFiles = Readonly<Record<string, string>>;

const k3sCa = "/etc/rancher/harbor-cache-ca.crt";

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
  const mirrors = mirrorsOf(registries, harbor);
  const ca = (path: string): RenderedFiles =>
    caCertificate === undefined ? {} : { [path]: caFile(harbor, caCertificate) };
  const containerdCa = `certs.d/${harbor.registry}/ca.crt`;
  return {
    kubespray: {
      "harbor-cache.yml": kubesprayVariables(mirrors, harbor, caCertificate !== undefined),
      ...ca("ca.crt"),
    },
    containerd: {
      ...Object.fromEntries(
        mirrors.map((mirror) => [
          `certs.d/${mirror.prefix}/hosts.toml`,
          containerdHosts(mirror, caCertificate && `/etc/containerd/${containerdCa}`),
        ]),
      ),
      ...ca(containerdCa),
    },
    k3s: {
      "registries.yaml": k3sRegistries(mirrors, harbor, caCertificate && k3sCa),
      ...ca("harbor-cache-ca.crt"),
    },
    talos: { "talos.yaml": talosDocuments(mirrors, harbor, caCertificate) },
    openshift: { "openshift.yaml": openshiftObjects(mirrors, harbor, caCertificate) },
    ansible: { "harbor-cache.yml": ansiblePlaybook(registries, harbor, caCertificate) },
  };
}

/** Text before a certificate is ignored by its readers. */
function caFile({ registry }: HarborEndpoint, caCertificate: string): string {
  return `# Made by harbor-cache: signs the certificate of ${registry}.\n${caCertificate.trim()}\n`;
}
