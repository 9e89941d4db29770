/** What each runtime's nodes are given: paths, modes and kinds, and who sees a login. */
import * as pulumi from "@pulumi/pulumi";
import { parse as parseToml } from "smol-toml";
import { beforeAll, expect, test } from "vitest";
import { loginOf } from "../../../components/nodes/login.ts";
import type { HarborEndpoint } from "../../../components/nodes/node-mirrors.ts";
import { othersOf } from "../../../components/nodes/others.ts";
import { poolFiles } from "../../../components/nodes/pool-files.ts";
import type { PoolFilesArgs } from "../../../components/nodes/pool-files.ts";
import type { PoolSettings, Runtime } from "../../../config/settings.ts";
import { checkPoolInputs } from "../../../provider/nodes/pool-inputs.ts";
import { recordResources, settled } from "../mocks.ts";
import { mirror, mirrored } from "./example-mirror.ts";
import { examplePool } from "./example-pool.ts";
import { registry } from "./example-registry.ts";

beforeAll(async () => {
  await recordResources();
});

const head = "# Managed by harbor-cache, pool workers: changes made here are undone by its next run.";
const hub = registry("docker.io");
const closed = registry("ghcr.io", { public: false, aliases: ["old.ghcr.io"] });
const harbor: HarborEndpoint = { scheme: "https", registry: "harbor.example.com:8443" };
const plainLogin = loginOf("robot$harbor-cache-pull", "Pull-Secret-1");
const login = pulumi.secret(plainLogin);
const basic = Buffer.from("robot$harbor-cache-pull:Pull-Secret-1").toString("base64");

const pool = (runtime: Runtime, changes: Partial<PoolSettings> = {}) => examplePool({ runtime, ...changes });

async function filesOf(settings: PoolSettings, args: Partial<PoolFilesArgs> = {}) {
  const files = poolFiles(settings, {
    registries: [hub, closed],
    harbor,
    caCertificate: pulumi.output("PEM"),
    login,
    ...args,
  });
  return Promise.all(
    files.map(async ({ content, ...file }) => {
      const { value, secret } = await settled(pulumi.output(content));
      return { ...file, content: value, secret };
    }),
  );
}

/** Without the contents. */
function kinds(files: Awaited<ReturnType<typeof filesOf>>): string[] {
  return files.map(({ path, mode, merge = "", restart, secret }) =>
    `${path} ${mode} ${merge} ${restart ? "restart" : ""} ${secret ? "secret" : ""}`
      .replaceAll(/ +/g, " ")
      .trimEnd(),
  );
}

test.each([
  ["cri-o", "/etc/crio/config.json"],
  ["podman", "/root/.config/containers/auth.json"],
] as const)(
  "%s: drop-ins, and logins for the caches that aren't public merged in",
  async (runtime, authFile) => {
    const files = await filesOf(pool(runtime));
    expect(kinds(files)).toEqual([
      "/etc/containers/registries.conf.d/50-harbor-cache-docker.io.conf 0644",
      "/etc/containers/registries.conf.d/50-harbor-cache-ghcr.io.conf 0644",
      `${authFile} 0600 auth-json secret`,
      "/etc/containers/certs.d/harbor.example.com:8443/ca.crt 0644",
    ]);
    expect(JSON.parse(files[2]?.content ?? "")).toEqual({
      auths: { "harbor.example.com:8443/proxy.ghcr.io": { auth: basic } },
    });
    expect(files[3]?.content).toBe(`${head}\nPEM\n`);
    const open = await filesOf(pool(runtime, { configureRuntime: true }), {
      registries: [hub],
      login: undefined,
    });
    expect(kinds(open)).toEqual([
      "/etc/containers/registries.conf.d/50-harbor-cache-docker.io.conf 0644",
      "/etc/containers/certs.d/harbor.example.com:8443/ca.crt 0644",
    ]);
  },
);

test("cri-o is told of its logins where that is asked for, podman knows them", async () => {
  const [, , , dropIn] = kinds(await filesOf(pool("cri-o", { configureRuntime: true })));
  expect(dropIn).toBe("/etc/crio/crio.conf.d/50-harbor-cache.conf 0644 restart");
  expect(kinds(await filesOf(pool("podman", { configureRuntime: true })))).toHaveLength(4);
});

test("containerd: a hosts.toml for each prefix, for root only where a login is in it", async () => {
  const files = await filesOf(pool("containerd"));
  expect(kinds(files)).toEqual([
    "/etc/containerd/certs.d/docker.io/hosts.toml 0644",
    "/etc/containerd/certs.d/ghcr.io/hosts.toml 0600 secret",
    "/etc/containerd/certs.d/old.ghcr.io/hosts.toml 0600 secret",
    "/etc/containerd/certs.d/harbor.example.com:8443/ca.crt 0644",
  ]);
  expect(files[1]?.content).toBe(`${head}
# ghcr.io: from the cache, else from ghcr.io.
server = "https://ghcr.io"

[host."https://harbor.example.com:8443/v2/proxy.ghcr.io"]
capabilities = [ "pull", "resolve" ]
override_path = true
dial_timeout = "3s"
ca = "/etc/containerd/certs.d/harbor.example.com:8443/ca.crt"

[host."https://harbor.example.com:8443/v2/proxy.ghcr.io".header]
Authorization = "Basic ${basic}"
`);
  expect(files[0]?.content).not.toContain("Authorization");
});

test("containerd: several mirrors in order; without a fallback the last one is the server", async () => {
  const mirrors = [
    mirrored(
      "reg.example.com:5000",
      [mirror("10.0.0.1/a", { insecure: true }), mirror("10.0.0.2:80/b", { scheme: "http" })],
      {
        fallback: false,
      },
    ),
    mirrored("old.example.com", [], { location: "new.example.com/old", insecure: true }),
  ];
  const files = await filesOf(
    pool("containerd", { mirrors, configureRuntime: true, configDir: "/opt/containerd" }),
    {
      registries: [],
      caCertificate: undefined,
    },
  );
  expect(kinds(files)).toEqual([
    "/etc/containerd/certs.d/reg.example.com:5000/hosts.toml 0644",
    "/etc/containerd/certs.d/old.example.com/hosts.toml 0644",
    "/opt/containerd/config.toml 0644 containerd-config restart",
  ]);
  const host = { capabilities: ["pull", "resolve"], override_path: true, dial_timeout: "3s" };
  expect(parseToml(files[0]?.content ?? "")).toEqual({
    server: "http://10.0.0.2:80/v2/b",
    ...host,
    host: { "https://10.0.0.1/v2/a": { ...host, skip_verify: true }, "http://10.0.0.2:80/v2/b": host },
  });
  expect(parseToml(files[1]?.content ?? "")).toEqual({
    server: "https://new.example.com/v2/old",
    override_path: true,
    skip_verify: true,
    host: {},
  });
  expect(files[1]?.content).toContain("[host]\n");
  expect(JSON.parse(files[2]?.content ?? "")).toEqual({ config_path: "/etc/containerd/certs.d" });
});

test("containerd: the server that is a mirror has its login and its CA too", async () => {
  const [file] = await filesOf(pool("containerd"), { registries: [{ ...closed, fallback: false }] });
  const host = {
    capabilities: ["pull", "resolve"],
    override_path: true,
    dial_timeout: "3s",
    ca: "/etc/containerd/certs.d/harbor.example.com:8443/ca.crt",
    header: { Authorization: `Basic ${basic}` },
  };
  const url = "https://harbor.example.com:8443/v2/proxy.ghcr.io";
  expect(parseToml(file?.content ?? "")).toEqual({ server: url, ...host, host: { [url]: host } });
});

test.each(["k3s", "rke2"] as const)(
  "%s: one registries.yaml, merged and read at the start",
  async (runtime) => {
    const mirrors = [
      mirrored("one.example.com", [mirror("10.0.0.1/a"), mirror("10.0.0.2:5000/a")]),
      mirrored("two.example.com", [
        mirror("10.0.0.1/a", { insecure: true }),
        mirror("10.0.0.2/b", { scheme: "http" }),
      ]),
      mirrored("root.example.com", [mirror("10.0.0.3")]),
    ];
    const files = await filesOf(pool(runtime, { mirrors }));
    expect(kinds(files)).toEqual([
      `/etc/rancher/${runtime}/registries.yaml 0600 registries-yaml restart secret`,
      `/etc/rancher/${runtime}/certs.d/harbor.example.com:8443/ca.crt 0644`,
    ]);
    expect(JSON.parse(files[0]?.content ?? "")).toEqual({
      mirrors: {
        "docker.io": {
          endpoint: ["https://harbor.example.com:8443"],
          rewrite: { "^(.*)$": "proxy.docker.io/$1" },
        },
        "ghcr.io": {
          endpoint: ["https://harbor.example.com:8443"],
          rewrite: { "^(.*)$": "proxy.ghcr.io/$1" },
        },
        "old.ghcr.io": { endpoint: ["https://harbor.example.com:8443/v2/proxy.ghcr.io", "https://ghcr.io"] },
        "one.example.com": {
          endpoint: ["https://10.0.0.1", "https://10.0.0.2:5000"],
          rewrite: { "^(.*)$": "a/$1" },
        },
        "two.example.com": { endpoint: ["https://10.0.0.1/v2/a", "http://10.0.0.2/v2/b"] },
        "root.example.com": { endpoint: ["https://10.0.0.3/v2"] },
      },
      configs: {
        "harbor.example.com:8443": {
          tls: { ca_file: `/etc/rancher/${runtime}/certs.d/harbor.example.com:8443/ca.crt` },
          auth: { username: "robot$harbor-cache-pull", password: "Pull-Secret-1" },
        },
        "10.0.0.1": { tls: { insecure_skip_verify: true } },
      },
    });
    const [open] = await filesOf(pool(runtime), {
      registries: [hub],
      login: undefined,
      caCertificate: undefined,
    });
    expect([open?.secret, JSON.parse(open?.content ?? "")]).toEqual([
      false,
      {
        mirrors: {
          "docker.io": {
            endpoint: ["https://harbor.example.com:8443"],
            rewrite: expect.anything() as object,
          },
        },
      },
    ]);
  },
);

test.each<Runtime>(["cri-o", "podman", "containerd", "k3s", "rke2"])(
  "%s: the provider takes all of it",
  async (runtime) => {
    // What the settings let through.
    const prefixes = [
      "cr.example.io:5000",
      ...(/cri-o|podman/.test(runtime) ? ["cr.example.io/a_b", "*.example.com"] : []),
    ];
    const everything = pool(runtime, {
      configureRuntime: true,
      unqualifiedSearch: ["docker.io"],
      mirrors: prefixes.map((prefix) => mirrored(prefix, [mirror("10.0.0.1/a")])),
    });
    const files = await Promise.all(
      poolFiles(everything, {
        registries: [hub, closed],
        harbor,
        caCertificate: "PEM",
        login: plainLogin,
      }).map(async (file) => ({ ...file, content: (await settled(pulumi.output(file.content))).value })),
    );
    const others = othersOf(everything, true);
    expect(checkPoolInputs({ nodes: [], files, runtime, others }).failures).toEqual([]);
  },
);

test("what others have that is read for conflicts", () => {
  const containers = [
    "/etc/containers/registries.conf.d/*.conf",
    "/etc/containers/registries.conf",
    "~/.config/containers/registries.conf",
    "~/.config/containers/registries.conf.d/*.conf",
  ];
  expect(othersOf(pool("cri-o"), false)).toEqual(containers);
  expect(othersOf(pool("podman"), true)).toEqual(containers);
  expect(othersOf(pool("cri-o"), true)).toEqual([
    ...containers,
    "/etc/crio/crio.conf",
    "/etc/crio/crio.conf.d/*.conf",
  ]);
  expect(othersOf(pool("containerd"), true)).toEqual([
    "/etc/containerd/config.toml",
    "/etc/containerd/conf.d/*.toml",
    "/etc/containerd/certs.d/*/hosts.toml",
  ]);
  expect(othersOf(pool("rke2"), true)).toEqual([
    "/etc/rancher/rke2/registries.yaml",
    "/var/lib/rancher/rke2/agent/etc/containerd/config*.toml.tmpl",
  ]);
});
