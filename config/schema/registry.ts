/** An upstream registry as it is written down; what is left out comes from the catalogue. */
import type * as z from "zod";
import { PROXY_ADAPTERS } from "../../provider/harbor/proxy-adapters.ts";
import { cacheOptions } from "./cache.ts";
import { certificates } from "./certificate.ts";
import { registryHost, url } from "./network.ts";
import { mirror, pullFromMirror } from "./node-files.ts";
import { quota } from "./quantity.ts";
import { password } from "./secret.ts";
import { choice, flag, list, mapping, text } from "./value.ts";

const registryType = choice(PROXY_ADAPTERS, {
  quay: "can't back a cache since Harbor 2.14; quay.io is reached as: docker-registry",
});

export type RegistryType = z.output<typeof registryType>;

/** Harbor's own rule; `library` is there from the start and no cache. */
export const projectName = text("proxy.docker.io", (value) => {
  if (value === "library") return "is the ordinary project that every Harbor begins with";
  if (value.length > 255) return "is longer than Harbor's 255 characters";
  return /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(value)
    ? undefined
    : "must be lower-case letters and digits, with single . _ or - between them (Harbor's rule)";
});

const wholeHub = "is docker.io to every image reference";
const hubHost = (host: string): string =>
  "is a host of Docker Hub's, whose images are named by docker.io; did you mean docker.io? " +
  `Where manifests do name it: { name: docker.io, aliases: [${host}] }`;

/**
 * Other hosts of Docker Hub. CRI-O takes `index.docker.io` for docker.io before it looks for a mirror; the others it takes
 * for registries of their own, so that a mirror of one serves no image of docker.io.
 */
const hubHosts: ReadonlyMap<string, string> = new Map([
  ["index.docker.io", `${wholeHub}; did you mean docker.io?`],
  ["hub.docker.com", "is Docker Hub's website; did you mean docker.io?"],
  ...["registry-1.docker.io", "registry.hub.docker.com"].map((host) => [host, hubHost(host)] as const),
]);

export const registryName = registryHost
  .superRefine((name, context) => {
    const message = hubHosts.get(name);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  })
  .describe("Registry host as image references name it, with port where it has one.");

const alias = registryHost.refine((name) => name !== "index.docker.io", {
  error: `${wholeHub} already: leave it out`,
});

export const registry = mapping("{ name: registry.example.com, quota: 500GiB }", {
  name: registryName,
  endpoint: url(["https", "http"], "https://registry.example.com")
    .exactOptional()
    .describe("URL that Harbor asks. Default: the catalogue's, else https://NAME."),
  type: registryType
    .exactOptional()
    .describe("Harbor's adapter. Default: the catalogue's for its own endpoint, else docker-registry."),
  project: projectName
    .exactOptional()
    .describe("Harbor project, default proxy.NAME made fit for Harbor's rule."),
  credentials: mapping("{ username: robot, password: { secure: … } }", {
    username: text("robot", (value) =>
      value === "" || /\p{Cc}/u.test(value) ? "must be one line and not empty" : undefined,
    ).describe("User name, robot account or access key id."),
    password,
  })
    .exactOptional()
    .describe("Default: anonymous."),
  public: flag().exactOptional().describe("May be pulled without login. Default: true without credentials."),
  allowPublicCredentials: flag()
    .default(false)
    .describe("Let a public project show everybody what these credentials may read. Default false."),
  quota: quota.default(-1).describe("Most that is cached: a size such as 500GiB, -1 is unlimited (default)."),
  insecure: flag()
    .default(false)
    .describe(
      "Plain HTTP or an unchecked certificate, for Harbor and for the nodes' fallback. Default false.",
    ),
  caCertificate: certificates.exactOptional().describe("PEM, CA of the endpoint."),
  fallback: flag()
    .default(true)
    .describe("Nodes ask the registry itself where the cache doesn't serve. Default true."),
  pullFromMirror: pullFromMirror
    .default("all")
    .describe("all (default), digest-only or tag-only: which references go to the cache (cri-o, podman)."),
  mirrors: list("[{ location: 10.10.100.1:5000/hub }]", mirror)
    .default([])
    .describe("Further mirrors that nodes ask after the cache. Default: none."),
  cache: cacheOptions.prefault({}).describe("How this cache behaves, where other than `cache` says for all."),
  aliases: list("[old.registry.example.com]", alias)
    .exactOptional()
    .describe(
      "Further prefixes served by this project. Default: the catalogue's, e.g. k8s.gcr.io for registry.k8s.io.",
    ),
});
