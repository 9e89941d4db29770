/** What a program may ask Harbor, against the stand-in and what a real Harbor answered. */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  getProject,
  getRegistry,
  getStatistics,
  getSystemInfo,
} from "../../../provider/harbor/harbor-functions.ts";
import { contextFor } from "./context.ts";
import { startLabHarbor, type LabHarbor } from "./lab-harbor.ts";
import { recordedHarbor } from "./recorded-harbor.ts";

let lab: LabHarbor;
beforeAll(async () => {
  lab = await startLabHarbor();
  const none = () => Promise.resolve(undefined);
  const endpoint = { name: "up", type: "docker-registry", url: lab.upstream.url };
  await lab.client.create("/registries", endpoint, none);
  const proxy = { project_name: "proxy", registry_id: 1, metadata: { public: "true", proxy_speed_kb: "-1" } };
  await lab.client.create("/projects", proxy, none);
});
afterAll(async () => {
  await lab.close();
});

test("system info and statistics", async () => {
  const context = contextFor(lab.client);
  expect(await getSystemInfo.call(context, {})).toEqual({
    version: "2.15.2",
    externalUrl: lab.harbor.url,
    authMode: "db_auth",
    readOnly: false,
  });
  expect(await getStatistics.call(context, {})).toEqual({ projects: 2, repositories: 0, storageBytes: 0 });
});

test("a project and a registry by name", async () => {
  const context = contextFor(lab.client);
  expect(await getRegistry.call(context, { name: "up" })).toEqual({
    registryId: 1,
    name: "up",
    providerName: "docker-registry",
    endpointUrl: lab.upstream.url,
    status: "healthy",
  });
  expect(await getProject.call(context, { name: "proxy" })).toMatchObject({
    name: "proxy",
    projectId: 2,
    public: true,
    registryId: 1,
    metadata: { public: "true", proxy_speed_kb: "-1" },
  });
  expect(Object.keys(await getProject.call(context, { name: "library" }))).not.toContain("registryId");
  await expect(getProject.call(context, { name: "nope" })).rejects.toThrow("Harbor has no project nope.");
  await expect(getRegistry.call(context, { name: "nope" })).rejects.toThrow(
    "Harbor has no registry endpoint nope.",
  );
  await expect(getProject.call(context, { naem: "x" })).rejects.toThrow(
    /^getProject: name: This property is required\.; naem: .*Did you mean 'name'/,
  );
});

test("recorded: system info and statistics of a new Harbor, a project and a registry", async () => {
  const harbor = await recordedHarbor(
    ["07-configurations/17", "01-system/9", "04-registries/62"],
    undefined,
    undefined,
    {
      "/api/v2.0/registries": "/api/v2.0/registries?page_size=0",
    },
  );
  const context = contextFor(harbor.client);
  expect(await getSystemInfo.call(context, {})).toEqual({
    version: "2.15.2",
    externalUrl: "http://127.0.0.1:18080",
    authMode: "oidc_auth",
    readOnly: false,
  });
  expect(await getStatistics.call(context, {})).toEqual({ projects: 1, repositories: 0, storageBytes: 0 });
  expect(await getRegistry.call(context, { name: "local" })).toMatchObject({
    registryId: 1,
    status: "healthy",
  });
  expect(harbor.unexpected()).toEqual([]);
});
