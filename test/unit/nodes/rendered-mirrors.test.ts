/** Further mirrors, what they are asked for, and registries without a fallback, in the formats of other tools. */
import { parse as parseToml } from "smol-toml";
import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import type { HarborEndpoint } from "../../../components/nodes/node-mirrors.ts";
import { renderedFor } from "../../../components/nodes/render/rendered-for.ts";
import { mirror } from "./example-mirror.ts";
import { registry } from "./example-registry.ts";

const https: HarborEndpoint = { scheme: "https", registry: "harbor.example.com:8443" };
const cache = "harbor.example.com:8443/proxy";

const further = registry("docker.io", {
  endpoint: "https://hub.docker.com",
  pullFromMirror: "digest-only",
  mirrors: [mirror("10.0.0.9:5000/hub", { insecure: true }), mirror("10.0.0.8/hub", { scheme: "http" })],
});
const both = renderedFor([further, registry("quay.io", { fallback: false })], https);

const documents = (text: string | undefined): unknown[] =>
  parseAllDocuments(text ?? "").map((document) => document.toJS() as unknown);
const yaml = (text: string | undefined): unknown => parse(text ?? "");

test("kubespray: all but what they are asked for, and blocked", () => {
  const kubespray = both.kubespray["harbor-cache.yml"];
  expect(kubespray).toContain(
    "# Kubespray has no pull-from-mirror: mirrors of docker.io are asked for tags and",
  );
  const flags = { capabilities: ["pull", "resolve"], override_path: true };
  expect(yaml(kubespray)).toMatchObject({
    crio_registries: [
      {
        blocked: false,
        mirrors: [
          { location: `${cache}.docker.io`, insecure: false },
          { location: "10.0.0.9:5000/hub", insecure: true },
          { location: "10.0.0.8/hub", insecure: true },
        ],
      },
      { prefix: "quay.io", location: "quay.io", blocked: true, mirrors: [{ location: `${cache}.quay.io` }] },
    ],
    containerd_registries_mirrors: [
      {
        server: "https://registry-1.docker.io",
        mirrors: [
          { host: "https://harbor.example.com:8443/v2/proxy.docker.io", ...flags, skip_verify: false },
          { host: "https://10.0.0.9:5000/v2/hub", ...flags, skip_verify: true },
          { host: "http://10.0.0.8/v2/hub", ...flags, skip_verify: false },
        ],
      },
      { prefix: "quay.io", server: "https://harbor.example.com:8443/v2/proxy.quay.io" },
    ],
  });
});

test("containerd: the server is the cache", () => {
  expect(both.containerd["certs.d/quay.io/hosts.toml"]).toContain(
    "# Made by harbor-cache. quay.io: from the cache only.\n",
  );
  expect(parseToml(both.containerd["certs.d/quay.io/hosts.toml"] ?? "")).toMatchObject({
    server: "https://harbor.example.com:8443/v2/proxy.quay.io",
  });
});

test("k3s: endpoints with paths of their own; the fallback is a flag of its server", () => {
  const k3s = both.k3s["registries.yaml"];
  expect(k3s).toContain(
    "\n# Only --disable-default-registry-endpoint, for all registries, keeps k3s from quay.io itself.\n",
  );
  expect(yaml(k3s)).toMatchObject({
    mirrors: {
      "docker.io": {
        endpoint: [
          "https://harbor.example.com:8443/v2/proxy.docker.io",
          "https://10.0.0.9:5000/v2/hub",
          "http://10.0.0.8/v2/hub",
        ],
      },
    },
    configs: { "10.0.0.9:5000": { tls: { insecure_skip_verify: true } } },
  });
});

test("talos: skipFallback", () => {
  expect(documents(both.talos["talos.yaml"])).toMatchObject([
    {
      name: "docker.io",
      endpoints: [{}, { overridePath: true }, { url: "http://10.0.0.8/v2/hub" }],
      skipFallback: false,
    },
    { name: "quay.io", endpoints: [{ overridePath: true }], skipFallback: true },
    { kind: "RegistryTLSConfig", name: "10.0.0.9:5000", insecureSkipVerify: true },
  ]);
});

test("openshift: sets by tag and by digest, and NeverContactSource", () => {
  const openshift = both.openshift["openshift.yaml"];
  expect(openshift).toContain("insecureRegistries: 10.0.0.9:5000, 10.0.0.8\n");
  const never = {
    source: "quay.io",
    mirrors: [`${cache}.quay.io`],
    mirrorSourcePolicy: "NeverContactSource",
  };
  const hubMirrors = ["10.0.0.9:5000/hub", "10.0.0.8/hub"];
  const mirrorSourcePolicy = "AllowContactingSource";
  expect(documents(openshift)).toMatchObject([
    { spec: { imageTagMirrors: [{ source: "docker.io", mirrors: hubMirrors, mirrorSourcePolicy }, never] } },
    {
      spec: {
        imageDigestMirrors: [{ source: "docker.io", mirrors: [`${cache}.docker.io`, ...hubMirrors] }, never],
      },
    },
  ]);
  const onlyDigests = renderedFor([registry("docker.io", { pullFromMirror: "digest-only" })], https);
  expect(documents(onlyDigests.openshift["openshift.yaml"])).toMatchObject([
    { spec: { imageDigestMirrors: [{ source: "docker.io" }] } },
  ]);
});
