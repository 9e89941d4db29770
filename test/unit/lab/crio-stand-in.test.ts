import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, expect, test } from "vitest";

import { loadRegistries } from "../../../lab/machine/crio/registries-conf.ts";
import { run } from "../../../tools/run.ts";

const PROGRAMS = fileURLToPath(new URL("../../../lab/machine/bin/", import.meta.url));
const GOOD = `
[[registry]]
prefix = "docker.io"
location = "docker.io"
unknown-key = "is ignored"
[[registry.mirror]]
location = "harbor.example.com/proxy.docker.io"
`;
let node: string;
let containers: string;

beforeEach(async () => {
  node = await mkdtemp(join(tmpdir(), "crio-stand-in-"));
  containers = join(node, "etc/containers");
  await mkdir(join(containers, "registries.conf.d"), { recursive: true });
});
afterEach(() => rm(node, { recursive: true }));

const dropIn = (name: string, text: string) => writeFile(join(containers, "registries.conf.d", name), text);
const program = (name: string, ...args: string[]) =>
  run(join(PROGRAMS, name), args, { env: { ...process.env, LAB_MACHINE: node } });
const systemctl = (...args: string[]) => program("systemctl", ...args);

test("a later file replaces the whole table of a prefix, in one file the first wins", async () => {
  await dropIn("10-a.conf", GOOD);
  await dropIn("50-b.conf", `${GOOD.replace("harbor.", "second.")}${GOOD.replace("harbor.", "third.")}`);
  await dropIn("60-c.conf.new", "not read");
  const [only, ...others] = loadRegistries(containers);
  expect(others).toEqual([]);
  expect(only?.mirrors).toEqual([
    { location: "second.example.com/proxy.docker.io", insecure: false, use: "all" },
  ]);
});

test.each([
  ["[[registry", "50-bad.conf"],
  ['[[registry]]\nlocation = "https://docker.io"', "scheme"],
  ['[registries.search]\nregistries = ["docker.io"]', "old format"],
  [
    '[[registry]]\nlocation = "a.example"\n[[registry.mirror]]\ninsecure = true',
    "registry.0.mirror.0.location",
  ],
  ['[[registry]]\nlocation = "a.example"\npull-from-mirror = "all"', "mirrors only"],
  ['[[registry]]\nprefix = "a.example"', "needs a location"],
  [
    '[[registry]]\nprefix = "a"\nlocation = "x"\n[[registry]]\nprefix = "b"\nlocation = "x"\ninsecure = true',
    "conflicting settings",
  ],
])("%j is refused", async (text, words) => {
  await dropIn("50-bad.conf", text);
  expect(() => loadRegistries(containers)).toThrow(words);
});

test("a reload takes good files; broken ones are only logged and the old configuration stays", async () => {
  const log = () => readFile(join(node, "log/crio.log"), "utf8");
  const loaded = () => readFile(join(node, "run/crio-registries.json"), "utf8");
  await dropIn("50-a.conf", GOOD);
  expect((await systemctl("reload", "crio")).code).toBe(0);
  expect(await log()).toContain("docker.io -> harbor.example.com/proxy.docker.io");
  const before = await loaded();
  await dropIn("60-b.conf", "[[registry");
  expect((await systemctl("reload", "crio")).code).toBe(0);
  expect(await log()).toMatch(/level=error .*60-b\.conf/);
  expect(await loaded()).toBe(before);
  expect((await systemctl("is-active", "--quiet", "crio")).code).toBe(0);
});

test("a broken file keeps it from starting again, and a mended one doesn't", async () => {
  await dropIn("50-a.conf", "[[registry");
  expect(await systemctl("restart", "crio")).toMatchObject({
    code: 1,
    stderr: "Job for crio.service failed because the control process exited with error code.\n",
  });
  expect((await systemctl("is-active", "--quiet", "crio")).code).toBe(3);
  expect(await systemctl("is-active", "crio")).toMatchObject({ code: 3, stdout: "failed\n" });
  await dropIn("50-a.conf", GOOD);
  expect((await systemctl("restart", "crio")).code).toBe(0);
  expect(await systemctl("is-active", "crio")).toMatchObject({ code: 0, stdout: "active\n" });
});

test("another unit or verb is an error", async () => {
  expect(await systemctl("stop", "crio")).toMatchObject({
    code: 1,
    stderr: "stand-in: unknown systemctl arguments: stop crio\n",
  });
});

test("journalctl prints the end of its log, asked by the one command that the program uses", async () => {
  const usual = ["-u", "crio", "-q", "-n", "500", "-o", "short-precise", "--no-pager"];
  expect(await program("journalctl", ...usual)).toMatchObject({ code: 0, stdout: "" });
  await dropIn("50-a.conf", "[[registry");
  await systemctl("reload", "crio");
  const { stdout } = await program("journalctl", ...usual);
  expect(stdout).toMatch(
    /^[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d\.\d{6} \S+ crio\[\d+\]: time="\S+" level=error msg=".*50-a\.conf/,
  );
  expect((await program("journalctl", "-u", "kubelet")).code).toBe(1);
});
