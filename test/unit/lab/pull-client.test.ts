import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { pullImage } from "../../../lab/client/pull.ts";
import { sourcesOf } from "../../../lab/client/sources.ts";
import { loadRegistries } from "../../../lab/machine/crio/registries-conf.ts";
import { makeImage, pushImage } from "../../../lab/upstream/image.ts";
import { startUpstream } from "../../../lab/upstream/server.ts";

let folder: string;
let upstream: Awaited<ReturnType<typeof startUpstream>>;
let mirror: Awaited<ReturnType<typeof startUpstream>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pull-client-"));
  await mkdir(join(folder, "registries.conf.d"));
  upstream = await startUpstream({});
  mirror = await startUpstream({ auth: { username: "u", password: "p", scheme: "token" } });
  await pushImage(upstream.url, "library/hello", "1", makeImage("hello"));
});
afterAll(async () => {
  await upstream.close();
  await mirror.close();
  await rm(folder, { recursive: true, force: true });
});

const dropIn = (name: string, text: string) => writeFile(join(folder, "registries.conf.d", name), text);
const table = (mirrorHost: string) => `
[[registry]]
prefix = "docker.io"
location = "127.0.0.1:${upstream.port}"
insecure = true
[[registry.mirror]]
location = "${mirrorHost}/proxy.docker.io"
insecure = true
`;

const configuration = () => ({ registries: loadRegistries(folder), containers: folder });

test("mirrors come first, the location last, and the prefix is cut off", async () => {
  await dropIn("50-a.conf", table("127.0.0.1:1"));
  expect(sourcesOf(loadRegistries(folder), "docker.io/library/hello")).toEqual([
    { repository: "127.0.0.1:1/proxy.docker.io/library/hello", insecure: true },
    { repository: `127.0.0.1:${upstream.port}/library/hello`, insecure: true },
  ]);
  expect(sourcesOf(loadRegistries(folder), "docker.io.example/x")).toEqual([
    { repository: "docker.io.example/x", insecure: false },
  ]);
});

test("a later file of the same prefix replaces an earlier one", async () => {
  await dropIn("40-a.conf", table("127.0.0.1:2"));
  const [first] = sourcesOf(loadRegistries(folder), "docker.io/library/hello");
  expect(first?.repository).toBe("127.0.0.1:1/proxy.docker.io/library/hello");
});

test("a mirror that refuses the connection leads to the location", async () => {
  await dropIn("50-a.conf", table("127.0.0.1:1"));
  const pulled = await pullImage(configuration(), "docker.io/library/hello:1");
  expect(pulled.from).toBe(`127.0.0.1:${upstream.port}/library/hello`);
  expect(pulled.size).toBeGreaterThan(0);
});

test("a mirror that has the image serves it, one that refuses the login doesn't", async () => {
  await dropIn("50-a.conf", table(`127.0.0.1:${mirror.port}`));
  expect((await pullImage(configuration(), "docker.io/library/hello:1")).from).toContain(
    `:${upstream.port}/`,
  );
  await dropIn("50-a.conf", table(`127.0.0.1:${upstream.port}`));
  await pushImage(upstream.url, "proxy.docker.io/library/hello", "1", makeImage("from the mirror"));
  const pulled = await pullImage(configuration(), "docker.io/library/hello:1");
  expect(pulled.from).toBe(`127.0.0.1:${upstream.port}/proxy.docker.io/library/hello`);
});

test("what nobody has is an error that names every place", async () => {
  await expect(pullImage(configuration(), "docker.io/library/none:1")).rejects.toThrow(
    new RegExp(`proxy.docker.io/library/none.*404[^]*:${upstream.port}/library/none.*404`),
  );
});
