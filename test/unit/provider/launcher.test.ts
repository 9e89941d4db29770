/** The provider as the engine starts it. */
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const PROVIDER = path.resolve(import.meta.dirname, "../../../provider");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "launcher-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a launcher with what it needs on PATH besides `bin`, and gives its output when it ended. */
async function run(
  launcher: string,
  bin: string,
  onOutput: (text: string, end: () => void) => void = () => undefined,
) {
  const child = spawn(launcher, ["127.0.0.1:1"], { env: { PATH: `${bin}:/usr/bin:/bin` } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      onOutput(text, () => child.stdin.end());
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, output };
}

test("prints its port alone, and ends with the engine", async () => {
  const { code, output } = await run(
    path.join(PROVIDER, "pulumi-resource-harborcache"),
    folder,
    (text, end) => {
      if (text.includes("\n")) end();
    },
  );
  expect(output).toMatch(/^\d+\n$/);
  expect(code).toBe(0);
});

test("says so on a Node that is too old", async () => {
  mkdirSync(path.join(folder, "provider"));
  const launcher = path.join(folder, "provider", "pulumi-resource-harborcache");
  copyFileSync(path.join(PROVIDER, "pulumi-resource-harborcache"), launcher);
  const node = path.join(folder, "node");
  writeFileSync(node, '#!/bin/sh\n[ "$1" = --version ] && echo v20.20.0\n[ "$1" = --version ]\n', {
    mode: 0o755,
  });
  const { code, output } = await run(launcher, folder);
  expect(output).toBe(
    `harborcache: ${node} is Node.js v20.20.0; 22.18 or later is needed. Run 'npm ci' in ${folder}, which brings one.\n`,
  );
  expect(code).toBe(1);
});
