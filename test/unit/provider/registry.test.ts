/** The resource `Registry` against the Harbor stand-in. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startUpstream } from "../../../lab/upstream/server.ts";
import { project } from "../../../provider/harbor/project.ts";
import { registry } from "../../../provider/harbor/registry.ts";
import { UNKNOWN, type Properties } from "../../../provider/values.ts";
import { checked, contextFor, failuresOf, URN } from "./context.ts";
import { startLabHarbor, type LabHarbor } from "./lab-harbor.ts";
import { json, misbehavingServer } from "./misbehaving-server.ts";

let lab: LabHarbor;
beforeAll(async () => {
  lab = await startLabHarbor();
});
afterAll(async () => {
  await lab.close();
});

function fixture(name: string): string {
  return readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), "utf8");
}

let count = 0;
function endpoint(more: Properties = {}): Properties {
  return {
    name: `registry-${++count}`,
    providerName: "docker-registry",
    endpointUrl: lab.upstream.url,
    ...more,
  };
}

const guarded = (): Properties =>
  endpoint({ endpointUrl: lab.guarded.url, accessId: "puller", accessSecret: "puller-secret" });

async function create(news: Properties) {
  const inputs = await checked(registry, news);
  return { inputs, ...(await registry.create(contextFor(lab.client), URN, inputs, false)) };
}

async function read(id: string, inputs: Properties) {
  return registry.read(contextFor(lab.client), URN, id, inputs, inputs);
}

test("check knows Harbor's rules", async () => {
  const quay = { name: "q", providerName: "quay", endpointUrl: "https://quay.io" };
  expect(await failuresOf(registry, quay)).toEqual([
    expect.stringMatching(/^providerName: .*use docker-registry/),
  ]);
  expect(await failuresOf(registry, { ...quay, providerName: "docker-registy" })).toEqual([
    expect.stringMatching(/Did you mean 'docker-registry'\?/),
  ]);
  expect(await failuresOf(registry, { name: "", providerName: UNKNOWN, endpoint_url: "x" })).toEqual([
    "name: must not be empty",
    "endpointUrl: This property is required.",
    "endpoint_url: There is no such property. Did you mean 'endpointUrl'?",
  ]);
  expect(await failuresOf(registry, endpoint({ name: "n".repeat(65) }))).toHaveLength(1);
  expect(await failuresOf(registry, endpoint({ endpointUrl: "ftp://example.com" }))).toHaveLength(1);
  expect(await failuresOf(registry, endpoint({ endpointUrl: "https://u:secret@example.com" }))).toEqual([
    expect.not.stringContaining("secret@"),
  ]);
  expect(await failuresOf(registry, endpoint({ accessId: "me" }))).toEqual([
    expect.stringContaining("belong together"),
  ]);
  expect(await failuresOf(registry, endpoint({ providerName: "google-gcr" }))).toHaveLength(1);
  expect(await failuresOf(registry, endpoint({ providerName: "harbor" }))).toHaveLength(1);
  expect(await failuresOf(registry, endpoint({ caCertificate: "nonsense" }))).toHaveLength(1);
  expect((await checked(registry, endpoint({ endpointUrl: "https://quay.io/" })))["endpointUrl"]).toBe(
    "https://quay.io",
  );
});

test("an endpoint that is only replicated to may be of other types", async () => {
  const swr = { name: "swr", providerName: "huawei-SWR", endpointUrl: "https://swr.example.com" };
  expect(await failuresOf(registry, swr)).toEqual([expect.stringMatching(/set proxyCache: false\.$/)]);
  expect(await failuresOf(registry, { ...swr, proxyCache: false })).toEqual([]);
  expect(await failuresOf(registry, { ...swr, proxyCache: false, providerName: "huawei-SRW" })).toEqual([
    expect.stringMatching(/volcengine-cr\. Did you mean 'huawei-SWR'\?/),
  ]);
  // What a state of before doesn't say is the default, and what only concerns the check changes nothing in Harbor.
  const [plain, said] = [
    await checked(registry, endpoint({ name: "r" })),
    await checked(registry, endpoint({ name: "r", proxyCache: true })),
  ];
  expect(said).toEqual(plain);
  expect(registry.diff("1", plain, plain, { ...plain, proxyCache: false }).detailed).toEqual({});
  const { id, inputs, state } = await create(endpoint({ proxyCache: false }));
  expect(await read(id, state)).toEqual({ id, inputs, state });
});

const keyFile = {
  type: "service_account",
  client_email: "p@x.iam.gserviceaccount.com",
  private_key: "hidden",
};
const gcr = { name: "gcr", providerName: "google-gcr", endpointUrl: "https://gcr.io", accessId: "_json_key" };

test("the key file of _json_key is checked, and never shown", async () => {
  const withSecret = (accessSecret: string) => failuresOf(registry, { ...gcr, accessSecret });
  expect(await withSecret(JSON.stringify(keyFile))).toEqual([]);
  for (const wrong of ["hidden", "{}", JSON.stringify({ ...keyFile, type: "authorized_user" })]) {
    const failures = await withSecret(wrong);
    expect(failures).toEqual([expect.stringMatching(/^accessSecret: must be the text of .* key file/)]);
    expect(failures.join("")).not.toContain("hidden");
  }
  expect(await failuresOf(registry, { ...gcr, accessSecret: UNKNOWN })).toEqual([]);
});

test("a private ECR by role or by key", async () => {
  const ecr = {
    name: "ecr",
    providerName: "aws-ecr",
    endpointUrl: "https://api.ecr.eu-central-1.amazonaws.com",
  };
  expect(await failuresOf(registry, ecr)).toEqual([]);
  const account = "https://123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn";
  expect(await failuresOf(registry, { ...ecr, endpointUrl: account })).toEqual([]);
  expect(await failuresOf(registry, { ...ecr, accessId: "AKIAX", accessSecret: "s" })).toEqual([]);
  expect(await failuresOf(registry, { ...ecr, accessId: "ASIAX", accessSecret: "s" })).toEqual([
    expect.stringMatching(/^accessId: is a temporary key/),
  ]);
  expect(await failuresOf(registry, { ...ecr, endpointUrl: "https://ecr.amazonaws.com" })).toEqual([
    expect.stringMatching(/^endpointUrl: must be the address of a private ECR/),
  ]);
  expect(await failuresOf(registry, { ...ecr, endpointUrl: "https://public.ecr.aws" })).toEqual([
    expect.stringMatching(/^providerName: aws-ecr is for private registries/),
  ]);
});

test("by role, an ECR gets an empty key: that is what makes Harbor use the machine's", async () => {
  const server = await misbehavingServer([
    json(400, { errors: [{ code: "BAD_REQUEST", message: "the registry is unhealthy" }] }),
  ]);
  const ecr = {
    name: "ecr",
    providerName: "aws-ecr",
    endpointUrl: "https://api.ecr.eu-central-1.amazonaws.com",
  };
  const inputs = await checked(registry, ecr);
  await expect(registry.create(contextFor(server.client), URN, inputs, false)).rejects.toThrow(
    /has to reach/,
  );
  expect(JSON.parse(server.bodies[0] ?? "")).toMatchObject({
    type: "aws-ecr",
    credential: { type: "basic", access_key: "", access_secret: "" },
  });
});

test("credentials are changed in place", async () => {
  const auth = (password: string) => ({ username: "puller", password, scheme: "basic" }) as const;
  const before = await startUpstream({ auth: auth("first") });
  const own = { endpointUrl: before.url, accessId: "puller" };
  const { id, inputs, state } = await create(endpoint({ ...own, accessSecret: "first" }));
  await before.close();
  const after = await startUpstream({ auth: auth("second"), port: before.port });
  try {
    const news = { ...inputs, accessSecret: "second" };
    expect(registry.diff(id, inputs, state, news).detailed).toEqual({ accessSecret: { kind: "update" } });
    const stale = { ...inputs, description: "with the old one" };
    const context = contextFor(lab.client);
    await expect(registry.update(context, URN, id, inputs, state, stale, false)).rejects.toThrow(
      /accessSecret right/,
    );
    expect(await registry.update(context, URN, id, inputs, state, news, false)).toEqual({
      ...news,
      registryId: Number(id),
      status: "healthy",
    });
  } finally {
    await after.close();
  }
});

test("the type replaces, everything else updates", async () => {
  const inputs = await checked(registry, endpoint());
  expect(registry.diff("1", inputs, inputs, inputs).detailed).toEqual({});
  const changed = { ...inputs, providerName: "github-ghcr", name: "other", description: "new" };
  expect(registry.diff("1", inputs, inputs, changed)).toEqual({
    detailed: {
      providerName: { kind: "update-replace" },
      name: { kind: "update" },
      description: { kind: "add" },
    },
    deleteBeforeReplace: false,
  });
});

test("of the same name it is deleted first, as Harbor holds each name once", async () => {
  const inputs = await checked(registry, endpoint());
  expect(registry.diff("1", inputs, inputs, { ...inputs, providerName: "github-ghcr" })).toEqual({
    detailed: { providerName: { kind: "update-replace" } },
    deleteBeforeReplace: true,
  });
});

test("a replacement that failed halfway and is taken back keeps what it took over", async () => {
  const old = await create(endpoint());
  const again = contextFor(lab.client);
  const { id } = await registry.create(again, URN, old.inputs, false);
  expect(id).toBe(old.id);
  await registry.delete(again, URN, id, old.inputs, old.state);
  expect(await read(id, old.state)).toMatchObject({ id });
});

test("a preview says what is known", async () => {
  const inputs = await checked(registry, endpoint());
  const context = { ...contextFor(lab.client), harbor: () => expect.unreachable("a preview asks nobody") };
  expect(await registry.create(context, URN, inputs, true)).toEqual({
    id: "",
    state: { ...inputs, registryId: UNKNOWN, status: UNKNOWN },
  });
  const state = { ...inputs, registryId: 5, status: "healthy" };
  const news = { ...inputs, description: "new" };
  expect(await registry.update(context, URN, "5", inputs, state, news, true)).toEqual({
    ...news,
    registryId: 5,
    status: "healthy",
  });
});

test("create, no drift, update of every property, drift, delete", async () => {
  const { id, inputs, state } = await create(guarded());
  expect(state).toEqual({ ...inputs, registryId: Number(id), status: "healthy" });
  expect(await read(id, state)).toMatchObject({ id, state });

  const news = await checked(registry, { ...endpoint(), description: "renamed", insecure: true });
  const after = await registry.update(contextFor(lab.client), URN, id, inputs, state, news, false);
  expect(after).toEqual({ ...news, registryId: Number(id), status: "healthy" });
  expect((await read(id, after))?.inputs).toEqual(news);

  await lab.client.put(`/registries/${id}`, { description: "by hand" });
  const drifted = await read(id, after);
  expect(registry.diff(id, drifted?.inputs ?? {}, {}, news).detailed).toEqual({
    description: { kind: "update" },
  });

  await registry.delete(contextFor(lab.client), URN, id, news, after);
  await registry.delete(contextFor(lab.client), URN, id, news, after);
  expect(await read(id, after)).toBeUndefined();
});

test("an endpoint's own CA is given, seen and taken away again", async () => {
  const tls = { cert: fixture("localhost.crt"), key: fixture("localhost.key") };
  const upstream = await startUpstream({ tls });
  try {
    const own = { endpointUrl: upstream.url, caCertificate: tls.cert };
    const { id, inputs, state } = await create(endpoint(own));
    expect(await read(id, state)).toMatchObject({ id, inputs });
    const plain = await checked(registry, endpoint());
    const after = await registry.update(contextFor(lab.client), URN, id, inputs, state, plain, false);
    expect((await read(id, after))?.inputs).toEqual(plain);
    await expect(create(endpoint({ endpointUrl: upstream.url }))).rejects.toThrow(/caCertificate/);
  } finally {
    await upstream.close();
  }
});

test("a new secret is used, and a wrong one refused", async () => {
  const { id, inputs, state } = await create(guarded());
  const wrong = { ...inputs, accessSecret: "not-the-secret" };
  const update = registry.update(contextFor(lab.client), URN, id, inputs, state, wrong, false);
  await expect(update).rejects.toThrow(/accessId and accessSecret right/);
  await expect(update).rejects.toThrow(expect.not.stringContaining("not-the-secret"));
});

test("a registry of the same name that serves the same is taken over and said", async () => {
  const { id, inputs } = await create(guarded());
  const context = contextFor(lab.client);
  expect(await registry.create(context, URN, { ...inputs, description: "mine" }, false)).toMatchObject({
    id,
  });
  expect(context.shown).toEqual([expect.stringMatching(/^warning: .*taken over/)]);
  expect((await read(id, inputs))?.inputs["description"]).toBe("mine");
});

test("a registry of the same name with other settings is left alone", async () => {
  const { id, inputs, state } = await create(guarded());
  const other = await checked(registry, { ...endpoint(), name: inputs["name"] ?? "" });
  await expect(registry.create(contextFor(lab.client), URN, other, false)).rejects.toThrow(
    new RegExp(`other settings than wanted: endpointUrl, accessId\\..*pulumi import .* ${id}\\.`),
  );
  expect(await read(id, state)).toMatchObject({ id, state });
});

test("a number that Harbor gave to another registry is not ours", async () => {
  const { id } = await create(endpoint());
  const old = { ...endpoint({ endpointUrl: "http://elsewhere.example" }), registryId: Number(id) };
  expect(await read(id, old)).toBeUndefined();
  const context = contextFor(lab.client);
  await expect(registry.update(context, URN, id, old, old, old, false)).rejects.toThrow(/pulumi refresh/);
  await registry.delete(context, URN, id, old, old);
  expect(context.shown).toEqual([expect.stringMatching(/^warning: .*left alone/)]);
  expect(await registry.read(context, URN, id, {}, {})).toMatchObject({ id });
});

test("a name of digits is imported when no number fits", async () => {
  const { id } = await create(endpoint({ name: "4711" }));
  expect(await registry.read(contextFor(lab.client), URN, "4711", {}, {})).toMatchObject({ id });
});

test("a registry that a project stands on is not deleted", async () => {
  const { id, inputs, state } = await create(endpoint());
  const cache = await checked(project, { name: "stands-on-it", registryId: Number(id) });
  await project.create(contextFor(lab.client), URN, cache, false);
  await expect(registry.delete(contextFor(lab.client), URN, id, inputs, state)).rejects.toThrow(
    /still used by the projects stands-on-it/,
  );
});
