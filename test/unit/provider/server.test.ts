/** The provider's gRPC service, asked over a real connection. */
import * as grpc from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { password } from "../../../provider/harbor/password.ts";
import { registry } from "../../../provider/harbor/registry.ts";
import { diffProperties } from "../../../provider/property-diff.ts";
import { PartialFailure, type ResourceContext, type ResourceModule } from "../../../provider/resource.ts";
import { UNKNOWN, type Value } from "../../../provider/values.ts";
import { functions, resources } from "../../../provider/resources.ts";
import { PASSWORD, startLabHarbor } from "./lab-harbor.ts";
import { failureOf, ProviderClient, secret, unknownText } from "./provider-client.ts";

const PROBE = "harborcache:test:Probe";
const REGISTRY = "harborcache:harbor:Registry";

/** Does what its inputs say. */
const probe: ResourceModule = {
  type: PROBE,
  secretOutputs: ["token"],
  schema: { inputProperties: {}, requiredInputs: [], properties: {}, required: [] },
  check: (olds, news) => ({
    inputs: { ...news, olds: olds === undefined ? "none" : "some" },
    failures: news["token"] === "forbidden" ? [{ property: "token", reason: "forbidden is wrong" }] : [],
  }),
  diff: (_id, oldInputs, _state, newInputs) => ({ detailed: diffProperties(oldInputs, newInputs, ["name"]) }),
  async create(ctx, urn, inputs, preview) {
    await ctx.log("info", `working with ${text(inputs["token"])}`, urn, true);
    if (inputs["fail"] === "all") throw new Error(`failed with ${text(inputs["token"])}`);
    if (inputs["fail"] === "half")
      throw new PartialFailure("half", inputs, [`half with ${text(inputs["token"])}`]);
    return { id: "probe", state: { ...inputs, made: preview ? UNKNOWN : "yes" } };
  },
  read: (_ctx, _urn, id, inputs, state) =>
    Promise.resolve(id === "gone" ? undefined : { id, inputs: { ...inputs, read: true }, state }),
  update: (ctx, _urn, _id, oldInputs, _state, inputs) =>
    inputs["fail"] === "wait"
      ? untilAborted(ctx)
      : inputs["fail"] === "all"
        ? Promise.reject(new Error(`was ${text(oldInputs["key"])}, is ${text(inputs["key"])}`))
        : Promise.resolve(inputs),
  delete: () => Promise.resolve(),
};

function text(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}

function untilAborted({ signal }: ResourceContext): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      reject(signal.reason as Error);
    });
  });
}

let provider: ProviderClient;
beforeEach(async () => {
  provider = await ProviderClient.start([probe, password, registry]);
});
afterEach(async () => {
  await provider.close();
});

test("check keeps secrets secret and reports failures", async () => {
  expect(await provider.check(PROBE, {}, { a: secret("forbidden"), token: "forbidden" })).toEqual({
    inputs: { a: secret("forbidden"), token: secret("forbidden"), olds: "none" },
    // Without the property's name, since the engine would print its value.
    failures: [{ property: "", reason: "token: [secret] is wrong" }],
  });
  expect((await provider.check(PROBE, { a: 1 }, { a: unknownText })).inputs).toEqual({
    a: unknownText,
    olds: "some",
  });
});

test("diff is detailed", async () => {
  const olds = { name: "a", nodes: [{ key: secret("x") }], same: 1 };
  const news = { name: "b", nodes: [{ key: secret("y") }], same: 1 };
  expect(await provider.diff(PROBE, "1", olds, olds, news)).toEqual({
    changes: true,
    replaces: ["name"],
    deleteBeforeReplace: false,
    detailed: { name: "UPDATE_REPLACE", "nodes[0].key": "UPDATE" },
  });
  expect(await provider.diff(PROBE, "1", olds, olds, olds)).toMatchObject({ changes: false, detailed: {} });
});

test("create and its preview: what came as a secret goes as one, named outputs always", async () => {
  const inputs = { nodes: [{ key: secret("inner") }], token: "out", later: secret(unknownText) };
  expect(await provider.create(PROBE, inputs, true)).toEqual({
    id: "probe",
    state: { ...inputs, token: secret("out"), made: unknownText },
  });
  expect(await provider.create(PROBE, { token: secret("out") })).toEqual({
    id: "probe",
    state: { token: secret("out"), made: "yes" },
  });
});

test("read: refreshed, imported by its id alone, gone", async () => {
  expect(await provider.read(PROBE, "1", { key: secret("k") }, { key: secret("k") })).toEqual({
    id: "1",
    inputs: { key: secret("k"), read: true },
    state: { key: secret("k") },
  });
  expect(await provider.read(PROBE, "1")).toEqual({ id: "1", inputs: { read: true }, state: {} });
  expect((await provider.read(PROBE, "gone")).id).toBe("");
});

test("update marks what is secret now, and hides what was", async () => {
  const olds = { key: secret("old-key") };
  expect(await provider.update(PROBE, "1", olds, olds, { key: "open" })).toEqual({ key: "open" });
  const failure = await failureOf(
    provider.update(PROBE, "1", olds, olds, { key: secret("new-key"), fail: "all" }),
  );
  expect(failure.message).toBe("was [secret], is [secret]");
});

test("a failure says that nothing was done, one halfway keeps the state; neither tells a secret", async () => {
  const all = await failureOf(provider.create(PROBE, { token: secret("hidden"), fail: "all" }));
  expect(all).toEqual({ code: grpc.status.ABORTED, message: "failed with [secret]" });
  const half = await failureOf(provider.create(PROBE, { token: secret("hidden"), fail: "half" }));
  expect(half.kept).toEqual({
    id: "half",
    state: { token: secret("hidden"), fail: "half" },
    inputs: undefined,
    reasons: ["half with [secret]"],
  });
  expect(provider.logged).toEqual(["working with [secret]", "working with [secret]"]);
});

test("cancel ends what runs", async () => {
  const running = failureOf(provider.update(PROBE, "1", {}, {}, { fail: "wait" }));
  await provider.cancel();
  expect((await running).message).toBe("Cancelled.");
});

test("an unknown resource is named", async () => {
  const failure = await failureOf(provider.create("harborcache:harbor:Projekt", {}));
  expect(failure.message).toContain("no resource harborcache:harbor:Projekt");
});

test("the schema names every resource", async () => {
  const whole = await ProviderClient.start(resources, functions);
  const schema = JSON.parse(await whole.schema()) as Record<string, Record<string, unknown>>;
  await whole.close();
  expect(Object.keys(schema["functions"] ?? {})).toEqual([
    "harborcache:harbor:getSystemInfo",
    "harborcache:harbor:getStatistics",
    "harborcache:harbor:getProject",
    "harborcache:harbor:getRegistry",
    "harborcache:harbor:getPullQuota",
  ]);
  expect(Object.keys(schema["resources"] ?? {})).toEqual([
    REGISTRY,
    "harborcache:harbor:Project",
    "harborcache:harbor:Password",
    "harborcache:harbor:OidcAuth",
    "harborcache:harbor:ProjectMemberGroup",
    "harborcache:harbor:RobotAccount",
    "harborcache:harbor:SystemSettings",
    "harborcache:harbor:RetentionPolicy",
    "harborcache:harbor:ImmutableTagRule",
    "harborcache:harbor:Label",
    "harborcache:harbor:WebhookPolicy",
    "harborcache:harbor:ReplicationPolicy",
    "harborcache:harbor:GarbageCollection",
    "harborcache:harbor:PurgeAuditLog",
    "harborcache:harbor:ScanAll",
    "harborcache:host:Access",
    "harborcache:host:SshKeyPair",
    "harborcache:nodes:MirrorPool",
  ]);
});

test("a password is made once, of the length wanted, and always secret", async () => {
  const type = "harborcache:harbor:Password";
  const { inputs, failures } = await provider.check(type, {}, {});
  expect({ inputs, failures }).toEqual({ inputs: { length: 32 }, failures: [] });
  expect((await provider.check(type, {}, { length: 7 })).failures).toHaveLength(1);
  expect((await provider.create(type, { length: 8 }, true)).state["result"]).toEqual(secret(unknownText));
  const { id, state } = await provider.create(type, { length: 8 });
  const { value } = state["result"] as { value: string };
  expect(state["result"]).toEqual(secret(value));
  expect(value).toMatch(/^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9]{8}$/);
  expect((await provider.read(type, id, { length: 8 }, state)).state).toEqual(state);
  expect((await failureOf(provider.read(type, "my-password"))).message).toContain("can't be imported");
  expect((await provider.diff(type, id, { length: 8 }, state, { length: 9 })).replaces).toEqual(["length"]);
});

const connection = { url: "https://harbor.example.com/", username: "admin", password: "pass-word" };

test("the configuration is checked as a whole, and its password is secret", async () => {
  expect(await provider.checkConfig({ ...connection, requestTimeout: "15", version: "0.1.0" })).toEqual({
    inputs: {
      ...connection,
      url: "https://harbor.example.com",
      password: secret("pass-word"),
      requestTimeout: "15",
      version: "0.1.0",
    },
    failures: [],
  });
  expect((await provider.checkConfig({})).failures).toEqual([]);
  expect(
    (await provider.checkConfig({ ...connection, url: unknownText, password: secret(unknownText) })).failures,
  ).toEqual([]);
  const { failures } = await provider.checkConfig({
    url: "https://h.example/harbor",
    user: "admin",
    password: secret("x"),
    caCertificate: "no PEM",
    requestTimeout: "0",
  });
  expect(failures.map(({ property }) => property)).toEqual([
    "url",
    "username",
    "caCertificate",
    "requestTimeout",
    "user",
  ]);
});

test("another password or address never replaces the provider", async () => {
  expect(
    await provider.diffConfig(connection, { ...connection, password: secret("other"), url: "http://h" }),
  ).toEqual({
    changes: true,
    replaces: [],
    deleteBeforeReplace: false,
    detailed: { password: "UPDATE", url: "UPDATE" },
  });
});

test("without a connection, or with one not known yet, Harbor's resources say so", async () => {
  const inputs = {
    name: "r",
    providerName: "docker-registry",
    endpointUrl: "https://quay.io",
    insecure: false,
  };
  expect((await failureOf(provider.create(REGISTRY, inputs))).message).toContain("No Harbor is configured");
  await provider.configure({ ...connection, password: secret(unknownText) });
  expect((await provider.create(REGISTRY, inputs, true)).state["registryId"]).toBe(unknownText);
  expect((await failureOf(provider.create(REGISTRY, inputs))).message).toContain("No Harbor is configured");
});

test("with the configured connection a registry is made, and imported with a secret", async () => {
  const lab = await startLabHarbor();
  try {
    await provider.configure({ url: lab.harbor.url, username: "admin", password: secret(PASSWORD) });
    const wanted = {
      name: "guarded",
      providerName: "docker-registry",
      endpointUrl: lab.guarded.url,
      accessId: "puller",
      accessSecret: secret("puller-secret"),
    };
    const { inputs, failures } = await provider.check(
      REGISTRY,
      {},
      { ...wanted, registryId: null, status: null },
    );
    expect(failures).toEqual([]);
    const { id, state } = await provider.create(REGISTRY, inputs);
    expect(state).toEqual({ ...wanted, insecure: false, registryId: Number(id), status: "healthy" });
    expect(await provider.read(REGISTRY, id, inputs, state)).toEqual({ id, inputs, state });
    const imported = await provider.read(REGISTRY, "guarded");
    expect(imported).toMatchObject({ id, inputs: { name: "guarded", accessId: "puller" } });
    const wrong = { ...inputs, accessSecret: secret("wrong-secret") };
    const failure = await failureOf(provider.update(REGISTRY, id, inputs, state, wrong));
    expect(failure.message).toContain("accessId and accessSecret right");
    // What a run made, it doesn't delete.
    const later = await ProviderClient.start([registry]);
    try {
      await later.configure({ url: lab.harbor.url, username: "admin", password: secret(PASSWORD) });
      await later.delete(REGISTRY, id, inputs, state);
    } finally {
      await later.close();
    }
    expect((await provider.read(REGISTRY, id, inputs, state)).id).toBe("");
  } finally {
    await lab.close();
  }
});
