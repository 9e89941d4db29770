import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseAnswer } from "../../../provider/nodes/node-answer.ts";
import { nodeCommand, nodeProgram } from "../../../provider/nodes/node-program.ts";
import type { NodeTask } from "../../../provider/nodes/node-program.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "node-program-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function task(changes: Partial<NodeTask> = {}): NodeTask {
  return {
    action: "apply",
    files: [{ path: join(folder, "made/file"), content: "content\n", mode: "644", restart: false }],
    gone: new Map(),
    dropInDir: join(folder, "made"),
    reloadCommand: "true",
    checkCommand: "",
    mustReload: true,
    timeouts: { command: 5, total: 10 },
    ...changes,
  };
}

function shell(input: string, program = "/bin/sh", path = process.env["PATH"]) {
  const { status, stdout, stderr } = spawnSync(program, ["-s"], {
    input,
    encoding: "utf8",
    env: { PATH: path },
  });
  return { status: status ?? undefined, stdout, stderr };
}

test("the command is bounded in time on the node as well", () => {
  expect(nodeCommand(task(), false)).toBe("timeout -k 10 10 sh -s");
  expect(nodeCommand(task(), true)).toBe("sudo -n timeout -k 10 10 sh -s");
});

test("cut anywhere, it does nothing", () => {
  const whole = nodeProgram(task());
  const lengths = [
    ...Array.from({ length: 60 }, (_, index) => Math.floor((index * whole.length) / 60)),
    ...Array.from({ length: 60 }, (_, index) => whole.length - 3 - index),
  ];
  for (const length of lengths) {
    const { stdout } = shell(whole.slice(0, length));
    expect([length, stdout, existsSync(join(folder, "made"))]).toEqual([length, "", false]);
  }
  expect(parseAnswer(shell(whole)).did).toBe("applied");
});

test("it runs in bash as sh too", () => {
  expect(parseAnswer(shell(nodeProgram(task()), "/bin/bash")).did).toBe("applied");
});

describe("answers", () => {
  test("a missing tool is named", () => {
    expect(() => parseAnswer(shell(nodeProgram(task()), "/bin/sh", "/nonexistent"))).toThrow(
      /the node lacks what is needed; nothing was changed\n +the program base64 is missing/,
    );
  });

  test("a program that ended early is told with its words", () => {
    expect(() => parseAnswer({ status: 127, stdout: "", stderr: "sh: not found" })).toThrow(
      /ended with status 127 before its end.*\n +sh: not found/,
    );
    expect(() => parseAnswer({ status: 0, stdout: "#did applied\n", stderr: "" })).toThrow(/before its end/);
    expect(() => parseAnswer({ status: undefined, stdout: "", stderr: "" })).toThrow(
      /was killed before its end/,
    );
  });

  test("a file that can't be read differs from one that isn't there", () => {
    const stdout = `#sums\n${"a".repeat(64)}  /x y\n#modes\n644 /x y\n600 /secret\n#end\n`;
    expect([...parseAnswer({ status: 0, stdout, stderr: "" }).states]).toEqual([
      ["/x y", { sum: "a".repeat(64), mode: "644" }],
      ["/secret", { sum: "unreadable", mode: "600" }],
    ]);
  });
});
