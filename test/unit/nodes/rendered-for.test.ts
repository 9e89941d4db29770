/** The formats of other tools: exact where a tool reads text, parsed where it reads data. */
import { parse as parseToml } from "smol-toml";
import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { caFile } from "../../../components/nodes/ca-file.ts";
import { crioDropIns, poolHead } from "../../../components/nodes/crio-drop-in.ts";
import { nodeMirrors } from "../../../components/nodes/node-mirrors.ts";
import type { HarborEndpoint } from "../../../components/nodes/node-mirrors.ts";
import { renderedFor } from "../../../components/nodes/render/rendered-for.ts";
import { registry } from "./example-registry.ts";

const https: HarborEndpoint = { scheme: "https", registry: "harbor.example.com:8443" };
const http: HarborEndpoint = { scheme: "http", registry: "10.0.0.5" };
const pem = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";

const hub = registry("docker.io", { endpoint: "https://hub.docker.com" });
const kubernetes = registry("registry.k8s.io", { aliases: ["k8s.gcr.io"] });
const unchecked = registry("reg.example.com:5000", { project: "p", insecure: true });
const plain = registry("old.example.com:5000", {
  project: "q",
  insecure: true,
  endpoint: "http://old.example.com:5000",
});

const all = renderedFor([hub, kubernetes, unchecked, plain], https, `${pem}\n`);
const small = renderedFor([hub, kubernetes], https);
const overHttp = renderedFor([hub, unchecked], http);
const documents = (text: string | undefined): unknown[] =>
  parseAllDocuments(text ?? "").map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as unknown;
  });
const yaml = (text: string | undefined): unknown => parse(text ?? "");
const toml = (text: string | undefined): unknown => parseToml(text ?? "");

test("every file says whose it is, and a certificate is where a format needs it as a file", () => {
  for (const files of Object.values(all)) {
    for (const text of Object.values(files)) expect(text).toMatch(/^# Made by harbor-cache.*\n[^]*[^\n]\n$/);
  }
  const paths = (rendered: typeof all) =>
    Object.fromEntries(Object.entries(rendered).map(([format, files]) => [format, Object.keys(files)]));
  expect(paths(small)).toEqual({
    kubespray: ["harbor-cache.yml"],
    containerd: [
      "certs.d/docker.io/hosts.toml",
      "certs.d/registry.k8s.io/hosts.toml",
      "certs.d/k8s.gcr.io/hosts.toml",
    ],
    k3s: ["registries.yaml"],
    talos: ["talos.yaml"],
    openshift: ["openshift.yaml"],
    ansible: ["harbor-cache.yml"],
  });
  expect(paths(all)).toMatchObject({
    kubespray: ["harbor-cache.yml", "ca.crt"],
    k3s: ["registries.yaml", "harbor-cache-ca.crt"],
  });
  const ca = `# Made by harbor-cache: signs the certificate of harbor.example.com:8443.\n${pem}`;
  expect(all.containerd["certs.d/harbor.example.com:8443/ca.crt"]).toBe(ca);
  expect([all.kubespray["ca.crt"], all.k3s["harbor-cache-ca.crt"]]).toEqual([ca, ca]);
});

test("kubespray: variables of both runtimes, with every key that its templates ask for", () => {
  expect(small.kubespray["harbor-cache.yml"])
    .toBe(`# Made by harbor-cache for Kubespray: a file in group_vars/k8s_cluster. It replaces crio_registries and
# containerd_registries_mirrors as a whole: put registries of your own among them.
crio_registries:
  - prefix: docker.io
    location: docker.io
    insecure: false
    blocked: false
    unqualified: false
    mirrors:
      - location: harbor.example.com:8443/proxy.docker.io
        insecure: false
  - prefix: registry.k8s.io
    location: registry.k8s.io
    insecure: false
    blocked: false
    unqualified: false
    mirrors:
      - location: harbor.example.com:8443/proxy.registry.k8s.io
        insecure: false
  - prefix: k8s.gcr.io
    location: registry.k8s.io
    insecure: false
    blocked: false
    unqualified: false
    mirrors:
      - location: harbor.example.com:8443/proxy.registry.k8s.io
        insecure: false
containerd_registries_mirrors:
  - prefix: docker.io
    server: https://registry-1.docker.io
    mirrors:
      - host: https://harbor.example.com:8443/v2/proxy.docker.io
        capabilities:
          - pull
          - resolve
        skip_verify: false
        override_path: true
  - prefix: registry.k8s.io
    server: https://registry.k8s.io
    mirrors:
      - host: https://harbor.example.com:8443/v2/proxy.registry.k8s.io
        capabilities:
          - pull
          - resolve
        skip_verify: false
        override_path: true
  - prefix: k8s.gcr.io
    server: https://registry.k8s.io
    mirrors:
      - host: https://harbor.example.com:8443/v2/proxy.registry.k8s.io
        capabilities:
          - pull
          - resolve
        skip_verify: false
        override_path: true
`);
  expect(all.kubespray["harbor-cache.yml"]).toContain(
    "have to trust the CA of harbor.example.com:8443 first",
  );
  const capabilities = ["pull", "resolve"];
  expect(yaml(overHttp.kubespray["harbor-cache.yml"])).toMatchObject({
    crio_registries: [
      { insecure: false, mirrors: [{ location: "10.0.0.5/proxy.docker.io", insecure: true }] },
      { prefix: "reg.example.com:5000", insecure: true, mirrors: [{ insecure: true }] },
    ],
    containerd_registries_mirrors: [
      { mirrors: [{ host: "http://10.0.0.5/v2/proxy.docker.io", skip_verify: false }] },
      {
        server: "https://reg.example.com:5000",
        mirrors: [
          { host: "http://10.0.0.5/v2/p", capabilities, skip_verify: false, override_path: true },
          { host: "https://reg.example.com:5000", capabilities, skip_verify: true, override_path: false },
        ],
      },
    ],
  });
});

test("containerd: one hosts.toml per prefix, with the CA where there is one", () => {
  expect(all.containerd["certs.d/docker.io/hosts.toml"])
    .toBe(`# Made by harbor-cache. docker.io: from the cache, else from docker.io.
# Read only where config_path in /etc/containerd/config.toml names certs.d.
server = "https://registry-1.docker.io"

[host."https://harbor.example.com:8443/v2/proxy.docker.io"]
capabilities = [ "pull", "resolve" ]
override_path = true
dial_timeout = "3s"
ca = "/etc/containerd/certs.d/harbor.example.com:8443/ca.crt"
`);
  const host = { capabilities: ["pull", "resolve"], override_path: true, dial_timeout: "3s" };
  expect(toml(small.containerd["certs.d/k8s.gcr.io/hosts.toml"])).toEqual({
    server: "https://registry.k8s.io",
    host: { "https://harbor.example.com:8443/v2/proxy.registry.k8s.io": host },
  });
  expect(toml(overHttp.containerd["certs.d/reg.example.com:5000/hosts.toml"])).toEqual({
    server: "https://reg.example.com:5000",
    skip_verify: true,
    host: { "http://10.0.0.5/v2/p": host },
  });
  expect(toml(all.containerd["certs.d/old.example.com:5000/hosts.toml"])).toMatchObject({
    server: "http://old.example.com:5000",
  });
  // Plain HTTP is only for what is said to be insecure.
  const secure = renderedFor([{ ...plain, insecure: false }], https);
  expect(secure.containerd["certs.d/old.example.com:5000/hosts.toml"]).toMatch(/^server = "https:/m);
});

test("k3s: Harbor's root with a rewrite, and TLS by host", () => {
  expect(small.k3s["registries.yaml"])
    .toBe(`# Made by harbor-cache for /etc/rancher/k3s/registries.yaml, or /etc/rancher/rke2/registries.yaml. Read at start only.
mirrors:
  docker.io:
    endpoint:
      - https://harbor.example.com:8443
    rewrite:
      ^(.*)$: proxy.docker.io/$1
  registry.k8s.io:
    endpoint:
      - https://harbor.example.com:8443
    rewrite:
      ^(.*)$: proxy.registry.k8s.io/$1
  k8s.gcr.io:
    endpoint:
      - https://harbor.example.com:8443/v2/proxy.registry.k8s.io
      - https://registry.k8s.io
`);
  expect(yaml(all.k3s["registries.yaml"])).toMatchObject({
    mirrors: { "reg.example.com:5000": { rewrite: { "^(.*)$": "p/$1" } } },
    configs: {
      "harbor.example.com:8443": { tls: { ca_file: "/etc/rancher/harbor-cache-ca.crt" } },
      "reg.example.com:5000": { tls: { insecure_skip_verify: true } },
    },
  });
  const aliased = renderedFor([{ ...unchecked, aliases: ["alias.example.com"] }], https);
  expect(yaml(aliased.k3s["registries.yaml"])).toHaveProperty("configs", {
    "reg.example.com:5000": { tls: { insecure_skip_verify: true } },
  });
  expect(overHttp.k3s["registries.yaml"]).toContain("- http://10.0.0.5\n");
});

test("talos: one document per prefix, and the ways of TLS", () => {
  const mirror = (name: string, project: string, ...more: string[]) => ({
    apiVersion: "v1alpha1",
    kind: "RegistryMirrorConfig",
    name,
    endpoints: [
      { url: `https://harbor.example.com:8443/v2/${project}`, overridePath: true },
      ...more.map((url) => ({ url })),
    ],
    skipFallback: false,
  });
  const tls = { apiVersion: "v1alpha1", kind: "RegistryTLSConfig" };
  const mirrors = [
    mirror("docker.io", "proxy.docker.io"),
    mirror("registry.k8s.io", "proxy.registry.k8s.io"),
    mirror("k8s.gcr.io", "proxy.registry.k8s.io", "https://registry.k8s.io"),
  ];
  expect(documents(small.talos["talos.yaml"])).toEqual(mirrors);
  expect(documents(all.talos["talos.yaml"])).toEqual([
    ...mirrors,
    mirror("reg.example.com:5000", "p"),
    mirror("old.example.com:5000", "q", "http://old.example.com:5000"),
    { ...tls, name: "harbor.example.com:8443", ca: pem },
    { ...tls, name: "reg.example.com:5000", insecureSkipVerify: true },
  ]);
});

test("openshift: the same mirrors by tag and by digest, and the CA as image.config wants it", () => {
  const mirrorSourcePolicy = "AllowContactingSource";
  const harbor = "harbor.example.com:8443";
  const entries = [
    { source: "docker.io", mirrors: [`${harbor}/proxy.docker.io`], mirrorSourcePolicy },
    { source: "registry.k8s.io", mirrors: [`${harbor}/proxy.registry.k8s.io`], mirrorSourcePolicy },
    {
      source: "k8s.gcr.io",
      mirrors: [`${harbor}/proxy.registry.k8s.io`, "registry.k8s.io"],
      mirrorSourcePolicy,
    },
  ];
  const metadata = { name: "harbor-cache" };
  const apiVersion = "config.openshift.io/v1";
  expect(documents(small.openshift["openshift.yaml"])).toEqual([
    { apiVersion, kind: "ImageTagMirrorSet", metadata, spec: { imageTagMirrors: entries } },
    { apiVersion, kind: "ImageDigestMirrorSet", metadata, spec: { imageDigestMirrors: entries } },
  ]);
  const text = all.openshift["openshift.yaml"];
  expect(text).not.toMatch(/[&*]a\d/);
  expect(text).toContain("DRAINS NODES, AND REBOOTS THEM");
  expect(text).toContain("insecureRegistries: reg.example.com:5000, old.example.com:5000\n");
  expect(documents(text)[2]).toEqual({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "harbor-cache", namespace: "openshift-config" },
    data: { "harbor.example.com..8443": pem },
  });
  expect(overHttp.openshift["openshift.yaml"]).toContain(
    "insecureRegistries: 10.0.0.5, reg.example.com:5000\n",
  );
});

test("ansible: the very drop-ins, the CA before them, one reload, one node first", () => {
  const target = {
    name: "ansible",
    dropInDir: "/etc/containers/registries.conf.d",
    files: "per-registry",
    unqualifiedSearch: [],
  } as const;
  const notify = "Reload CRI-O";
  const directory = (path: string) => ({
    name: `Make ${path}`,
    "ansible.builtin.file": { path, state: "directory", mode: "0755" },
  });
  const copy = (path: string, content: string) => ({
    name: `Write ${path}`,
    "ansible.builtin.copy": { dest: path, content, mode: "0644", owner: "root", group: "root" },
    notify,
  });
  const certificates = "/etc/containers/certs.d/harbor.example.com:8443";
  const dropIns = crioDropIns(nodeMirrors([hub, kubernetes, unchecked, plain], [], https), target);
  expect(yaml(all.ansible["harbor-cache.yml"])).toEqual([
    {
      name: "Point CRI-O at the image cache",
      hosts: "{{ harbor_cache_hosts | default('k8s_cluster') }}",
      become: true,
      gather_facts: false,
      serial: [1, "25%"],
      max_fail_percentage: 0,
      tasks: [
        directory(target.dropInDir),
        directory(certificates),
        copy(`${certificates}/ca.crt`, caFile(pem, poolHead("ansible"))),
        ...dropIns.map(({ path, content }) => copy(path, content)),
      ],
      handlers: [{ name: notify, "ansible.builtin.service": { name: "crio", state: "reloaded" } }],
    },
  ]);
  expect(small.ansible["harbor-cache.yml"]).not.toContain("certs.d");
  // Ansible takes braces for expressions: there are none but the play's own.
  expect(all.ansible["harbor-cache.yml"]?.match(/\{[{%#]/g)).toHaveLength(1);
});
