/** A folder that a node's files lie in, and the pieces of the program for it. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { Answer } from "../../../provider/nodes/node-answer.ts";
import { packed } from "../../../provider/nodes/node-plan.ts";
import type { Plan, Put } from "../../../provider/nodes/node-plan.ts";
import { lookPiece } from "../../../provider/nodes/node-program.ts";
import { inputs } from "../../../provider/nodes/pool-inputs.ts";
import type { PoolInputs } from "../../../provider/nodes/pool-inputs.ts";
import type { SshResult } from "../../../provider/nodes/ssh.ts";

export let folder: string;
/** Where pauses are short. */
export let quick: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "node-program-"));
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin/sleep"), "#!/bin/sh\nexec /bin/sleep 0.05\n", { mode: 0o755 });
  quick = `${join(folder, "bin")}:${process.env["PATH"] ?? ""}`;
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Everything about a path that a roll back must bring back. */
export function footprint(root: string): Record<string, string> {
  const entries = readdirSync(root, { recursive: true }).map(String).sort();
  return Object.fromEntries(
    entries.map((name) => {
      const { ino, mode, uid, gid, mtimeMs } = statSync(join(root, name));
      const file = statSync(join(root, name)).isFile();
      const content = file ? readFileSync(join(root, name), "base64") : "";
      return [name, [file ? ino : "", mode.toString(8), uid, gid, file ? mtimeMs : "", content].join(" ")];
    }),
  );
}

export function poolWith(changes: Record<string, unknown> = {}): PoolInputs {
  return inputs.parse({
    nodes: [],
    files: [{ path: "/x", content: "" }],
    dropInDir: join(folder, "etc/d"),
    reloadCommand: `echo reload >>${folder}/calls`,
    restartCommand: `echo restart >>${folder}/calls`,
    timeouts: { command: 2 },
    ...changes,
  });
}

export const calls = (): string =>
  existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8") : "";
export const path = (name: string): string => join(folder, "etc", name);

export function put(name: string, content: string, more: Partial<Put> = {}): Put {
  return { path: path(name), mode: "644", content: packed(content), was: "-", ...more };
}

export function plan(puts: Put[], drops: Plan["drops"] = []): Plan {
  return { puts, drops, kept: [], restart: false };
}

export const look = (
  pool: PoolInputs,
  names: readonly string[] = [],
  merged: readonly string[] = [],
): string => lookPiece(pool, { action: "apply", paths: names.map(path), merged: merged.map(path) });

export const context = { where: "n1", user: "root", sudo: false };
export const last = (result: SshResult, word: string): Answer =>
  new Answer({ stdout: result.stdout, ended: result }, word, context);
