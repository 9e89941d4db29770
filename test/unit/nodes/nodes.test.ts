import * as pulumi from "@pulumi/pulumi";
import { beforeEach, expect, test } from "vitest";
import type { PoolSettings } from "../../../config/settings.ts";
import { examplePool } from "./example-pool.ts";
import { registry as exampleRegistry } from "./example-registry.ts";
import type { NodesArgs } from "../../../components/nodes/nodes.ts";
import { recordResources, settled } from "../mocks.ts";
import type { Registered } from "../mocks.ts";

let registered: Registered[];

beforeEach(async () => {
  registered = await recordResources(({ type }) =>
    type === "harborcache:nodes:MirrorPool"
      ? { applied: { n1: { digest: "d", at: "t", written: "w" } } }
      : {},
  );
});

const registry = exampleRegistry("docker.io");

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
  const applied = await settled(nodes.applied);
  // The component's own outputs too: the next test has another engine.
  await pulumi.runtime.disconnect();
  return applied;
}

test("one MirrorPool per pool, with its nodes, files and ways, and nothing else", async () => {
  const { value } = await make({});
  expect(registered.map(({ type, name }) => [type, name])).toEqual([
    ["harborcache:components:Nodes", "nodes"],
    ["harborcache:nodes:MirrorPool", "nodes-workers"],
  ]);
  const [, mirrorPool] = registered;
  expect(mirrorPool?.inputs).toEqual({
    access: { port: 22, user: "root" },
    nodes: [{ name: "workers-1", address: "10.0.0.1", hostKey: "ssh-ed25519 AAAA" }],
    files: [
      {
        path: "/etc/containers/registries.conf.d/50-harbor-cache-docker.io.conf",
        content: expect.stringContaining('location = "harbor.example.com/proxy.docker.io"') as string,
        mode: "0644",
      },
    ],
    runtime: "cri-o",
    sudo: false,
    dropInDir: "/etc/containers/registries.conf.d",
    reloadCommand: "systemctl reload crio",
    restartCommand: "systemctl restart crio",
    checkCommand: "systemctl is-active --quiet crio",
    logCommand: "journalctl -u crio -q -n 500 -o short-precise --no-pager",
    others: [
      "/etc/containers/registries.conf.d/*.conf",
      "/etc/containers/registries.conf",
      "~/.config/containers/registries.conf",
      "~/.config/containers/registries.conf.d/*.conf",
    ],
    onConflict: "warning",
    onUnreachable: "fail",
    rollout: { canary: 1, wave: "25%", pause: 0, maxFailed: 0, parallel: 10 },
    timeouts: { connect: 10, command: 60, total: 180 },
  });
  expect(value).toEqual({ workers: { n1: { digest: "d", at: "t", written: "w" } } });
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
  // The mocks see all of it as one secret, for a part of it is.
  expect(pools[1]?.inputs["access"]).toHaveProperty("value", {
    port: 2222,
    user: "u",
    privateKey: "k1",
    jump: { ...jump, privateKey: "k2" },
  });
  expect(pools[1]?.inputs["nodes"]).toEqual([{ name: "a", address: "a", hostKey: "ssh-ed25519 CCCC" }]);
});

test("what nodes log in with differently stays theirs, and what they share is said once", async () => {
  const [shared, own] = [pulumi.secret("k1"), pulumi.secret("k2")];
  const node = {
    name: "a",
    address: "a",
    port: 22,
    user: "u",
    hostKey: "ssh-ed25519 CCCC",
    privateKey: shared,
  };
  const jump = { address: "j", port: 22, user: "u", hostKey: "ssh-ed25519 BBBB" };
  const other = { ...node, name: "b", port: 2222, jump };
  await make({
    pools: [
      pool("same", { nodes: [node, other] }),
      pool("keys", { nodes: [node, { ...other, privateKey: own }] }),
      pool("none", { nodes: [] }),
    ],
  });
  const [same, keys, none] = ["same", "keys", "none"].map(
    (one) => registered.find(({ name }) => name === `nodes-${one}`)?.inputs,
  );
  expect(same?.["access"]).toHaveProperty("value", { user: "u", privateKey: "k1" });
  const place = { name: "a", address: "a", hostKey: "ssh-ed25519 CCCC" };
  expect(same?.["nodes"]).toEqual([
    { ...place, port: 22 },
    { ...place, name: "b", port: 2222, jump },
  ]);
  expect(keys?.["access"]).toEqual({ user: "u" });
  expect(keys?.["nodes"]).toHaveProperty("value", [
    { ...place, port: 22, privateKey: "k1" },
    { ...place, name: "b", port: 2222, privateKey: "k2", jump },
  ]);
  expect(none?.["nodes"]).toEqual([]);
  expect(none).not.toHaveProperty("access");
});

test("a pool's own way through its nodes, and a proof that reads Harbor's log", async () => {
  const machine = {
    address: pulumi.output("10.0.0.5"),
    port: 22,
    user: "ops",
    privateKey: pulumi.secret("k3"),
    hostKey: pulumi.output("ssh-ed25519 DDDD"),
  };
  const verified = pool("workers", {
    rollout: { canary: ["workers-1"], wave: 5, pause: 1, maxFailed: "10%", parallel: 2 },
    verifyPull: { image: "docker.io/library/hello-world:latest", timeout: 60 },
    onConflict: "error",
    onUnreachable: "skip",
  });
  await make({ pools: [verified], accessLog: { machine, path: "/data/log/proxy.log", sudo: true } });
  expect(registered[1]?.inputs).toMatchObject({
    rollout: { canary: ["workers-1"], wave: 5, pause: 1, maxFailed: "10%", parallel: 2 },
    onConflict: "error",
    onUnreachable: "skip",
  });
  // One secret, for the key in it is.
  expect(registered[1]?.inputs["verifyPull"]).toHaveProperty("value", {
    image: "docker.io/library/hello-world:latest",
    pullCommand: expect.stringContaining("crictl pull 'docker.io/library/hello-world:latest'") as string,
    removeCommand: expect.stringContaining("crictl rmi 'docker.io/library/hello-world:latest'") as string,
    requests: "/v2/proxy.docker.io/library/hello-world/manifests/",
    timeout: 60,
    log: {
      ...{ address: "10.0.0.5", port: 22, user: "ops", privateKey: "k3", hostKey: "ssh-ed25519 DDDD" },
      ...{ path: "/data/log/proxy.log", sudo: true },
    },
  });
  await expect(make({ pools: [verified] })).rejects.toThrow("where Harbor's access log is");
});

test("the pull robot's login is a secret in the files that have it, and in no other", async () => {
  const pullRobot = { username: pulumi.output("robot$pull"), password: pulumi.secret("Pull-Secret-1") };
  await make({ registries: [registry, exampleRegistry("ghcr.io", { public: false })], pullRobot });
  const { inputs } = registered[1] ?? {};
  expect(inputs?.["others"]).toContain("/etc/crio/crio.conf");
  // Of a list that has a secret in it, the mocks see one secret.
  const text = JSON.stringify(inputs?.["files"]);
  expect(inputs?.["files"]).toHaveProperty("value[2].path", "/etc/crio/config.json");
  expect(text).toContain(Buffer.from("robot$pull:Pull-Secret-1").toString("base64"));
  expect(JSON.stringify({ ...inputs, files: [] })).not.toContain("Pull-Secret");
});
