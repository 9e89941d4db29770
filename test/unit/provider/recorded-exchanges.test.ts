/** The resources against what a real Harbor answered. */
import { expect, test } from "vitest";
import { project } from "../../../provider/harbor/project.ts";
import { registry } from "../../../provider/harbor/registry.ts";
import { checked, contextFor, URN } from "./context.ts";
import { recordedHarbor } from "./recorded-harbor.ts";

const local = {
  name: "local",
  providerName: "docker-registry",
  endpointUrl: "http://127.0.0.1:15001",
  description: "loopback",
  insecure: true,
};

test("a registry is created and read back", async () => {
  const harbor = await recordedHarbor(["04-registries/16", "04-registries/66"]);
  const created = await registry.create(
    contextFor(harbor.client),
    URN,
    await checked(registry, local),
    false,
  );
  expect(created).toEqual({ id: "1", state: { ...local, registryId: 1, status: "healthy" } });
  expect(harbor.unexpected()).toEqual([]);
});

test("a registry that Harbor can't reach is explained", async () => {
  const harbor = await recordedHarbor(["04-registries/8"]);
  const inputs = await checked(registry, {
    name: "quay",
    providerName: "docker-registry",
    endpointUrl: "https://quay.io",
  });
  await expect(registry.create(contextFor(harbor.client), URN, inputs, false)).rejects.toThrow(
    /Harbor itself, not this machine, has to reach https:\/\/quay\.io.*resolve.*proxy.*caCertificate.*400 to POST \/api\/v2\.0\/registries: the registry is unhealthy/,
  );
  expect(harbor.unexpected()).toEqual([]);
});

test("docker-hub with credentials and no way out is a bare 500, explained all the same", async () => {
  const harbor = await recordedHarbor(["04-registries/7"]);
  const inputs = await checked(registry, {
    name: "hub",
    providerName: "docker-hub",
    endpointUrl: "https://hub.docker.com",
    accessId: "u",
    accessSecret: "p",
  });
  await expect(registry.create(contextFor(harbor.client), URN, inputs, false)).rejects.toThrow(
    /has to reach https:\/\/registry-1\.docker\.io.*accessId and accessSecret right/,
  );
  expect(harbor.unexpected()).toEqual([]);
});

test("a refresh keeps the secret that Harbor masks", async () => {
  const harbor = await recordedHarbor(["04-registries/67"]);
  const inputs = {
    name: "auth-good",
    providerName: "docker-registry",
    endpointUrl: "http://127.0.0.1:15002",
    accessId: "puller",
    accessSecret: "pullerpw",
    insecure: false,
  };
  const state = { ...inputs, registryId: 9, status: "healthy" };
  expect(await registry.read(contextFor(harbor.client), URN, "9", inputs, state)).toEqual({
    id: "9",
    inputs,
    state,
  });
  expect(harbor.unexpected()).toEqual([]);
});

test("a refresh shows credentials that were cleared in Harbor", async () => {
  const harbor = await recordedHarbor(["04-registries/91"]);
  const inputs = {
    name: "auth-good",
    providerName: "docker-registry",
    endpointUrl: "http://127.0.0.1:15002",
    accessId: "puller",
    accessSecret: "pullerpw",
    insecure: false,
  };
  const read = await registry.read(contextFor(harbor.client), URN, "9", inputs, inputs);
  expect(Object.keys(registry.diff("9", read?.inputs ?? {}, {}, inputs).detailed)).toEqual([
    "description",
    "accessId",
    "accessSecret",
  ]);
});

test("a registry that is gone is gone, by number and by name", async () => {
  const byNumber = await recordedHarbor(["04-registries/69"]);
  expect(await registry.read(contextFor(byNumber.client), URN, "9999", local, local)).toBeUndefined();
  expect(byNumber.unexpected()).toEqual([]);
  const byName = await recordedHarbor(["04-registries/62"]);
  expect(await registry.read(contextFor(byName.client), URN, "nope", {}, {})).toBeUndefined();
  expect(byName.unexpected()).toEqual([]);
});

test("a registry is imported by its name", async () => {
  const harbor = await recordedHarbor(["04-registries/62"]);
  const read = await registry.read(contextFor(harbor.client), URN, "local", {}, {});
  expect(read).toEqual({ id: "1", inputs: local, state: { ...local, registryId: 1, status: "healthy" } });
});

test("a registry in use tells by what", async () => {
  const harbor = await recordedHarbor(["04-registries/66", "04-registries/100", "05-projects/61"]);
  await expect(registry.delete(contextFor(harbor.client), URN, "1", local, local)).rejects.toThrow(
    /local is still used by the projects .*proxy\.local.*412/,
  );
  expect(harbor.unexpected()).toEqual([]);
});

const proxy = {
  name: "proxy.local",
  registryId: 1,
  public: true,
  storageQuota: -1,
  forceDestroy: false,
};

test("a proxy-cache project is created and read back", async () => {
  const harbor = await recordedHarbor(["05-projects/3", "05-projects/46", "06-quotas/2"]);
  const created = await project.create(contextFor(harbor.client), URN, await checked(project, proxy), false);
  expect(created).toEqual({ id: "proxy.local", state: { ...proxy, projectId: 2 } });
  expect(harbor.unexpected()).toEqual([]);
});

test("a change of the quota goes through /quotas", async () => {
  const harbor = await recordedHarbor(["05-projects/46", "06-quotas/2", "06-quotas/9"]);
  const news = { ...proxy, storageQuota: 10737418240 };
  const state = await project.update(
    contextFor(harbor.client),
    URN,
    "proxy.local",
    proxy,
    proxy,
    news,
    false,
  );
  expect(state).toEqual({ ...news, projectId: 2 });
  expect(harbor.unexpected()).toEqual([]);
});

test("an import of a project is clean, and shows no metadata that Harbor sets itself", async () => {
  const harbor = await recordedHarbor(["05-projects/46", "06-quotas/2"]);
  const read = await project.read(contextFor(harbor.client), URN, "proxy.local", {}, {});
  expect(read).toEqual({ id: "proxy.local", inputs: proxy, state: { ...proxy, projectId: 2 } });
  expect(project.diff("proxy.local", read?.inputs ?? {}, {}, await checked(project, proxy)).detailed).toEqual(
    {},
  );
});

test("a project whose name is digits is not taken for an id", async () => {
  const harbor = await recordedHarbor(["05-projects/50"]);
  const read = project.read(contextFor(harbor.client), URN, "12345", { name: "12345" }, { name: "12345" });
  await expect(read).rejects.toThrow(/418/); // only its quota was not recorded
  expect(harbor.unexpected()).toEqual([
    "GET /api/v2.0/quotas?reference=project&reference_id=11 : nothing more was expected (end)",
  ]);
});

test("a project that is gone needs no deletion", async () => {
  const harbor = await recordedHarbor(["05-projects/47"]);
  await project.delete(contextFor(harbor.client), URN, "nope", {}, {});
  expect(harbor.unexpected()).toEqual([]);
});

test("a wrong password is found out before anything else, and not guessed again", async () => {
  const refused = ["02-auth-failures/13", "02-auth-failures/17"];
  const harbor = await recordedHarbor([], "wrong", refused);
  const context = contextFor(harbor.client);
  const reads = [1, 2, 3].map((id) => registry.read(context, URN, String(id), local, local));
  for (const read of await Promise.allSettled(reads)) {
    expect(read).toMatchObject({ status: "rejected" });
    expect(String((read as PromiseRejectedResult).reason)).toMatch(/401 to GET .*password is wrong/);
  }
  expect(harbor.unexpected()).toEqual([]);
});
