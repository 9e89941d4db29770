/** Variables for Kubespray 2.31, whose templates ask for every key of a CRI-O registry. */
import { stringify } from "yaml";
import { upstreamUrl } from "../node-mirrors.ts";
import type { HarborEndpoint, NodeMirror } from "../node-mirrors.ts";

/**
 * @param ca whether nodes have to be told of a CA, for which Kubespray's mirrors have no variable
 */
export function kubesprayVariables(
  mirrors: readonly NodeMirror[],
  harbor: HarborEndpoint,
  ca: boolean,
): string {
  const partly = mirrors.filter(({ sources }) => sources.some((source) => source.pullFromMirror !== "all"));
  const variables = {
    crio_registries: mirrors.map(({ prefix, location, insecure, fallback, sources }) => ({
      prefix,
      // See crio-drop-in.ts: what is blocked is looked up by its location.
      location: fallback ? location : prefix,
      insecure,
      blocked: !fallback,
      unqualified: false,
      mirrors: sources.map((source) => ({
        location: source.location,
        insecure: source.unchecked || source.url.startsWith("http:"),
      })),
    })),
    containerd_registries_mirrors: mirrors.map(containerdRegistry),
  };
  return [
    "# Made by harbor-cache for Kubespray: a file in group_vars/k8s_cluster. It replaces crio_registries and",
    "# containerd_registries_mirrors as a whole: put registries of your own among them.",
    ...(ca
      ? [
          `# The nodes have to trust the CA of ${harbor.registry} first: ca.crt, which Kubespray doesn't copy.`,
        ]
      : []),
    ...(partly.length === 0
      ? []
      : [
          `# Kubespray has no pull-from-mirror: mirrors of ${partly.map(({ prefix }) => prefix).join(", ")} are asked for tags and digests.`,
        ]),
    stringify(variables, { lineWidth: 0 }),
  ].join("\n");
}

/** Without a fallback the server is a mirror again, where it finds nothing: its path can't be said to be the whole one. */
function containerdRegistry(mirror: NodeMirror) {
  const { prefix, fallback, insecure, sources } = mirror;
  const upstream = upstreamUrl(mirror);
  return {
    prefix,
    server: fallback ? upstream : (sources.at(-1)?.url ?? upstream),
    mirrors: [
      ...sources.map(({ url, unchecked }) => host(url, { skip_verify: unchecked, override_path: true })),
      // Only a mirror can go without a check of its certificate: the server can't.
      ...(insecure && fallback ? [host(upstream, { skip_verify: true, override_path: false })] : []),
    ],
  };
}

function host(url: string, flags: { readonly skip_verify: boolean; readonly override_path: boolean }) {
  return { host: url, capabilities: ["pull", "resolve"], ...flags };
}
