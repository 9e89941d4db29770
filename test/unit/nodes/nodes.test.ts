import * as pulumi from "@pulumi/pulumi";
import { beforeEach, expect, test } from "vitest";
import type { PoolSettings, RegistrySettings } from "../../../config/settings.ts";
import { examplePool } from "./example-pool.ts";
import type { NodesArgs } from "../../../components/nodes/nodes.ts";
import { recordResources, settled } from "../mocks.ts";
import type { Registered } from "../mocks.ts";

let registered: Registered[];

beforeEach(async () => {
  registered = await recordResources(({ type }) =>
    type === "harborcache:nodes:MirrorPool" ? { applied: { n1: { digest: "d", at: "t", files: {} } } } : {},
  );
});

const registry: RegistrySettings = {
  name: "docker.io",
  endpoint: "https://hub.docker.com",
  type: "docker-hub",
  project: "proxy.docker.io",
  public: true,
  quotaBytes: -1,
  cache: {},
  insecure: false,
  aliases: [],
  fallback: true,
  pullFromMirror: "all",
  mirrors: [],
};

function pool(name: string, changes: Partial<PoolSettings> = {}): PoolSettings {
  const node = {
    name: `${name}-1`,
    address: "10.0.0.1",
    port: 22,
    user: "root",
    hostKey: "ssh-ed25519 AAAA",
  };
  return examplePool({ name, nodes: [node], ...changes });
}

async function make(args: Partial<NodesArgs>) {
  const { Nodes } = await import("../../../components/nodes/nodes.ts");
  const nodes = new Nodes("nodes", {
    pools: [pool("workers")],
    registries: [registry],
    harbor: { scheme: "https", registry: "harbor.example.com" },
    after: [],
    ...args,
  });
  return settled(nodes.applied);
}

test("one MirrorPool per pool, with its nodes, files and ways, and nothing else", async () => {
  const { value } = await make({});
  expect(registered.map(({ type, name }) => [type, name])).toEqual([
    ["harborcache:components:Nodes", "nodes"],
    ["harborcache:nodes:MirrorPool", "nodes-workers"],
  ]);
  const [, mirrorPool] = registered;
  expect(mirrorPool?.inputs).toEqual({
    nodes: [{ name: "workers-1", address: "10.0.0.1", port: 22, user: "root", hostKey: "ssh-ed25519 AAAA" }],
    files: [
      {
        path: "/etc/containers/registries.conf.d/50-harbor-cache-docker.io.conf",
        content: expect.stringContaining('location = "harbor.example.com/proxy.docker.io"') as string,
        mode: "0644",
      },
    ],
    sudo: false,
    dropInDir: "/etc/containers/registries.conf.d",
    reloadCommand: "systemctl reload crio",
    checkCommand: "systemctl is-active --quiet crio",
    rollout: { parallel: 10 },
    timeouts: { connect: 10, command: 60, total: 180 },
  });
  expect(value).toEqual({ workers: { n1: { digest: "d", at: "t", files: {} } } });
});

test("the CA goes to certs.d of each pool, keys and jump hosts to the nodes", async () => {
  const jump = {
    address: "j",
    port: 22,
    user: "u",
    hostKey: "ssh-ed25519 BBBB",
    privateKey: pulumi.secret("k2"),
  };
  const node = { name: "a", address: "a", port: 2222, user: "u", hostKey: "ssh-ed25519 CCCC" };
  await make({
    pools: [pool("one"), pool("two", { nodes: [{ ...node, privateKey: pulumi.secret("k1"), jump }] })],
    caCertificate: pulumi.output("PEM"),
  });
  const pools = registered.filter(({ type }) => type === "harborcache:nodes:MirrorPool");
  expect(pools.map(({ name }) => name)).toEqual(["nodes-one", "nodes-two"]);
  for (const { inputs } of pools) {
    expect(inputs["files"]).toContainEqual({
      path: "/etc/containers/certs.d/harbor.example.com/ca.crt",
      content: expect.stringMatching(/^# Managed by harbor-cache, pool (one|two): .*\nPEM\n$/) as string,
      mode: "0644",
    });
  }
  // The mocks see the list as one secret, for a part of it is.
  expect(pools[1]?.inputs["nodes"]).toHaveProperty("value", [
    { ...node, privateKey: "k1", jump: { ...jump, privateKey: "k2" } },
  ]);
});
