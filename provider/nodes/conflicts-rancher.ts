/** k3s and RKE2: their registries.yaml is merged; what else there keeps it from being used. */
import type { Finding, OnNode } from "./conflicts.ts";
import { keysOf, oursIn } from "./merged-file.ts";
import { registriesYamlLine } from "./merge-registries-yaml.ts";

export function rancherConflicts(on: OnNode): Finding[] {
  return [...namedAreNotAny(on), ...templates(on)];
}

/** Source: docs.k3s.io, private registry configuration: "*" is for registries that have no entry of their own. */
function namedAreNotAny({ files, others }: OnNode): Finding[] {
  return files.flatMap(({ path, merge, content }): Finding[] => {
    const text = others.get(path);
    if (merge !== "registries-yaml" || text === undefined || oursIn(merge, text, ["mirrors/*"]) === "{}")
      return [];
    const named = keysOf(merge, content)
      .filter((key) => key.startsWith("mirrors/"))
      .map((key) => key.slice("mirrors/".length));
    if (named.length === 0 || named.includes("*")) return [];
    return [
      {
        text:
          `${path}:${registriesYamlLine(text, "mirrors", "*")}: has mirrors for "*", which aren't asked for ` +
          `${named.join(", ")} any more; put those that should be into registries[].mirrors or nodes.mirrors`,
        breaks: false,
      },
    ];
  });
}

/** A template of containerd's configuration that is written out in full points at no folder of mirrors unless it says so. */
function templates({ others }: OnNode): Finding[] {
  return [...others]
    .filter(([path]) => /\/config(?:-v3)?\.toml\.tmpl$/.test(path))
    .filter(([, text]) => !/template\s+"base"|config_path|PrivateRegistryConfig/.test(text))
    .map(([path]) => ({
      text:
        `${path}:1: makes a containerd configuration without config_path, so that registries.yaml is ignored; ` +
        'begin it with {{ template "base" . }}',
      breaks: false,
    }));
}
