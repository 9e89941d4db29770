/** The whole program on the real engine in the embedded lab: the scenario of `make lab`, and where its secrets go. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { EmbeddedLab } from "../../lab/embedded.ts";
import { scenario } from "../../lab/scenario.ts";
import { ensureEngine, PROJECT_ROOT } from "../../tools/engine.ts";
import { run } from "../../tools/run.ts";
import { filesWithSecrets, secretsIn, watchArguments } from "./secret-watch.ts";

const ADMIN_PASSWORD = `Adm1n-${randomBytes(12).toString("hex")}`;
const DATABASE_PASSWORD = `D4tabase-${randomBytes(12).toString("hex")}`;

let folder: string;
let lab: EmbeddedLab;
let secrets: string[];
let stopWatching: ReturnType<typeof watchArguments>;
let stopLab: () => Promise<number>;
let previewed = "";

/** Files below the lab's folder that hold a secret and that others than their owner may read. */
async function readableSecrets(): Promise<string[]> {
  const entries = await filesWithSecrets(folder, secrets);
  const open: string[] = [];
  for (const entry of entries) {
    const mode = (await stat(entry.replace(/: secret \d+$/, ""))).mode;
    if ((mode & 0o077) !== 0) open.push(entry);
  }
  return open;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "engine-program-"));
  // Read by the lab's modules when they are loaded.
  process.env["HARBOR_CACHE_LAB"] = folder;
  const { startEmbeddedLab } = await import("../../lab/embedded.ts");
  ({ stopLab } = await import("../../lab/down.ts"));
  lab = await startEmbeddedLab(await ensureEngine());
  const { stack } = lab;
  await stack.setConfig("harbor-cache:harbor.adminPassword", ADMIN_PASSWORD, { secret: true });
  await stack.setConfig("harbor-cache:harbor.databasePassword", DATABASE_PASSWORD, { secret: true });
  const privateKey = await readFile(join(folder, "client-key"), "utf8");
  // A line out of its middle: how line breaks are written differs from place to place.
  secrets = [ADMIN_PASSWORD, DATABASE_PASSWORD, privateKey.split("\n")[2] ?? privateKey];
  stopWatching = watchArguments(secrets);
});

afterAll(async () => {
  await stopLab();
  await rm(folder, { recursive: true, force: true });
});

test("a preview from nothing, with everything unknown, shows all of it and touches no machine", async () => {
  const { output } = await lab.stack.mustRun("preview", "--diff");
  previewed = output;
  for (const type of ["command:remote:Command", "harborcache:harbor:Project", "harborcache:nodes:MirrorPool"])
    expect(output).toContain(type);
  expect(existsSync(lab.harbor.installDir)).toBe(false);
  for (const { containers } of lab.nodes)
    expect(await readdir(join(containers, "registries.conf.d"))).toEqual([]);
});

describe("the scenario of make lab", () => {
  for (const step of scenario.slice(0, -1))
    test(step.title, async () => {
      expect(await step.run(lab)).not.toEqual([]);
    });
});

test("the nodes' files wait for the projects that they point at", async () => {
  const state = JSON.parse(await lab.stack.state()) as {
    deployment: { resources: { urn: string; type: string; dependencies?: string[] }[] };
  };
  const pools = state.deployment.resources.filter(({ type }) => type === "harborcache:nodes:MirrorPool");
  expect(pools).toHaveLength(1);
  for (const { dependencies } of pools)
    expect(dependencies?.some((urn) => urn.includes("harborcache:harbor:Project::"))).toBe(true);
});

test("while all of it stands, a secret is in no file that others can read", async () => {
  const held = await filesWithSecrets(folder, secrets);
  // Harbor's own configuration has to hold its passwords: the search does find them.
  expect(held.some((entry) => entry.startsWith(join(lab.harbor.installDir, "harbor.yml")))).toBe(true);
  expect(await readableSecrets()).toEqual([]);
});

describe("the commands for a stack's machine", () => {
  const command = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(
      process.execPath,
      [join(PROJECT_ROOT, "cli/main.ts"), ...args, "--stack", "lab"],
      { env: lab.stack.env, timeout: 120 },
    );
    expect(secretsIn(stdout + stderr, secrets)).toEqual([]);
    return { code, stdout, stderr };
  };
  const healthy = (stdout: string) => (JSON.parse(stdout) as { healthy: boolean }).healthy;

  test("status is healthy, from the stack's outputs alone", async () => {
    const { code, stdout, stderr } = await command("status", "--json");
    expect([stderr, code, healthy(stdout)]).toEqual(["", 0, true]);
  });

  test("stop stops Harbor, and keeps everything that start needs", async () => {
    expect(await command("stop", "--yes")).toMatchObject({ code: 0, stderr: "" });
    const stopped = await command("status", "--json");
    expect([stopped.code, healthy(stopped.stdout)]).toEqual([1, false]);
    // No input of a step has changed.
    expect(await lab.stack.pending()).toEqual({});
    expect(await command("start")).toEqual({ code: 0, stdout: "Harbor runs and is healthy\n", stderr: "" });
  });
});

test("the last step of the scenario: destroy", async () => {
  expect(await scenario.at(-1)?.run(lab)).not.toEqual([]);
});

test("no secret was in the state, its history, logs, previews or any process's arguments", async () => {
  const { found, seen } = await stopWatching();
  expect(seen).toBeGreaterThan(10);
  expect(found).toEqual([]);
  expect(await filesWithSecrets(join(folder, "state"), secrets)).toEqual([]);
  expect(await filesWithSecrets(join(folder, "logs"), secrets)).toEqual([]);
  expect(previewed).toContain("[secret]");
  expect(secretsIn(previewed, secrets)).toEqual([]);
});
