import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { digestOf } from "../../../lab/upstream/blob-store.ts";
import { readAll } from "../../../lab/upstream/http-client.ts";
import { makeImage, pushBlob, pushImage } from "../../../lab/upstream/image.ts";
import type { Endpoint } from "../../../lab/upstream/registry-client.ts";
import { ask } from "../../../lab/upstream/registry-client.ts";
import type { Upstream, UpstreamOptions } from "../../../lab/upstream/server.ts";
import { startUpstream } from "../../../lab/upstream/server.ts";

const image = makeImage("hello");
let dataDir: string;
let running: Upstream[];

beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), "upstream-test-"));
  running = [];
});
afterEach(async () => {
  for (const upstream of running) await upstream.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(options: UpstreamOptions = {}): Promise<Upstream> {
  const upstream = await startUpstream({ dataDir, ...options });
  running.push(upstream);
  return upstream;
}

async function get(endpoint: Endpoint, url: string, headers: Record<string, string> = {}) {
  const answer = await ask(endpoint, url, { headers });
  return { status: answer.status, headers: answer.headers, body: await readAll(answer.body) };
}

test("an image that is pushed can be pulled by tag and by digest, whole and in part", async () => {
  const upstream = await start();
  await pushImage(upstream.url, "library/hello", "1.0", image);
  const byTag = await get(upstream, "/v2/library/hello/manifests/1.0");
  expect(byTag.body).toEqual(image.index.content);
  expect(byTag.headers["docker-content-digest"]).toBe(image.index.digest);
  expect((await get(upstream, `/v2/library/hello/manifests/${image.index.digest}`)).body).toEqual(
    image.index.content,
  );
  for (const blob of image.blobs) {
    expect((await get(upstream, `/v2/library/hello/blobs/${blob.digest}`)).body).toEqual(blob.content);
  }
  const [blob] = image.blobs;
  const part = await get(upstream, `/v2/library/hello/blobs/${blob?.digest ?? ""}`, { range: "bytes=2-5" });
  expect(part.status).toBe(206);
  expect(part.body).toEqual(blob?.content.subarray(2, 6));
  expect(JSON.parse((await get(upstream, "/v2/library/hello/tags/list")).body.toString())).toEqual({
    name: "library/hello",
    tags: ["1.0"],
  });
  expect(upstream.requests.at(-1)).toMatchObject({
    method: "GET",
    path: "/v2/library/hello/tags/list",
    status: 200,
  });
});

test("what isn't there is 404, and a blob under a wrong digest is refused", async () => {
  const upstream = await start();
  expect((await get(upstream, "/v2/library/hello/manifests/1.0")).status).toBe(404);
  expect((await get(upstream, `/v2/library/hello/blobs/${digestOf("x")}`)).status).toBe(404);
  await expect(pushBlob(upstream, "a", { digest: digestOf("x"), content: Buffer.from("y") })).rejects.toThrow(
    "DIGEST_INVALID",
  );
  expect((await get(upstream, `/v2/a/blobs/${digestOf("x")}`)).status).toBe(404);
});

test("it keeps its content over a restart", async () => {
  const first = await start();
  await pushImage(first.url, "library/hello", "1.0", image);
  await first.close();
  const second = await start({ port: first.port });
  expect((await get(second, "/v2/library/hello/manifests/1.0")).body).toEqual(image.index.content);
});

test.each(["basic", "token"] as const)("credentials are asked for by %s", async (scheme) => {
  const credentials = { username: "puller", password: "secret" };
  const upstream = await start({ auth: { ...credentials, scheme } });
  await pushImage({ url: upstream.url, credentials }, "library/hello", "1.0", image);
  const { url } = upstream;
  const pull = "/v2/library/hello/manifests/1.0";
  expect((await get({ url, credentials }, pull)).status).toBe(200);
  expect((await get({ url }, pull)).status).toBe(401);
  expect((await get({ url, credentials: { ...credentials, password: "wrong" } }, pull)).status).toBe(401);
});

test("an image's layer is a tar archive with the file, its own for each architecture", () => {
  const texts = image.blobs
    .filter(({ content }) => content[0] === 0x1f)
    .map(({ content }) => {
      const archive = gunzipSync(content);
      const sum = parseInt(archive.toString("ascii", 148, 154), 8);
      const header = Buffer.from(archive.subarray(0, 512)).fill(" ", 148, 156);
      expect(sum).toBe(header.reduce((total, byte) => total + byte, 0));
      const size = parseInt(archive.toString("ascii", 124, 135), 8);
      return [archive.toString("ascii", 0, 9), archive.toString("utf8", 512, 512 + size)];
    });
  expect(texts).toEqual([
    ["hello.txt", "hello amd64\n"],
    ["hello.txt", "hello arm64\n"],
  ]);
});
