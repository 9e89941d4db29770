/** An example and wrong settings on the real engine, as somebody who begins sees them; policy.test.ts has the other. */
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { ensureEngine, PROJECT_ROOT } from "../../tools/engine.ts";
import type { Engine } from "../../tools/engine.ts";
import { Stack } from "../../tools/stack.ts";
import { forgetSshFiles } from "../ssh-files.ts";

let folder: string;
let engine: Engine;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "engine-examples-"));
  engine = await ensureEngine();
});
afterAll(async () => {
  // The machine of Pulumi.onprem.yaml, the first that it names.
  const example = await readFile(join(PROJECT_ROOT, "Pulumi.onprem.yaml"), "utf8");
  await forgetSshFiles(/^ +hostKey: (.+)$/m.exec(example)?.[1] ?? "");
  await rm(folder, { recursive: true, force: true });
});

/** A new stack on a copy of `Pulumi.<example>.yaml`. */
async function stackOf(example: string, name = example): Promise<Stack> {
  const configFile = join(folder, `Pulumi.${name}.yaml`);
  await copyFile(join(PROJECT_ROOT, `Pulumi.${example}.yaml`), configFile);
  const stack = new Stack({ engine, name, backend: join(folder, "backend"), configFile });
  await stack.init();
  return stack;
}

test("Pulumi.onprem.yaml previews from nothing, without a machine behind its addresses", async () => {
  const pending = await (await stackOf("onprem")).pending();
  expect(Object.keys(pending)).toEqual(["create"]);
  expect(pending["create"]).toBeGreaterThan(20);
});

test("wrong settings are told all at once, each with its path, before any resource", async () => {
  const stack = await stackOf("onprem", "wrong");
  await stack.setConfig("harbor-cache:harbor.httpPort", "70000");
  await stack.setConfig("harbor-cache:harbor.datadir", "/data");
  await stack.setConfig("harbor-cache:registries[0]", "docker.oi/");
  const { code, output } = await stack.run("up");
  expect(code).not.toBe(0);
  for (const path of ["harbor.httpPort", "harbor.datadir", "registries[0]"])
    expect(output).toContain(`harbor-cache:${path}`);
  expect(output).toContain("did you mean dataDir?");
  expect(output).not.toContain("    at ");
  expect(output).not.toMatch(/\+ .*(command|harborcache):/);
});
