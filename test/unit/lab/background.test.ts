import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { isRunning, startInBackground, stopInBackground } from "../../../lab/background.ts";

let folder: string;
let log: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "background-"));
  log = join(folder, "logs/program.log");
});
afterEach(() => rm(folder, { recursive: true }));

async function program(text: string): Promise<string> {
  const path = join(folder, "program.mjs");
  await writeFile(path, text);
  return path;
}

test("a program is started when it says so, and stopped when it has ended", async () => {
  const path = await program(
    'console.log("starting"); setTimeout(() => console.log("ready", process.argv[2]), 50); setInterval(() => {}, 1000);',
  );
  const started = await startInBackground(path, ["now"], { log, ready: /^ready/ });
  expect(started.line).toBe("ready now");
  expect(isRunning(started)).toBe(true);
  // Another program under the same number is not it.
  expect(isRunning({ ...started, program: "/other.ts" })).toBe(false);
  expect(isRunning({ ...started, began: String(Number(started.began) - 1) })).toBe(false);
  await stopInBackground(started);
  expect(isRunning(started)).toBe(false);
  await stopInBackground(started);
  expect(await readFile(log, "utf8")).toBe("starting\nready now\n");
});

test("a program that ends before it is ready is an error with its words", async () => {
  const path = await program('console.error("no port"); process.exitCode = 3;');
  await expect(startInBackground(path, [], { log, ready: /^ready/ })).rejects.toThrow(
    "did not start: no port",
  );
});
