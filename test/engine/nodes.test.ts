import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import type { RegistrySettings } from "../../config/settings.ts";
import { ensureEngine, PROJECT_ROOT } from "../../tools/engine.ts";
import { Stack } from "../../tools/stack.ts";
import { registry } from "../unit/nodes/example-registry.ts";
import { CLIENT_KEY, closedPort, NodeStandIn } from "../unit/nodes/node-stand-in.ts";
import { filesWithSecrets, secretsIn } from "./secret-watch.ts";

const DROP_IN = "registries.conf.d/50-harbor-cache-docker.io.conf";
// The body alone: how line breaks are written differs from place to place.
const SECRETS = [CLIENT_KEY.private.split("\n")[2] ?? CLIENT_KEY.private];

let folder: string;
let nodes: NodeStandIn[];
let stack: Stack;
const said: string[] = [];

const configure = async (members: object[], ...registries: RegistrySettings[]): Promise<void> => {
  await stack.setConfig("nodes-program:nodes", JSON.stringify(members));
  await stack.setConfig("nodes-program:registries", JSON.stringify(registries));
};

const member = (index: number, changes: object = {}): object => ({
  name: `node-${index}`,
  address: "127.0.0.1",
  port: nodes[index]?.port,
  user: "root",
  hostKey: nodes[index]?.hostKey.public,
  ...changes,
});

const contents = (path: string) => nodes.map((node) => node.content(path) !== undefined);
const reloads = () => nodes.map((node) => node.reloads);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "engine-nodes-"));
  nodes = await Promise.all([0, 1, 2].map(() => new NodeStandIn().start()));
  stack = new Stack({
    engine: await ensureEngine(),
    name: "test",
    project: join(PROJECT_ROOT, "test/engine/nodes-program"),
    backend: join(folder, "backend"),
    configFile: join(folder, "Pulumi.test.yaml"),
    passphrase: "of the test",
    onOutput: (text) => said.push(text),
  });
  await stack.init();
  await stack.setConfig("nodes-program:privateKey", CLIENT_KEY.private, { secret: true });
  await configure([member(0), member(1), member(2)], registry("docker.io"));
});

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await rm(folder, { recursive: true, force: true });
});

test("a preview names the nodes and touches none", async () => {
  const { output } = await stack.mustRun("preview");
  expect(output).toContain("3 of 3 nodes change: canary node-0; then 2 waves of at most 1 node");
  expect(nodes.flatMap((node) => node.commands)).toEqual([]);
});

test("a first up that stops at a dead node keeps what was done, and the next one goes on with the rest", async () => {
  await configure([member(0), member(1, { port: await closedPort() }), member(2)], registry("docker.io"));
  const failed = await stack.run("up");
  expect(failed.code).not.toBe(0);
  expect(failed.output).toMatch(/node-1: 127\.0\.0\.1:\d+: connection refused/);
  expect(failed.output).toContain("not begun: node-2");
  expect(contents(DROP_IN)).toEqual([true, false, false]);

  await configure([member(0), member(1), member(2)], registry("docker.io"));
  const preview = await stack.mustRun("preview");
  expect(preview.output).toContain("2 of 3 nodes change: 2 waves of at most 1 node");
  await stack.mustRun("up");
  expect(contents(DROP_IN)).toEqual([true, true, true]);
  expect(nodes.map((node) => node.commands.length)).toEqual([1, 1, 1]);
});

test("a second up changes nothing", async () => {
  expect(await stack.upAsPreviewed("--expect-no-changes")).toEqual({});
  expect(nodes.map((node) => node.commands.length)).toEqual([1, 1, 1]);
});

test("a further registry goes to every node", async () => {
  await configure([member(0), member(1), member(2)], registry("docker.io"), registry("quay.io"));
  await stack.mustRun("up");
  expect(reloads()).toEqual([2, 2, 2]);
  expect(await stack.pending()).toEqual({});
});

test("a refresh shows the node whose file was edited, and up mends only that", async () => {
  const before = nodes[1]?.content(DROP_IN);
  writeFileSync(nodes[1]?.path(DROP_IN) ?? "", "# by hand\n");
  const refreshed = await stack.mustRun("refresh", "--diff");
  expect(refreshed.output).toContain("node-1");
  const preview = await stack.mustRun("preview", "--diff");
  expect(preview.output).toContain("1 of 3 nodes changes: node-1");
  expect(preview.output).toMatch(/edited by hand: \S+50-harbor-cache-docker\.io\.conf on node-1/);
  await stack.mustRun("up");
  expect(nodes[1]?.content(DROP_IN)).toBe(before);
  expect(reloads()).toEqual([2, 3, 2]);
  expect(await stack.pending("--refresh")).toEqual({});
});

test("destroy removes the files, a dead node is a warning", async () => {
  await nodes[2]?.stop();
  const { output } = await stack.mustRun("destroy");
  expect(output).toContain("node-2: its files could not be removed and may still be there");
  expect(nodes.slice(0, 2).map((node) => node.content(DROP_IN))).toEqual([undefined, undefined]);
});

test("the private key is nowhere in clear", async () => {
  expect(await filesWithSecrets(folder, SECRETS)).toEqual([]);
  expect(secretsIn(said.join(""), SECRETS)).toEqual([]);
  expect(nodes[0]?.commands.filter((command) => secretsIn(command, SECRETS).length > 0)).toEqual([]);
});
