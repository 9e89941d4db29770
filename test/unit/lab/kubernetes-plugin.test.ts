import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { fromState, secretPaths } from "../../../lab/plugins/kubernetes/objects.ts";
import { kubernetesPlugin } from "../../../lab/plugins/kubernetes/server.ts";
import type { Call, Plugin } from "../../../lab/plugins/plugin-server.ts";
import { PartialFailure } from "../../../provider/resource.ts";
import { UNKNOWN } from "../../../provider/values.ts";
import type { Properties } from "../../../provider/values.ts";
import { closedPort } from "../nodes/node-stand-in.ts";
import { ApiServer } from "./api-server.ts";

const CLIENT = "kubernetes:dex.coreos.com/v1:OAuth2Client";
const SECRET = "kubernetes:core/v1:Secret";
const CLIENTS = "/apis/dex.coreos.com/v1/namespaces/dex/oauth2clients";

let server: ApiServer;
let url: string;
let plugin: Plugin;
const plugins: Plugin[] = [];

const kubeconfig = (at: string): string =>
  JSON.stringify({
    "current-context": "it",
    clusters: [{ name: "it", cluster: { server: at } }],
    contexts: [{ name: "it", context: { cluster: "it", user: "it", namespace: "dex" } }],
    users: [{ name: "it", user: { token: "of-the-test" } }],
  });

const configured = async (configuration: Properties = {}): Promise<Plugin> => {
  const made = kubernetesPlugin({ goneSeconds: 1 });
  plugins.push(made);
  await made.configure?.({ kubeconfig: kubeconfig(url), ...configuration }, () => undefined);
  return made;
};

const callOf = (type: string, preview = false): Call => {
  const signal = AbortSignal.timeout(30_000);
  return { urn: `urn:pulumi:a::b::${type}::it`, type, name: "it", preview, signal, log: () => undefined };
};

const client = (values: Properties = {}): Properties => ({
  ...{ apiVersion: "dex.coreos.com/v1", kind: "OAuth2Client", metadata: { name: "one" } },
  ...{ id: "harbor", redirectURIs: ["https://a"] },
  ...values,
});
const secret = (values: Properties = {}): Properties => ({
  ...{ apiVersion: "v1", kind: "Secret", metadata: { name: "it" }, stringData: { key: "value" } },
  ...values,
});
const checked = (type: string, inputs: Properties, by = plugin): Properties => {
  const { inputs: result, failures } = by.check(type, inputs, {}, "it");
  expect(failures).toEqual([]);
  return result;
};
const create = (type: string, inputs: Properties, by = plugin) => by.create(callOf(type), inputs);

beforeEach(async () => {
  server = new ApiServer();
  url = await server.start();
  plugin = await configured();
});

afterEach(() => {
  for (const one of plugins.splice(0)) one.close?.();
  server.stop();
  vi.unstubAllEnvs();
});

it("knows three kinds of the package and every custom resource, and nothing of Helm, YAML or Kustomize", () => {
  const known = [SECRET, CLIENT, "kubernetes:core/v1:ConfigMap", "kubernetes:core/v1:Namespace"];
  const unknown = [
    ...["kubernetes:helm.sh/v3:Release", "kubernetes:yaml:ConfigFile", "kubernetes:yaml/v2:ConfigGroup"],
    ...[
      "kubernetes:apps/v1:Deployment",
      "kubernetes:rbac.authorization.k8s.io/v1:Role",
      "kubernetes:kustomize:Directory",
    ],
  ];
  expect([...known, ...unknown].filter(plugin.knows)).toEqual(known);
});

describe("check", () => {
  it("names what has no name, once, and says where it goes", () => {
    const inputs = checked(SECRET, { apiVersion: "v1", kind: "Secret" });
    expect(inputs["metadata"]).toEqual({
      name: expect.stringMatching(/^it-[0-9a-f]{8}$/) as string,
      namespace: "dex",
      annotations: { "pulumi.com/autonamed": "true" },
    });
    const again = plugin.check(SECRET, { apiVersion: "v1", kind: "Secret" }, inputs, "it");
    expect(again.inputs).toEqual(inputs);
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "n" } };
    expect(checked("kubernetes:core/v1:Namespace", namespace)["metadata"]).toEqual({ name: "n" });
    expect(checked(CLIENT, client({ metadata: { name: "one", namespace: "own" } }))["metadata"]).toEqual({
      name: "one",
      namespace: "own",
    });
  });

  it("keeps a Secret's texts as the API server will, but for unknown ones", () => {
    const inputs = checked(SECRET, secret({ data: { other: "eA==" } }));
    expect(inputs).toMatchObject({ data: { other: "eA==", key: "dmFsdWU=" } });
    expect(inputs).not.toHaveProperty("stringData");
    expect(checked(SECRET, secret({ stringData: { key: UNKNOWN } }))).toMatchObject({
      stringData: { key: UNKNOWN },
    });
  });

  it.each([
    [SECRET, secret({ stringdata: {} }), "stringdata"],
    [SECRET, secret({ metadata: { name: "it", label: {} } }), "metadata.label"],
    [SECRET, secret({ apiVersion: "v2" }), "apiVersion"],
    [CLIENT, client({ metadata: { nam: "one" } }), "metadata.nam"],
    [CLIENT, client({ metadata: { generateName: "one" } }), "metadata.generateName"],
  ])("refuses what the real one doesn't know: %#", (type, inputs, property) => {
    expect(plugin.check(type, inputs, {}, "it").failures.map((failure) => failure.property)).toEqual([
      property,
    ]);
  });
});

describe("an object", () => {
  it("is made by create, read, changed by apply with its fields taken over, and waited for until it is gone", async () => {
    const inputs = checked(CLIENT, client());
    const { id, state } = await create(CLIENT, inputs);
    expect(id).toBe("dex/one");
    expect(state).toMatchObject({
      ...{ ...inputs, metadata: { name: "one", namespace: "dex", uid: "1" } },
      ...{ __inputs: inputs, __initialApiVersion: "dex.coreos.com/v1" },
      __fieldManager: expect.stringMatching(/^pulumi-kubernetes-[0-9a-f]{8}$/) as string,
    });
    const read = await plugin.read?.(callOf(CLIENT), id, inputs, state);
    expect(read).toEqual({ id, inputs, state });
    expect(plugin.diff(CLIENT, id, inputs, state, inputs).detailed).toEqual({});

    const news = { ...inputs, redirectURIs: ["https://b"] };
    expect(plugin.diff(CLIENT, id, inputs, state, news).detailed).toEqual({
      "redirectURIs[0]": { kind: "update", inputDiff: false },
    });
    server.asked.length = 0;
    const changed = await plugin.update(callOf(CLIENT), id, state, news);
    expect(changed).toMatchObject({ redirectURIs: ["https://b"], __fieldManager: state["__fieldManager"] });
    const { fieldManager: manager } = fromState(state);
    expect(server.asked).toEqual([
      `GET ${CLIENTS}/one`,
      `PATCH ${CLIENTS}/one`,
      `PATCH ${CLIENTS}/one?fieldManager=${manager}&force=false&fieldValidation=Strict`,
      `GET ${CLIENTS}/one`,
    ]);

    await plugin.delete(callOf(CLIENT), id, changed);
    expect(server.objects.size).toBe(0);
    await plugin.delete(callOf(CLIENT), id, changed);
    expect(await plugin.read?.(callOf(CLIENT), id, inputs, changed)).toBeUndefined();
  });

  it("that exists already is an error, or is taken where the provider says so", async () => {
    const inputs = checked(CLIENT, client());
    await create(CLIENT, inputs);
    await expect(create(CLIENT, inputs)).rejects.toThrow(
      /^resource "urn:.*" was not successfully created by the Kubernetes API server: .* already exists$/,
    );
    vi.stubEnv("PULUMI_K8S_UPSERT_EXISTING_OBJECTS", "true");
    expect((await create(CLIENT, inputs, await configured())).id).toBe("dex/one");
  });

  it("is seen before by a dry run, or as the program says where that can't be", async () => {
    const inputs = checked(CLIENT, client());
    const preview = callOf(CLIENT, true);
    expect((await plugin.create(preview, inputs)).state).toMatchObject({ metadata: { uid: "1" } });
    expect(server.asked.at(-1)).toContain("dryRun=All");
    const unknown: Properties = { ...inputs, secret: UNKNOWN };
    expect(await plugin.create(preview, unknown)).toEqual({ id: "", state: unknown });
    server.refused.set("POST", { status: 403, reason: "Forbidden", message: "not you" });
    expect(await plugin.create(preview, inputs)).toEqual({ id: "", state: inputs });
    await expect(create(CLIENT, inputs)).rejects.toThrow(/not you$/);
    expect(server.objects.size).toBe(0);
  });

  it("shows what somebody changed of that which the program set, and nothing else", async () => {
    const inputs = checked(CLIENT, client());
    const { id, state } = await create(CLIENT, inputs);
    const live = server.objects.get(`${CLIENTS}/one`);
    if (live === undefined) throw new Error("it isn't there");
    server.objects.set(`${CLIENTS}/one`, {
      ...live,
      logoURL: "https://l",
      redirectURIs: ["https://x", "https://y"],
    });
    const found = await plugin.read?.(callOf(CLIENT), id, inputs, state);
    expect(found?.inputs).toEqual({ ...inputs, redirectURIs: ["https://x"] });
    expect(found?.state["logoURL"]).toBe("https://l");
    expect(plugin.diff(CLIENT, id, inputs, found?.state ?? {}, inputs).detailed).toEqual({
      "redirectURIs[0]": { kind: "update", inputDiff: false },
    });
  });

  it("is replaced for another name, and a Secret for other data unless the provider lets it change", async () => {
    const { id, state } = await create(CLIENT, checked(CLIENT, client()));
    const renamed = plugin.diff(
      CLIENT,
      id,
      {},
      state,
      checked(CLIENT, client({ metadata: { name: "two" } })),
    );
    expect(renamed).toEqual({
      detailed: { "metadata.name": { kind: "update-replace", inputDiff: false } },
      deleteBeforeReplace: false,
    });
    const kept = await create(SECRET, checked(SECRET, secret()));
    const other = checked(SECRET, secret({ stringData: { key: "other" } }));
    expect(plugin.diff(SECRET, kept.id, {}, kept.state, other)).toEqual({
      detailed: { "data.key": { kind: "update-replace", inputDiff: false } },
      deleteBeforeReplace: true,
    });
    const mutable = await configured({ enableSecretMutable: "true" });
    expect(mutable.diff(SECRET, kept.id, {}, kept.state, other).detailed).toEqual({
      "data.key": { kind: "update", inputDiff: false },
    });
  });

  it("that can't be changed is kept as it is, with the reason", async () => {
    const inputs = checked(CLIENT, client());
    const { id, state } = await create(CLIENT, inputs);
    server.refused.set("PATCH", { status: 409, reason: "Conflict", message: "kubectl-edit has it" });
    const failed: unknown = await Promise.resolve(
      plugin.update(callOf(CLIENT), id, state, { ...inputs, id: "b" }),
    ).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(PartialFailure);
    expect(String(failed)).toContain("kubectl-edit has it");
    expect(failed).toMatchObject({ id, state: { id: "harbor" } });
  });

  it("that stays after its deletion is an error within a bounded time", async () => {
    const { id, state } = await create(CLIENT, checked(CLIENT, client()));
    server.stubborn = true;
    await expect(plugin.delete(callOf(CLIENT), id, state)).rejects.toThrow(
      'Timed out waiting for deletion of dex.coreos.com/v1/OAuth2Client "one"',
    );
  });

  it("comes in by its id", async () => {
    await create(SECRET, checked(SECRET, secret()));
    const imported = await plugin.read?.(callOf(SECRET), "dex/it", {}, {});
    expect(imported?.inputs).toEqual({
      ...{ apiVersion: "v1", kind: "Secret", metadata: { name: "it", namespace: "dex" } },
      data: { key: "dmFsdWU=" },
    });
  });
});

describe("a cluster that isn't there", () => {
  const gone = async (configuration: Properties = {}) =>
    configured({ kubeconfig: kubeconfig(`http://127.0.0.1:${await closedPort()}`), ...configuration });

  it("is previewed as the program says, refuses everything else, and keeps the state", async () => {
    const { id, state } = await create(CLIENT, checked(CLIENT, client()));
    const far = await gone();
    const inputs = checked(CLIENT, client(), far);
    expect(await far.create(callOf(CLIENT, true), inputs)).toEqual({ id: "", state: inputs });
    const why = /configured Kubernetes cluster is unreachable: unable to load schema .*connect ECONNREFUSED/;
    await expect(create(CLIENT, inputs, far)).rejects.toThrow(why);
    await expect(far.update(callOf(CLIENT), id, state, inputs)).rejects.toThrow(why);
    await expect(far.read?.(callOf(CLIENT), id, inputs, state)).rejects.toThrow(
      "PULUMI_K8S_DELETE_UNREACHABLE",
    );
    await expect(far.delete(callOf(CLIENT), id, state)).rejects.toThrow("PULUMI_K8S_DELETE_UNREACHABLE");
  });

  it("is forgotten only where the provider says so", async () => {
    const { id, state } = await create(CLIENT, checked(CLIENT, client()));
    const forgetting = await gone({ deleteUnreachable: "true" });
    await forgetting.delete(callOf(CLIENT), id, state);
    expect(await forgetting.read?.(callOf(CLIENT), id, {}, state)).toBeUndefined();
    expect(server.objects.size).toBe(1);
  });
});

describe("the provider's configuration", () => {
  it("refuses what isn't one, and what only the real plugin can do", () => {
    const failures = (configuration: Properties) =>
      plugin.checkConfig?.(configuration).map(({ property }) => property);
    expect(failures({ kubeconfig: "x", enableSecretMutable: "true" })).toEqual([]);
    expect(failures({ kubeConfig: "x" })).toEqual(["kubeConfig"]);
    expect(failures({ enableServerSideApply: "false" })).toEqual(["enableServerSideApply"]);
  });

  it("replaces what lies in another cluster, and nothing for another token", () => {
    const diff = (news: string) =>
      plugin.diffConfig?.({ kubeconfig: kubeconfig("https://a") }, { kubeconfig: news });
    expect(diff(kubeconfig("https://a"))?.detailed).toEqual({});
    expect(diff(kubeconfig("https://b"))?.detailed).toEqual({ kubeconfig: { kind: "update-replace" } });
    expect(diff(kubeconfig("https://a").replace("of-the-test", "new"))?.detailed).toEqual({
      kubeconfig: { kind: "update" },
    });
  });
});

it("keeps secret what was, in every part of a state", () => {
  expect(secretPaths(CLIENT, [["secret"], ["redirectURIs", 0], ["__inputs", "id"]])).toEqual([
    ...[["secret"], ["__inputs", "secret"]],
    ...[["redirectURIs"], ["__inputs", "redirectURIs"]],
    ...[["id"], ["__inputs", "id"]],
  ]);
  expect(secretPaths(SECRET, [])).toEqual([
    ...[["data"], ["__inputs", "data"]],
    ...[["stringData"], ["__inputs", "stringData"]],
  ]);
});
