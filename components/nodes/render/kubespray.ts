/** Variables for Kubespray 2.31, whose templates ask for every key of a CRI-O registry. */
import { stringify } from "yaml";
import type { HarborEndpoint } from "../crio-drop-in.ts";
import type { Mirror } from "./mirror.ts";

/**
 * @param ca whether nodes have to be told of a CA, for which Kubespray's mirrors have no variable
 */
export function kubesprayVariables(mirrors: readonly Mirror[], harbor: HarborEndpoint, ca: boolean): string {
  const variables = {
    crio_registries: mirrors.map(({ prefix, registry, insecure, location }) => ({
      prefix,
      location: registry,
      insecure,
      blocked: false,
      unqualified: false,
      mirrors: [{ location, insecure: harbor.scheme === "http" }],
    })),
    containerd_registries_mirrors: mirrors.map((mirror) => ({
      prefix: mirror.prefix,
      server: mirror.fallback,
      mirrors: [
        host(mirror.url, { skip_verify: false, override_path: true }),
        // Only a mirror can go without a check of its certificate: the server can't.
        ...(mirror.insecure ? [host(mirror.fallback, { skip_verify: true, override_path: false })] : []),
      ],
    })),
  };
  return [
    "# Made by harbor-cache for Kubespray: a file in group_vars/k8s_cluster. It replaces crio_registries and",
    "# containerd_registries_mirrors as a whole: put registries of your own among them.",
    ...(ca
      ? [
          `# The nodes have to trust the CA of ${harbor.registry} first: ca.crt, which Kubespray doesn't copy.`,
        ]
      : []),
    stringify(variables, { lineWidth: 0 }),
  ].join("\n");
}

function host(url: string, flags: { readonly skip_verify: boolean; readonly override_path: boolean }) {
  return { host: url, capabilities: ["pull", "resolve"], ...flags };
}
