import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { HarborOptions } from "../../../lab/harbor/app.ts";
import { checkAllEndpoints } from "../../../lab/harbor/endpoint-health.ts";
import type { Harbor } from "../../../lab/harbor/harbor.ts";
import { startHarbor } from "../../../lab/harbor/harbor.ts";
import { readAll } from "../../../lab/upstream/http-client.ts";
import { makeImage, pushImage } from "../../../lab/upstream/image.ts";
import { ask, basic } from "../../../lab/upstream/registry-client.ts";
import type { Upstream } from "../../../lab/upstream/server.ts";
import { startUpstream } from "../../../lab/upstream/server.ts";
import { ManualSchedule } from "./surroundings.ts";

const ADMIN = { username: "admin", password: "Harbor12345" };
const PULLER = { username: "puller", password: "pullerpw" };
const TAG = "/v2/cache/library/hello/manifests/1.0";
const image = makeImage("hello");
const byDigest = (digest: string): string => `/v2/cache/library/hello/manifests/${digest}`;

let dir: string;
let upstream: Upstream;
let harbor: Harbor;
let background: ManualSchedule;

async function start(options: Partial<HarborOptions> = {}): Promise<void> {
  background = new ManualSchedule();
  harbor = await startHarbor({
    adminPassword: ADMIN.password,
    dataDir: path.join(dir, "harbor"),
    accessLog: path.join(dir, "access.log"),
    cachingDelayMs: 1000,
    wrongPasswordDelayMs: 20,
    schedule: background.schedule,
    ...options,
  });
}

async function api(method: string, url: string, body?: unknown, credentials = ADMIN) {
  const response = await fetch(`${harbor.url}/api/v2.0${url}`, {
    method,
    headers: { authorization: basic(credentials), "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
}

async function pull(url: string, method = "GET", headers: Record<string, string> = {}) {
  const answer = await ask({ url: harbor.url }, url, { method, headers });
  const { status } = answer;
  return { status, digest: answer.headers["docker-content-digest"], body: await readAll(answer.body) };
}

async function pullBlobs(): Promise<void> {
  for (const { digest, content } of image.blobs) {
    const { body } = await pull(`/v2/cache/library/hello/blobs/${digest}`);
    expect(body).toEqual(content);
  }
}

beforeEach(async () => {
  dir = mkdtempSync(path.join(tmpdir(), "pull-through-"));
  upstream = await startUpstream({ dataDir: path.join(dir, "upstream"), auth: PULLER });
  await pushImage({ url: upstream.url, credentials: PULLER }, "library/hello", "1.0", image);
  await start();
  const credential = { type: "basic", access_key: PULLER.username, access_secret: PULLER.password };
  const registry = { name: "up", type: "docker-registry", url: upstream.url, credential };
  expect(await api("POST", "/registries", registry)).toMatchObject({ status: 201 });
  const project = { project_name: "cache", registry_id: 1, metadata: { public: "true" } };
  expect(await api("POST", "/projects", project)).toMatchObject({ status: 201 });
});

afterEach(async () => {
  await harbor.close();
  await upstream.close();
  rmSync(dir, { recursive: true, force: true });
});

/** What warms the cache for an outage: HEAD by tag, then everything by digest. */
async function warm(): Promise<void> {
  const { digest } = await pull(TAG, "HEAD");
  expect(digest).toBe(image.index.digest);
  expect((await pull(byDigest(image.index.digest))).body).toEqual(image.index.content);
  for (const manifest of image.manifests) await pull(byDigest(manifest.digest));
  await pullBlobs();
  await background.advance(5000);
}

test("an image pulled by HEAD and digests outlives the upstream and a restart", async () => {
  await warm();
  await upstream.close();
  await harbor.close();
  await start();
  const index = await pull(TAG);
  expect(index.status).toBe(200);
  expect(index.digest).not.toBe(image.index.digest);
  for (const { digest, content } of image.manifests)
    expect((await pull(byDigest(digest))).body).toEqual(content);
  await pullBlobs();
  expect((await pull(byDigest(image.index.digest))).status).toBe(404);
});

test("an index pulled by tag only has no tag in the cache, even where HEAD comes later", async () => {
  await pull(TAG);
  for (const { digest } of image.manifests) await pull(byDigest(digest));
  await pullBlobs();
  await background.advance(5000);
  await pull(TAG, "HEAD");
  await background.advance(60_000);
  const artifacts = await api("GET", "/projects/cache/repositories/library%252Fhello/artifacts");
  expect(artifacts.body).toMatchObject([{ tags: null, references: [{}, {}] }]);
  await upstream.close();
  expect((await pull(TAG)).status).toBe(404);
});

test("an index got by tag after a HEAD has no tag either: Harbor loses track of its new digest", async () => {
  await pull(TAG, "HEAD");
  await pull(TAG);
  for (const { digest } of image.manifests) await pull(byDigest(digest));
  await pullBlobs();
  await background.advance(60_000);
  const artifacts = await api("GET", "/projects/cache/repositories/library%252Fhello/artifacts");
  expect(artifacts.body).toMatchObject([{ tags: null, references: [{}, {}] }]);
});

test("of an index of which one image was pulled, that one is cached in the end", async () => {
  const [manifest] = image.manifests;
  await pull(byDigest(image.index.digest));
  await pull(byDigest(manifest?.digest ?? ""));
  await background.advance(19_500);
  const url = "/projects/cache/repositories/library%252Fhello/artifacts";
  expect((await api("GET", url)).body).toMatchObject([{ digest: manifest?.digest }]);
  await background.advance(1000);
  expect((await api("GET", url)).body).toMatchObject([{ references: [{ child_digest: manifest?.digest }] }]);
});

test("the access log shows who asked for what and where it came from", async () => {
  await pull(TAG, "GET", { "user-agent": "cri-o/1.36" });
  await warm();
  await pull(byDigest(image.manifests[0]?.digest ?? ""), "GET", { "user-agent": "cri-o/1.36" });
  const lines = await vi.waitFor(() => {
    const found = readFileSync(path.join(dir, "access.log"), "utf8").split("\n");
    expect(found.filter((line) => line.includes("cri-o/1.36") && line.includes("served=cache"))).toHaveLength(
      1,
    );
    return found;
  });
  const [first = ""] = lines.filter((line) => line.includes(`"GET ${TAG} HTTP/1.1" 200`));
  expect(first).toMatch(
    /^\S+Z proxy\[\d+\]: 127\.0\.0\.1 - "GET \S+ HTTP\/1\.1" 200 \d+ "-" "cri-o\/1\.36" \d\.\d+ served=upstream$/,
  );
});

test("a cached blob is served in parts", async () => {
  await warm();
  const [blob] = image.blobs;
  const url = `/v2/cache/library/hello/blobs/${blob?.digest ?? ""}`;
  const part = await pull(url, "GET", { range: "bytes=3-9" });
  expect(part.status).toBe(206);
  expect(part.body).toEqual(blob?.content.subarray(3, 10));
  expect((await pull(url, "GET", { range: "bytes=999999-" })).status).toBe(416);
});

test("a blob that the upstream spoils is not cached", async () => {
  const complaint = vi.spyOn(console, "error").mockReturnValue(undefined);
  const [blob] = image.blobs;
  const digest = blob?.digest ?? "";
  writeFileSync(path.join(dir, "upstream", "blobs", digest.replace(":", "-")), "spoiled");
  const url = `/v2/cache/library/hello/blobs/${digest}`;
  await pull(url);
  await background.advance(5000);
  expect((await pull(url, "HEAD")).status).toBe(404);
  expect(complaint.mock.calls.flat().join(" ")).toContain("DigestMismatchError");
  complaint.mockRestore();
});

test("an upstream found unhealthy is not asked until an update of the registry", async () => {
  const { port } = upstream;
  await upstream.close();
  await checkAllEndpoints(harbor.app);
  upstream = await startUpstream({ port, dataDir: path.join(dir, "upstream"), auth: PULLER });
  expect((await pull(TAG)).status).toBe(404);
  expect(upstream.requests).toEqual([]);
  expect((await api("PUT", "/registries/1", { description: "again" })).status).toBe(200);
  expect((await pull(TAG)).status).toBe(200);
});

test("a private project needs a login", async () => {
  await api("PUT", "/projects/cache", { metadata: { public: "false" } });
  expect((await pull(TAG)).status).toBe(401);
  const answer = await ask({ url: harbor.url, credentials: ADMIN }, TAG);
  answer.body.resume();
  expect(answer.status).toBe(200);
});

test("a project with cached images is deleted after its repositories", async () => {
  await warm();
  expect((await api("DELETE", "/projects/cache")).status).toBe(412);
  expect((await api("DELETE", "/projects/cache/repositories/library%252Fhello")).status).toBe(200);
  expect((await api("DELETE", "/projects/cache")).status).toBe(200);
  expect((await api("DELETE", "/registries/1")).status).toBe(200);
});

test("the first start's password counts, and no password lies in the data folder", async () => {
  await harbor.close();
  await start({ adminPassword: "Changed12345" });
  expect((await api("GET", "/users/current")).status).toBe(200);
  expect((await api("GET", "/users/current", undefined, { ...ADMIN, password: "Changed12345" })).status).toBe(
    401,
  );
  const database = readFileSync(path.join(dir, "harbor", "database", "harbor-standin.json"), "utf8");
  expect(database).not.toContain(ADMIN.password);
  expect(database).not.toContain(PULLER.password);
});

test("while a wrong password is held back the right one is refused too", async () => {
  await harbor.close();
  await start({ wrongPasswordDelayMs: 300 });
  const wrong = api("GET", "/users/current", undefined, { ...ADMIN, password: "wrong" });
  await vi.waitFor(async () => {
    expect((await api("GET", "/users/current")).status).toBe(401);
  });
  expect((await wrong).status).toBe(401);
  expect((await api("GET", "/users/current")).status).toBe(200);
});

test("parts of the API that are not built say so, after the checks that Harbor makes", async () => {
  const answer = await api("POST", "/ldap/ping", {});
  expect(answer).toMatchObject({
    status: 501,
    body: {
      errors: [{ code: "NOT_IMPLEMENTED", message: "stand-in: not implemented: POST /api/v2.0/ldap/ping" }],
    },
  });
  expect((await api("GET", "/jobservice/pools", undefined, { ...ADMIN, password: "wrong" })).status).toBe(
    401,
  );
});
