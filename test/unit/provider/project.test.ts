/** The resource `Project` against the Harbor stand-in. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { project } from "../../../provider/harbor/project.ts";
import { registry } from "../../../provider/harbor/registry.ts";
import { PartialFailure } from "../../../provider/resource.ts";
import { UNKNOWN, type Properties } from "../../../provider/values.ts";
import { makeImage, pushImage } from "../../../lab/upstream/image.ts";
import { checked, contextFor, failuresOf, URN } from "./context.ts";
import { PASSWORD, startLabHarbor, type LabHarbor } from "./lab-harbor.ts";
import { json, misbehavingServer } from "./misbehaving-server.ts";

let lab: LabHarbor;
let registryId: number;
beforeAll(async () => {
  lab = await startLabHarbor();
  const endpoint = { name: "upstream", providerName: "docker-registry", endpointUrl: lab.upstream.url };
  const created = await registry.create(
    contextFor(lab.client),
    URN,
    await checked(registry, endpoint),
    false,
  );
  registryId = Number(created.id);
});
afterAll(async () => {
  await lab.close();
});

async function create(news: Properties) {
  const inputs = await checked(project, news);
  const context = contextFor(lab.client);
  return { inputs, context, ...(await project.create(context, URN, inputs, false)) };
}

async function read(id: string, inputs: Properties) {
  return project.read(contextFor(lab.client), URN, id, inputs, inputs);
}

test.each(["a", "v2", "docker.io", "proxy.docker.io", "12345", "a-b_c.d"])(
  "name %s is right",
  async (name) => {
    expect(await failuresOf(project, { name })).toEqual([]);
  },
);

test.each([
  "",
  "Upper",
  "-lead",
  "trail-",
  "a b",
  "a__b",
  "a--b",
  "a..b",
  "a_-b",
  "ünï",
  "a/b",
  "x".repeat(256),
])("name '%s' is wrong", async (name) => {
  expect(await failuresOf(project, { name })).toEqual([expect.stringMatching(/^name: must/)]);
});

test("check knows Harbor's rules", async () => {
  expect(
    await failuresOf(project, {
      name: UNKNOWN,
      registryId: 0,
      storageQuota: 0,
      public: "true",
      metadata: {
        public: "true",
        retention_id: "1",
        proxy_sped_kb: "1",
        auto_scan: "yes",
        proxy_speed_kb: "-1",
      },
    }),
  ).toEqual([
    expect.stringMatching(/^registryId: /),
    expect.stringMatching(/^public: /),
    expect.stringMatching(/^storageQuota: must be -1/),
    "metadata.public: is a property of its own: set public: true",
    "metadata.retention_id: is set by Harbor itself: leave it out",
    "metadata.proxy_sped_kb: Harbor knows no such metadata. Did you mean 'proxy_speed_kb'?",
    "metadata.auto_scan: must be the text 'true' or 'false'",
  ]);
  expect(await failuresOf(project, { name: "a", storageQuota: 2 ** 50 + 1 })).toHaveLength(1);
});

test("name and registry replace; with the same name the old one goes first", async () => {
  const inputs = await checked(project, { name: "a", registryId: 1 });
  expect(project.diff("a", inputs, inputs, { ...inputs, registryId: UNKNOWN, public: true })).toEqual({
    detailed: { registryId: { kind: "update-replace" }, public: { kind: "update" } },
    deleteBeforeReplace: true,
  });
  expect(project.diff("a", inputs, inputs, { ...inputs, name: "b" })).toEqual({
    detailed: { name: { kind: "update-replace" } },
    deleteBeforeReplace: true,
  });
});

test("create, no drift, update, drift by hand, mended, deleted", async () => {
  const { id, inputs, state } = await create({
    name: "proxy.one",
    registryId,
    public: true,
    storageQuota: 10_000,
    metadata: { proxy_speed_kb: "1024", auto_scan: "true" },
  });
  expect(id).toBe("proxy.one");
  expect(await read(id, inputs)).toEqual({ id, inputs, state });

  const news = { ...inputs, public: false, storageQuota: -1, metadata: { proxy_speed_kb: "-1" } };
  const context = contextFor(lab.client);
  const after = await project.update(context, URN, id, inputs, state, news, false);
  expect(await read(id, news)).toEqual({ id, inputs: news, state: after });
  // What was dropped from the inputs is gone in Harbor too.
  expect((await project.read(context, URN, id, {}, {}))?.inputs).toEqual(news);

  await lab.client.put("/projects/proxy.one", { metadata: { public: "true", proxy_speed_kb: "5" } }, true);
  const drifted = await read(id, news);
  expect(project.diff(id, drifted?.inputs ?? {}, {}, news).detailed).toEqual({
    public: { kind: "update" },
    "metadata.proxy_speed_kb": { kind: "update" },
  });
  await project.update(context, URN, id, drifted?.inputs ?? {}, after, news, false);
  expect((await read(id, news))?.inputs).toEqual(news);

  await project.delete(context, URN, id, news, after);
  await project.delete(context, URN, id, news, after);
  expect(await read(id, news)).toBeUndefined();
});

test("a project named like a number is one, and can be imported by its number too", async () => {
  const { id, inputs, state } = await create({ name: "31337" });
  expect(await read(id, inputs)).toEqual({ id, inputs, state });
  const byNumber = await project.read(
    contextFor(lab.client),
    URN,
    JSON.stringify(state["projectId"]),
    {},
    {},
  );
  expect(byNumber?.id).toBe("31337");
});

test("a project of the same name and registry is taken over, quota and metadata brought to what is wanted", async () => {
  const first = await create({ name: "again", registryId, public: true });
  const second = await create({ name: "again", registryId, public: true, storageQuota: 4096 });
  expect(second.state["projectId"]).toBe(first.state["projectId"]);
  expect(second.context.shown).toEqual([expect.stringMatching(/^warning: .*taken over/)]);
  expect((await read("again", second.inputs))?.inputs).toEqual(second.inputs);
  // As by pulumi up --replace, which makes the new one first: what was cached stays.
  await project.delete(second.context, URN, "again", first.inputs, first.state);
  expect((await read("again", second.inputs))?.inputs).toEqual(second.inputs);
});

test("a project of the same name that is another one is left alone", async () => {
  const { id, inputs, state } = await create({ name: "theirs" });
  await expect(create({ name: "theirs", registryId, public: true })).rejects.toThrow(
    new RegExp(`registryId is absent, wanted is ${registryId} and public is false.*pulumi import`),
  );
  expect(await read(id, inputs)).toEqual({ id, inputs, state });
});

test("an unknown registry is named instead of a bare 500", async () => {
  await expect(create({ name: "orphan", registryId: 9999 })).rejects.toThrow(/Harbor has no registry 9999/);
});

test("a quota that Harbor doesn't keep is a failure with state", async () => {
  const { id, inputs, state } = await create({ name: "no-quota" });
  const number = state["projectId"];
  const { state: database } = lab.harbor.app.store;
  database.quotas = database.quotas.filter((quota) => quota.projectId !== number);
  const news = { ...inputs, storageQuota: 5000 };
  const failure = await project
    .update(contextFor(lab.client), URN, id, inputs, state, news, false)
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(PartialFailure);
  expect(failure).toMatchObject({ id: "no-quota", state: { storageQuota: 5000, projectId: number } });
});

test("metadata that an update cut off in the middle left is taken back by the next one", async () => {
  const blocking = { prevent_vul: "true", severity: "high" };
  const { id, inputs, state, context } = await create({ name: "blocked", metadata: blocking });
  const news = await checked(project, { name: "blocked" });
  const path = "/api/v2.0/projects/blocked/metadatas/prevent_vul";
  lab.harbor.faults.next({ method: "DELETE", path, fault: { kind: "status", status: 500 } });
  const update = project.update(context, URN, id, inputs, state, news, false);
  const failure = await update.catch((error: unknown) => error);
  if (!(failure instanceof PartialFailure)) throw new Error("a partial failure was expected");
  const kept = failure.inputs ?? news;
  expect(Object.keys(project.diff(id, kept, failure.state, news).detailed)).not.toEqual([]);
  await project.update(context, URN, id, kept, failure.state, news, false);
  const metadata = (await read(id, {}))?.inputs["metadata"];
  expect(metadata).toBeUndefined();
});

test("cached images keep a project, unless forceDestroy", async () => {
  const { id, inputs, state } = await create({ name: "full", registryId, public: true });
  for (const name of ["hello", "deep/er/path"]) {
    await pushImage({ url: lab.upstream.url }, name, "1.0", makeImage(name));
    await pull(`full/${name}`);
  }
  const context = contextFor(lab.client);
  await expect.poll(() => repositories("full"), { timeout: 20_000 }).toBe(2);
  await expect(project.delete(context, URN, id, inputs, state)).rejects.toThrow(/forceDestroy: true.*412/);
  await project.delete(context, URN, id, { ...inputs, forceDestroy: true }, state);
  expect(await read(id, inputs)).toBeUndefined();
});

/** As containerd does: HEAD the tag, then its manifests and blobs. */
async function pull(repository: string): Promise<void> {
  const headers = { authorization: `Basic ${Buffer.from(`admin:${PASSWORD}`).toString("base64")}` };
  const accept = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json";
  const get = (path: string, method = "GET") =>
    fetch(`${lab.harbor.url}/v2/${repository}/${path}`, { method, headers: { ...headers, accept } });
  await get("manifests/1.0", "HEAD");
  const visit = async (path: string): Promise<void> => {
    const found = (await (await get(path)).json()) as {
      manifests?: { digest: string }[];
      layers?: { digest: string }[];
      config?: { digest: string };
    };
    for (const { digest } of found.manifests ?? []) await visit(`manifests/${digest}`);
    for (const blob of [...(found.layers ?? []), ...(found.config ? [found.config] : [])]) {
      await (await get(`blobs/${blob.digest}`)).arrayBuffer();
    }
  };
  await visit("manifests/1.0");
}

async function repositories(name: string): Promise<number> {
  const response = await fetch(`${lab.harbor.url}/api/v2.0/projects/${name}/repositories`, {
    headers: { authorization: `Basic ${Buffer.from(`admin:${PASSWORD}`).toString("base64")}` },
  });
  return ((await response.json()) as unknown[]).length;
}

test("another project that has our name now is neither changed nor deleted, and ours is gone", async () => {
  const { id, inputs, state } = await create({ name: "taken", registryId, public: true, forceDestroy: true });
  await lab.client.delete(`/projects/${id}`, true);
  await create({ name: "taken" });
  const context = contextFor(lab.client);
  await expect(
    project.update(context, URN, id, inputs, state, { ...inputs, storageQuota: 5000 }, false),
  ).rejects.toThrow("is another one than this stack made");
  expect(await project.read(context, URN, id, inputs, state)).toBeUndefined();
  await project.delete(context, URN, id, inputs, state);
  expect(context.shown).toEqual([expect.stringContaining("left there")]);
  expect((await read(id, {}))?.inputs).toMatchObject({ public: false, name: "taken" });
});

test.each([
  [
    "v2.14.0-1a2b3c4d",
    /2\.14\.0 and lacks: metadata\.max_upstream_conn \(Harbor 2\.14\.1\), metadata\.proxy_cache_local/,
  ],
  ["v2.15.0-1a2b3c4d", /2\.15\.0 and lacks: metadata\.proxy_cache_local_on_not_found \(Harbor 2\.15\.1\)\./],
])("Harbor %s is told what it lacks, before anything is made", async (version, reason) => {
  const server = await misbehavingServer([
    json(200, { harbor_version: version, external_url: "http://h", auth_mode: "db_auth" }),
  ]);
  const metadata = { max_upstream_conn: "5", proxy_cache_local_on_not_found: "true", proxy_speed_kb: "-1" };
  const inputs = await checked(project, { name: "new", metadata });
  const context = contextFor(server.client);
  await expect(project.create(context, URN, inputs, false)).rejects.toThrow(reason);
  const old = { ...inputs, metadata: {} };
  await expect(project.update(context, URN, "new", old, old, inputs, false)).rejects.toThrow(reason);
  expect(server.asked).toEqual(["GET /systeminfo"]);
});

test("what a newer Harbor has besides is set", async () => {
  const metadata = { max_upstream_conn: "5", proxy_cache_local_on_not_found: "true" };
  const { id, inputs, state } = await create({ name: "newer", registryId, public: true, metadata });
  expect(await read(id, inputs)).toEqual({ id, inputs, state });
});

test("metadata is checked, as Harbor does not", async () => {
  const metadata = { public: false, severity: "urgent", proxy_speed_kb: "abc", auto_scan: true };
  expect(await failuresOf(project, { name: "a", metadata })).toEqual([
    "metadata.public: must be text, as all of Harbor's metadata",
    "metadata.auto_scan: must be text, as all of Harbor's metadata",
  ]);
  const texts = { ...metadata, public: "bogus", auto_scan: "yes" };
  expect(await failuresOf(project, { name: "a", metadata: texts })).toEqual([
    "metadata.public: is a property of its own: set public: true",
    "metadata.severity: must be none, low, medium, high or critical",
    "metadata.proxy_speed_kb: must be a number as text, -1 for none",
    "metadata.auto_scan: must be the text 'true' or 'false'",
  ]);
});
