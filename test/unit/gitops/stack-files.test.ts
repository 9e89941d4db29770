import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { stackFiles } from "../../../components/gitops/stack-files.ts";
import { harborEndpoint } from "../../../components/harbor/endpoint.ts";
import type { Settings } from "../../../config/settings.ts";
import { hostKey, settingsOf, valid } from "../config/valid.ts";
import { examplePool } from "../nodes/example-pool.ts";
import { front } from "../harbor/example-machine.ts";
import { recordResources, settled } from "../mocks.ts";

const ca = "-----BEGIN CERTIFICATE-----\nCA\n-----END CERTIFICATE-----\n";
const edge = { objects: pulumi.output(front.objects), certificate: pulumi.output(front.certificate) };
/** Every secret that settings can hold where the files are rendered from them. */
const secrets = {
  adminPassword: "Admin-Secret-1",
  databasePassword: "Database-Secret-2",
  secretAccessKey: "AWS/Secret/Access/Key/0123456789",
  password: "Upstream-Secret-3",
};

beforeAll(async () => {
  await recordResources();
});

async function render(settings: Settings, harbor: Partial<Parameters<typeof stackFiles>[1]> = {}) {
  const endpoint = harborEndpoint(settings.hostname, settings.tls, settings.harbor);
  const files = stackFiles(settings, { endpoint, ...harbor });
  const known = Object.entries(files).map(async ([path, content]) => {
    const { value, secret } = await settled(pulumi.output(content));
    expect(secret).toBe(false);
    return [path, value] as const;
  });
  return Object.fromEntries(await Promise.all(known));
}

function settings(tls: object): Settings {
  const { adminPassword, databasePassword, password } = secrets;
  const tree = {
    ...valid(),
    tls,
    harbor: { adminPassword, databasePassword },
    registries: ["docker.io", { name: "ghcr.io", credentials: { username: "robot", password } }],
    nodes: {
      user: "ops",
      pools: [
        { name: "workers", nodes: [{ address: "10.0.0.11", hostKey }] },
        { name: "gpu", dropInDir: "/etc/own.d", nodes: [{ address: "10.0.0.12", hostKey }] },
      ],
    },
  };
  const keys = ["tls", "harbor", "registries"].map((key) => `harbor-cache:${key}`);
  return settingsOf(tree, new Set(keys));
}

const route53 = {
  mode: "letsencrypt-route53",
  email: "ops@example.com",
  hostedZoneId: "Z0123456789ABCDEFGHIJ",
  credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: secrets.secretAccessKey },
};

describe("the files of a stack", () => {
  it("are Harbor's, and those of each pool at the paths that nodes have them at", async () => {
    const files = await render(settings({ mode: "self-signed" }), { edge, caCertificate: pulumi.output(ca) });
    expect(Object.keys(files).sort()).toEqual([
      "harbor/docker-compose.override.yml",
      "harbor/edge/tls.yml",
      "harbor/harbor.yml",
      "nodes/gpu/etc/containers/certs.d/registry.example.com/ca.crt",
      "nodes/gpu/etc/crio/config.json",
      "nodes/gpu/etc/own.d/50-harbor-cache-docker.io.conf",
      "nodes/gpu/etc/own.d/50-harbor-cache-ghcr.io.conf",
      "nodes/workers/etc/containers/certs.d/registry.example.com/ca.crt",
      "nodes/workers/etc/containers/registries.conf.d/50-harbor-cache-docker.io.conf",
      "nodes/workers/etc/containers/registries.conf.d/50-harbor-cache-ghcr.io.conf",
      "nodes/workers/etc/crio/config.json",
    ]);
    expect(files["harbor/docker-compose.override.yml"]).toContain(front.objects.traefikImage);
    expect(files["harbor/edge/tls.yml"]).toContain(front.certificate);
    expect(files["nodes/gpu/etc/containers/certs.d/registry.example.com/ca.crt"]).toContain(ca);
    expect(files["nodes/workers/etc/containers/registries.conf.d/50-harbor-cache-docker.io.conf"]).toContain(
      'location = "registry.example.com/proxy.docker.io"',
    );
  });

  it("are fewer without an edge", async () => {
    const alone = settings({ mode: "none" });
    const files = await render(alone);
    expect(Object.keys(files).filter((path) => !path.startsWith("nodes/"))).toEqual([
      "harbor/harbor.yml",
      "harbor/docker-compose.override.yml",
    ]);
    const trusting = await render({ ...alone, harbor: { ...alone.harbor, caCertificate: ca } });
    expect(trusting["harbor/trusted-ca.crt"]).toBe(ca);
    expect(Object.keys(files).filter((path) => path.includes("ca.crt"))).toEqual([]);
  });

  it("that nodes share with others are what a node has that had none", async () => {
    const all = settings({ mode: "none" });
    const files = await render({
      ...all,
      pools: [
        examplePool({ name: "k3s", runtime: "k3s" }),
        examplePool({ name: "plain", runtime: "containerd", configureRuntime: true }),
      ],
    });
    const k3s = parse(files["nodes/k3s/etc/rancher/k3s/registries.yaml"] ?? "") as unknown;
    expect(k3s).toMatchObject({
      mirrors: { "docker.io": { rewrite: { "^(.*)$": "proxy.docker.io/$1" } } },
      configs: {
        "registry.example.com": {
          auth: { username: "secret:pullRobot.username", password: "secret:pullRobot.password" },
        },
      },
    });
    expect(files["nodes/plain/etc/containerd/certs.d/ghcr.io/hosts.toml"]).toContain(
      '"Basic secret:pullRobot"',
    );
    expect(files["nodes/plain/etc/containerd/config.toml"]).toContain(
      'config_path = "/etc/containerd/certs.d"',
    );
  });

  it("name secrets, and hold none", async () => {
    const files = await render(settings(route53), { edge });
    const yml = z
      .object({ harbor_admin_password: z.string(), database: z.object({ password: z.string() }) })
      .parse(parse(files["harbor/harbor.yml"] ?? ""));
    expect(yml.harbor_admin_password).toBe("secret:harbor.adminPassword");
    expect(yml.database.password).toBe("secret:harbor.databasePassword");
    expect(JSON.parse(files["nodes/workers/etc/crio/config.json"] ?? "")).toEqual({
      auths: { "registry.example.com/proxy.ghcr.io": { auth: "secret:pullRobot" } },
    });
    const all = Object.values(files).join("\n");
    for (const secret of Object.values(secrets)) expect(all).not.toContain(secret);
    expect(all).not.toContain(route53.credentials.accessKeyId);
    expect(all).not.toContain("PRIVATE KEY");
  });

  it("have values for dex's chart where it is to be told of the client", async () => {
    const login = (client: object) => ({
      login: { issuer: "https://dex.example.com", client },
      gitops: { folder: "rendered" },
    });
    const rendered = async (client: object) => {
      const files = await render(settingsOf({ ...valid(), ...login(client) }), { edge });
      return Object.fromEntries(Object.entries(files).filter(([path]) => path.startsWith("dex/")));
    };
    const files = await rendered({ mode: "secret", secretKey: "HARBOR" });
    expect(Object.keys(files)).toEqual(["dex/values.yaml", "dex/helmfile-values.yaml"]);
    const client = {
      id: "harbor-cache-oidc-dex",
      name: "Harbor",
      secretEnv: "HARBOR",
      redirectURIs: ["https://registry.example.com/c/oidc/callback"],
    };
    expect(parse(files["dex/values.yaml"] ?? "")).toMatchObject({ config: { staticClients: [client] } });
    expect(parse(files["dex/helmfile-values.yaml"] ?? "")).toMatchObject({
      harborCacheDex: { staticClients: [client] },
    });
    expect(await rendered({ mode: "oauth2client" })).toEqual({});
  });

  it("are the same at every run", async () => {
    const render1 = await render(settings(route53), { edge });
    expect(await render(settings(route53), { edge })).toEqual(render1);
  });
});
