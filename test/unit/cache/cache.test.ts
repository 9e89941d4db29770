import * as pulumi from "@pulumi/pulumi";
import { beforeEach, expect, test } from "vitest";

import { Cache } from "../../../components/cache/cache.ts";
import { retentionWarning } from "../../../components/cache/cache-options.ts";
import type { RegistrySettings } from "../../../config/settings.ts";
import { Provider } from "../../../provider/sdk.ts";
import { recordResources, settled } from "../mocks.ts";
import { registry } from "../nodes/example-registry.ts";
import type { Registered } from "../mocks.ts";

const quay = registry("quay.io");

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

test("what is cached is kept for 30 days after its last pull, without a tag too, or as the settings say", async () => {
  cacheOf(
    quay,
    { ...quay, name: "a", project: "a", cache: { keepDays: "forever" } },
    { ...quay, name: "b", project: "b", cache: { keepDays: 90 } },
  );
  await pulumi.runtime.disconnect();
  const schedule = "0 0 0 * * *";
  expect(ofType("RetentionPolicy").map(({ name, inputs }) => ({ name, inputs }))).toEqual([
    {
      name: "cache-quay.io",
      inputs: { project: "proxy.quay.io", schedule, rules: [{ nDaysSinceLastPull: 30 }] },
    },
    { name: "cache-a", inputs: { project: "a", schedule, rules: [{ alwaysRetain: true }] } },
    { name: "cache-b", inputs: { project: "b", schedule, rules: [{ nDaysSinceLastPull: 90 }] } },
  ]);
});

test("the cache's options are the project's metadata, each as text", async () => {
  const cache = {
    localOnNotFound: true,
    speedKb: 1000,
    maxUpstreamConnections: 5,
    scanOnPull: false,
    blockSeverity: "high",
  } as const;
  await settled(cacheOf({ ...quay, cache }).projects);
  expect(ofType("Project")[0]?.inputs["metadata"]).toEqual({
    proxy_cache_local_on_not_found: "true",
    proxy_speed_kb: "1000",
    max_upstream_conn: "5",
    auto_scan: "false",
    prevent_vul: "true",
    severity: "high",
  });
});

test("a retention that empties the cache before the next rollout is warned of", () => {
  expect(retentionWarning("quay.io", { keepDays: 3 })).toContain(
    "The cache of quay.io keeps an image for 3 days",
  );
  for (const keepDays of [7, 30, "forever", undefined] as const)
    expect(retentionWarning("quay.io", keepDays === undefined ? {} : { keepDays })).toBeUndefined();
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
