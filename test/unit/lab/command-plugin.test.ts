import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import * as grpc from "@grpc/grpc-js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { generateKeyPair } from "../../../lab/machine/ssh-keys.ts";
import { startMachine } from "../../../lab/machine/ssh-server.ts";
import type { Machine } from "../../../lab/machine/ssh-server.ts";
import { commandPlugin } from "../../../lab/plugins/command/server.ts";
import { pluginService } from "../../../lab/plugins/plugin-server.ts";
import { fromStruct, noSecrets, toStruct, UNKNOWN } from "../../../provider/values.ts";
import type { Properties, Value } from "../../../provider/values.ts";

const URN = "urn:pulumi:lab::harbor-cache::a:b:C$command:remote:Command::step";
const client = generateKeyPair();
const hostKey = generateKeyPair();
let directory: string;
let machine: Machine;
let jump: Machine;
let provider: ReturnType<typeof pluginService>;
let server: grpc.Server;
let stub: providerGrpc.ResourceProviderClient;
let connection: Record<string, Value>;

beforeAll(async () => {
  // An agent of whoever runs the tests would be asked too.
  delete process.env["SSH_AUTH_SOCK"];
  directory = await mkdtemp(join(tmpdir(), "command-plugin-"));
  const options = { hostKey: hostKey.privateKey, authorizedKey: client.publicKey, programs: directory };
  machine = await startMachine({ ...options, directory: join(directory, "machine") });
  jump = await startMachine({ ...options, directory: join(directory, "jump") });
  provider = pluginService(commandPlugin());
  server = new grpc.Server();
  server.addService(providerGrpc.ResourceProviderService, provider.service);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  stub = new providerGrpc.ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
});

beforeEach(() => {
  connection = {
    host: "127.0.0.1",
    port: machine.port,
    user: userInfo().username,
    privateKey: client.privateKey,
    hostKey: hostKey.publicKey,
    dialErrorLimit: 0,
  };
});

afterAll(async () => {
  stub.close();
  provider.close();
  server.forceShutdown();
  await machine.close();
  await jump.close();
  await rm(directory, { recursive: true });
});

async function check(news: Properties, urn = URN) {
  const request = new providerProto.CheckRequest().setUrn(urn).setNews(toStruct(news, noSecrets()));
  const response = (await promisify(stub.check.bind(stub))(request)) as providerProto.CheckResponse;
  return response.getFailuresList().map((failure) => `${failure.getProperty()}: ${failure.getReason()}`);
}

async function createRaw(inputs: Properties, secrets = noSecrets(), preview = false) {
  const request = new providerProto.CreateRequest()
    .setUrn(URN)
    .setProperties(toStruct(inputs, secrets))
    .setPreview(preview);
  return (await promisify(stub.create.bind(stub))(request)) as providerProto.CreateResponse;
}

async function create(inputs: Properties): Promise<Properties> {
  return fromStruct((await createRaw(inputs)).getProperties(), noSecrets());
}

async function update(olds: Properties, news: Properties): Promise<Properties> {
  const request = new providerProto.UpdateRequest()
    .setUrn(URN)
    .setOlds(toStruct(olds, noSecrets()))
    .setNews(toStruct(news, noSecrets()));
  const response = (await promisify(stub.update.bind(stub))(request)) as providerProto.UpdateResponse;
  return fromStruct(response.getProperties(), noSecrets());
}

async function remove(state: Properties): Promise<void> {
  const request = new providerProto.DeleteRequest().setUrn(URN).setProperties(toStruct(state, noSecrets()));
  await promisify(stub.delete.bind(stub))(request);
}

async function diff(olds: Properties, news: Properties) {
  const request = new providerProto.DiffRequest()
    .setUrn(URN)
    .setOldInputs(toStruct(olds, noSecrets()))
    .setNews(toStruct(news, noSecrets()));
  const response = (await promisify(stub.diff.bind(stub))(request)) as providerProto.DiffResponse;
  return { paths: [...response.getDetaileddiffMap().keys()], replaces: response.getReplacesList() };
}

test("inputs that the real plugin doesn't know, or that are missing, are refused", async () => {
  expect(await check({ connection, create: "true" })).toEqual([]);
  expect(await check({ connection: UNKNOWN, create: UNKNOWN })).toEqual([]);
  expect(await check({ create: "true" })).toEqual(["connection: This property is required."]);
  expect(await check({ connection, crate: "true" })).toEqual([
    "crate: There is no such property. Did you mean 'create'?",
  ]);
  expect(await check({ connection: { ...connection, keepAlive: 3 } })).toEqual([
    'connection: Unrecognized key: "keepAlive"',
  ]);
  expect(await check({ connection, logging: "some" })).toHaveLength(1);
  await expect(check({}, URN.replace("remote:Command", "remote:CopyToRemote"))).rejects.toThrow(
    /no resource command:remote:CopyToRemote/,
  );
});

test("a failure does not name a property that holds a secret: the engine would print its value", async () => {
  const secrets = { paths: new Set(['["connection","password"]']), texts: new Set<string>() };
  const news = toStruct({ connection: { ...connection, password: "hidden", keepAlive: 3 } }, secrets);
  const request = new providerProto.CheckRequest().setUrn(URN).setNews(news);
  const response = (await promisify(stub.check.bind(stub))(request)) as providerProto.CheckResponse;
  expect(response.toObject().failuresList).toEqual([
    { property: "", reason: 'connection: Unrecognized key: "keepAlive"' },
  ]);
});

test("a command runs on the machine, with its stdin, and leaves its output in the state", async () => {
  const state = await create({ connection, create: "cat; pwd; echo warned >&2", stdin: "words\n" });
  expect(state["stdout"]).toBe(`words\n${join(directory, "machine", "home")}`);
  expect(state["stderr"]).toBe("warned");
});

test("only what came in as a secret is one in the state; the output is in clear", async () => {
  const secrets = { paths: new Set(['["stdin"]']), texts: new Set<string>() };
  const response = await createRaw({ connection, create: "cat", stdin: "hidden" }, secrets);
  const found = noSecrets();
  const state = fromStruct(response.getProperties(), found);
  expect([...found.paths]).toEqual(['["stdin"]']);
  expect(state["stdout"]).toBe("hidden");
  expect(response.getId()).toMatch(/^step[0-9a-f]{8}$/);
});

test("nothing runs at a preview, and the outputs are unknown", async () => {
  const response = await createRaw({ connection, create: "touch preview-ran" }, noSecrets(), true);
  expect(fromStruct(response.getProperties(), noSecrets())["stdout"]).toBe(UNKNOWN);
  await expect(readFile(join(directory, "machine", "home", "preview-ran"))).rejects.toThrow("ENOENT");
});

test("a failing command is an error with its status, its whole text and its output", async () => {
  await expect(create({ connection, create: "echo out; echo err >&2; exit 3" })).rejects.toThrow(
    /Process exited with status 3: running "echo out; echo err >&2; exit 3":\n(out\nerr|err\nout)/,
  );
});

test("update runs `update`, else `create` again; delete runs with the old stdin", async () => {
  const first = await create({ connection, create: "echo created" });
  expect(await update(first, { connection, create: "echo again" })).toMatchObject({ stdout: "again" });
  expect(await update(first, { connection, create: "false", update: "echo up" })).toMatchObject({
    stdout: "up",
  });
  expect(await update(first, { connection })).toMatchObject({ stdout: "created" });
  await remove({ ...first, stdin: "old words", delete: "cat >deleted" });
  expect(await readFile(join(directory, "machine", "home", "deleted"), "utf8")).toBe("old words");
});

test("any changed input is an update, changed triggers a replacement", async () => {
  const inputs = { connection, create: "true", triggers: ["a"] };
  expect(await diff(inputs, inputs)).toEqual({ paths: [], replaces: [] });
  expect(await diff(inputs, { ...inputs, delete: "true" })).toEqual({ paths: ["delete"], replaces: [] });
  expect(await diff(inputs, { ...inputs, connection: { ...connection, dialErrorLimit: 4 } })).toEqual({
    paths: ["connection.dialErrorLimit"],
    replaces: [],
  });
  expect(await diff(inputs, { ...inputs, triggers: ["b"] })).toEqual({
    paths: ["triggers[0]"],
    replaces: ["triggers"],
  });
});

test("environment needs AcceptEnv, which sshd doesn't have by default", async () => {
  await expect(create({ connection, create: "true", environment: { A: "b" } })).rejects.toThrow(
    'could not set environment variable "A": ssh: setenv failed',
  );
});

test("a long line is refused where the real plugin hangs, and passes without logging", async () => {
  const long = "head -c 70000 /dev/zero | tr '\\0' x";
  await expect(create({ connection, create: long })).rejects.toThrow("hang for ever");
  expect((await create({ connection, create: long, logging: "none" }))["stdout"]).toHaveLength(70000);
});

test("N allowed errors are N + 1 tries", async () => {
  let tries = 0;
  const refusing = createServer((socket) => {
    tries++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => refusing.listen(0, "127.0.0.1", resolve));
  const { port } = refusing.address() as AddressInfo;
  await expect(
    create({ connection: { ...connection, port, dialErrorLimit: 2 }, create: "true" }),
  ).rejects.toThrow("after 2 failed attempts");
  expect(tries).toBe(3);
  refusing.close();
});

test("another host key, another client key and a stale agent are refused", async () => {
  const other = generateKeyPair();
  await expect(
    create({ connection: { ...connection, hostKey: other.publicKey }, create: "true" }),
  ).rejects.toThrow("handshake failed");
  await expect(
    create({ connection: { ...connection, privateKey: other.privateKey }, create: "true" }),
  ).rejects.toThrow("handshake failed");
  const socket = join(directory, "no-agent");
  await writeFile(socket, "");
  await expect(
    create({ connection: { ...connection, agentSocketPath: socket }, create: "true" }),
  ).rejects.toThrow("connect ");
});

test("a machine behind a jump host is reached through it", async () => {
  const { host, user, privateKey } = connection;
  const proxy: Properties = {
    host: host ?? "",
    user: user ?? "",
    privateKey: privateKey ?? "",
    port: jump.port,
  };
  expect(await create({ connection: { ...connection, proxy }, create: "pwd" })).toMatchObject({
    stdout: join(directory, "machine", "home"),
  });
  const broken = { ...proxy, hostKey: generateKeyPair().publicKey, dialErrorLimit: 0 };
  await expect(create({ connection: { ...connection, proxy: broken }, create: "pwd" })).rejects.toThrow(
    /proxy: /,
  );
});
