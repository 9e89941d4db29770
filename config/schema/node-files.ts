/** What is written to the nodes of a pool beside the caches' own mirrors, and where. */
import { absolutePath } from "./quantity.ts";
import { registryHost } from "./network.ts";
import { choice, flag, list, mapping, text } from "./value.ts";

export const pullFromMirror = choice(["all", "digest-only", "tag-only"]);

/** `10.10.100.1:35007/library` */
const location = text("10.10.100.1:35007/library", (value) => {
  if (value.includes("://")) return "must be without a scheme: scheme says it";
  return /^[a-z0-9.-]+(?::\d{1,5})?(?:\/[a-z0-9._-]+)*$/.test(value)
    ? undefined
    : "must be HOST[:PORT][/PATH] in lower case";
});

const prefix = text("cr.example.io/library or *.example.com", (value) =>
  /^(?:\*\.)?[a-z0-9.-]+(?::\d{1,5})?(?:\/[a-z0-9._-]+)*$/.test(value) && !/^\*\..*\//.test(value)
    ? undefined
    : "must be a registry, a path in one, or all hosts of a domain as *.example.com",
);

export const mirror = mapping("{ location: 10.10.100.1:35007/library }", {
  location: location.describe("HOST[:PORT][/PATH] that stands for the prefix."),
  scheme: choice(["https", "http"]).default("https").describe("https (default) or http."),
  insecure: flag().default(false).describe("Its certificate isn't checked. Default false."),
  pullFromMirror: pullFromMirror
    .default("all")
    .describe("all (default), digest-only or tag-only: which references are asked there (cri-o, podman)."),
});

/** Mirrors that aren't this cache. */
export const mirrored = mapping(
  "{ prefix: cr.example.io/library, mirrors: [{ location: 10.10.100.1:35007/library }] }",
  {
    prefix: prefix.describe("What image references begin with: HOST[:PORT][/PATH], or *.example.com."),
    location: location.exactOptional().describe("What stands behind the prefix. Default: the prefix itself."),
    insecure: flag().default(false).describe("That one's certificate isn't checked. Default false."),
    fallback: flag()
      .default(true)
      .describe("Ask it where no mirror serves; false: its images come from mirrors only. Default true."),
    mirrors: list("[{ location: 10.10.100.1:35007/library }]", mirror)
      .default([])
      .describe("In the order that they are asked."),
  },
);

export const nodeFiles = {
  files: choice(["per-registry", "one"])
    .exactOptional()
    .describe("A drop-in for each registry (default), or one for all (cri-o, podman)."),
  mirrors: list(
    "[{ prefix: cr.example.io/library, mirrors: [{ location: 10.10.100.1:35007/library }] }]",
    mirrored,
  )
    .exactOptional()
    .describe("Mirrors of what isn't cached here. Default: none."),
  unqualifiedSearch: list("[docker.io]", registryHost)
    .exactOptional()
    .describe("Registries that an image without one is looked for in (cri-o, podman). Default: left alone."),
  authFile: absolutePath
    .exactOptional()
    .describe(
      "Where the runtime reads its logins: our entries are merged in. Default: /etc/crio/config.json, which CRI-O's " +
        "global_auth_file has to name, or podman's /root/.config/containers/auth.json.",
    ),
  configDir: absolutePath
    .exactOptional()
    .describe("The runtime's own configuration: /etc/crio or /etc/containerd (defaults)."),
  configureRuntime: flag()
    .exactOptional()
    .describe(
      "Let CRI-O's global_auth_file, or containerd's config_path, be set where it is missing; restarts the runtime once. " +
        "Default false: that is a conflict.",
    ),
};
