import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, expect, test } from "vitest";

import { makeImage, pushImage } from "../../../lab/upstream/image.ts";
import { startUpstream } from "../../../lab/upstream/server.ts";
import { run } from "../../../tools/run.ts";

const PROGRAMS = fileURLToPath(new URL("../../../lab/machine/bin/", import.meta.url));

let node: string;
let upstream: Awaited<ReturnType<typeof startUpstream>>;
beforeAll(async () => {
  node = await mkdtemp(join(tmpdir(), "crictl-stand-in-"));
  await mkdir(join(node, "etc/containers/registries.conf.d"), { recursive: true });
  upstream = await startUpstream({});
  await pushImage(upstream.url, "cache/team/hello", "1", makeImage("hello"));
});
afterAll(async () => {
  await upstream.close();
  await rm(node, { recursive: true });
});

const program = (name: string, ...args: string[]) =>
  run(join(PROGRAMS, name), args, { env: { ...process.env, LAB_MACHINE: node } });
const crictl = (...args: string[]) => program("crictl", ...args);

test("it pulls by what the runtime read last, keeps the image, shows and removes it", async () => {
  const image = "registry.example.com/team/hello:1";
  const mirror = `location = "127.0.0.1:${upstream.port}/cache"\ninsecure = true`;
  await writeFile(
    join(node, "etc/containers/registries.conf.d/50-a.conf"),
    `[[registry]]\nlocation = "registry.example.com"\nblocked = true\n[[registry.mirror]]\n${mirror}\n`,
  );
  expect((await program("systemctl", "reload", "crio")).code).toBe(0);
  // Not read again before the next reload.
  await rm(join(node, "etc/containers/registries.conf.d/50-a.conf"));

  expect(await crictl("inspecti", image)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(
      String.raw`level=fatal msg="no such image \"${image}\" present"`,
    ) as string,
  });
  expect(await crictl("pull", image)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /^Image is up to date for registry\.example\.com\/team\/hello@sha256:/,
    ) as string,
  });
  expect((await crictl("inspecti", image)).stdout).toContain(`"${image}"`);
  expect(await readFile(join(node, "log/crio.log"), "utf8")).toContain(
    String.raw`Trying to access \"127.0.0.1:${upstream.port}/cache/team/hello\"`,
  );

  expect(await crictl("rmi", image)).toMatchObject({ code: 0, stdout: `Deleted: ${image}\n` });
  expect(await crictl("rmi", image)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`level=fatal msg="no such image ${image}"`) as string,
  });
  const missing = await crictl("pull", "registry.example.com/team/none:1");
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("404") as string });
  // The location is blocked.
  expect(missing.stderr).not.toContain("registry.example.com/team/none: ");
});

test("it is strict, and needs a runtime that runs", async () => {
  expect((await crictl("pull", "short-name")).stderr).toContain("unknown crictl arguments");
  expect((await crictl("rmi", "--prune")).stderr).toContain("unknown crictl arguments");
  await writeFile(join(node, "run/crio-failed"), "");
  expect((await crictl("pull", "registry.example.com/team/hello:1")).stderr).toContain("crio.sock");
  expect(existsSync(join(node, "storage/images.json"))).toBe(true);
});
