import * as pulumi from "@pulumi/pulumi";
import { beforeEach, expect, test } from "vitest";

import { Cache } from "../../../components/cache/cache.ts";
import type { RegistrySettings } from "../../../config/settings.ts";
import { Provider } from "../../../provider/sdk.ts";
import { recordResources, settled } from "../mocks.ts";
import type { Registered } from "../mocks.ts";

const quay: RegistrySettings = {
  name: "quay.io",
  endpoint: "https://quay.io",
  type: "docker-registry",
  project: "proxy.quay.io",
  public: true,
  quotaBytes: -1,
  insecure: false,
  aliases: [],
};

let registered: Registered[] = [];
beforeEach(async () => {
  registered = await recordResources(({ type }) =>
    type === "harborcache:harbor:Registry" ? { registryId: 7, status: "healthy" } : {},
  );
});

const cacheOf = (...registries: RegistrySettings[]) => {
  const provider = new Provider("harbor", { url: "https://h.example.com", username: "admin", password: "p" });
  return new Cache("cache", { registries, provider, harbor: provider });
};
const ofType = (type: string) =>
  registered.filter((resource) => resource.type === `harborcache:harbor:${type}`);

test("an upstream becomes one endpoint and one proxy-cache project over it", async () => {
  const { value } = await settled(cacheOf(quay).projects);
  expect(value).toEqual({ "quay.io": "proxy.quay.io" });
  expect(ofType("Registry").map(({ name, inputs }) => ({ name, inputs }))).toEqual([
    {
      name: "cache-quay.io",
      inputs: {
        name: "quay.io",
        providerName: "docker-registry",
        endpointUrl: "https://quay.io",
        description: "Upstream of the project proxy.quay.io, managed by harbor-cache",
        insecure: false,
      },
    },
  ]);
  expect(ofType("Project").map(({ name, inputs }) => ({ name, inputs }))).toEqual([
    {
      name: "cache-quay.io",
      inputs: { name: "proxy.quay.io", registryId: 7, public: true, storageQuota: -1, forceDestroy: true },
    },
  ]);
});

test("both use the explicit connection, never a default provider", async () => {
  await settled(cacheOf(quay).projects);
  for (const resource of [...ofType("Registry"), ...ofType("Project")])
    expect(resource.provider).toMatch(/pulumi:providers:harborcache::harbor::harbor-id$/);
});

test("credentials and a CA go to the endpoint only, the password as a secret", async () => {
  const ca = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
  const password = pulumi.secret("geheim");
  await settled(
    cacheOf({ ...quay, credentials: { username: "bot", password }, public: false, caCertificate: ca })
      .projects,
  );
  expect(ofType("Registry")[0]?.inputs).toMatchObject({ accessId: "bot", caCertificate: ca });
  expect(JSON.stringify(ofType("Registry")[0]?.inputs["accessSecret"])).toContain("geheim");
  expect(JSON.stringify(ofType("Project"))).not.toContain("geheim");
});

test("an endpoint of another type has another name, so that it can be made beside the old one", async () => {
  const name = `${"a".repeat(60)}.example.com`;
  const others = [{ name: "docker.io", type: "docker-hub" }, { name }, { name, type: "harbor" }] as const;
  await settled(cacheOf(quay, ...others.map((other) => ({ ...quay, ...other }))).projects);
  expect(ofType("Registry").map(({ inputs }) => inputs["name"])).toEqual([
    "quay.io",
    "docker.io (docker-hub)",
    `${"a".repeat(55)}-43c9a14c`,
    `${"a".repeat(55)}-72e0e84e`,
  ]);
});

test("no registry, nothing made", async () => {
  const { value } = await settled(cacheOf().projects);
  expect(value).toEqual({});
  expect(registered.filter(({ type }) => type.startsWith("harborcache:harbor:"))).toEqual([]);
});
