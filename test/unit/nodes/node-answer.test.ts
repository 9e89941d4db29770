import { describe, expect, test } from "vitest";
import { Answer, seenOf } from "../../../provider/nodes/node-answer.ts";
import type { SshResult } from "../../../provider/nodes/ssh.ts";
import { inShell } from "./local-shell.ts";
import { context, last, look, poolWith } from "./program-fixture.ts";

test("a file that can't be read differs from one that isn't there", () => {
  const stdout = `#sums\n${"a".repeat(64)}  /x y\n#modes\n644 /x y\n600 /secret\n#end look\n`;
  expect([...seenOf(new Answer({ stdout }, "look", context)).whole]).toEqual([
    ["/x y", { sum: "a".repeat(64), mode: "644" }],
    ["/secret", { sum: "unreadable", mode: "600" }],
  ]);
});

test("what a login prints without the end of a line hides nothing", async () => {
  const pool = poolWith();
  const result = await inShell([`printf Welcome\n${look(pool, ["x"])}`]);
  expect(result.stdout).toMatch(/^Welcome\n#sums\n/);
});

describe("failures", () => {
  test("a missing tool is named", async () => {
    const result = await inShell([look(poolWith())], { path: "/nonexistent" });
    expect(() => last(result, "look")).toThrow(
      /the node lacks what is needed; nothing was changed\n +the program base64 is missing/,
    );
  });

  const failed = (result: Partial<SshResult>, more = {}): (() => Answer) => {
    const ended = { status: 1, stdout: "", stderr: "", ...result };
    return () => new Answer({ stdout: ended.stdout, ended }, "look", { ...context, ...more });
  };

  test("a program that ended early is told with its words", () => {
    expect(failed({ status: 127, stderr: "sh: not found" })).toThrow(
      /ended with status 127 before its end.*\n +sh: not found/,
    );
    expect(failed({ status: 0, stdout: "#end commit\n" })).toThrow(/before its end/);
    expect(failed({ status: undefined })).toThrow(/was killed before its end/);
  });

  test("a sudo that wants a password is told with what to do", () => {
    expect(failed({ stderr: "sudo: a password is required" }, { user: "admin", sudo: true })).toThrow(
      /sudo refused; allow admin to run `sudo -n` without a password \(NOPASSWD\).*\n +sudo: a password/,
    );
  });

  test("a sudo that only warned is not taken for one that refused", () => {
    const stderr = "sudo: unable to resolve host n1: Name or service not known";
    expect(failed({ status: 137, stderr }, { sudo: true })).toThrow(/was killed before its end/);
  });

  test("a login that lets nothing be run is told with what it says", () => {
    const stdout = 'Please login as the user "ec2-user" rather than the user "root".\n';
    expect(failed({ status: 142, stdout })).toThrow(
      /status 142 before its end.*\n +Please login as the user/,
    );
    expect(failed({ status: 1, stdout: "#sums\nabc\n" })).not.toThrow(/abc/);
  });

  test("a user without rights is told so", () => {
    const result = {
      stdout: "#failed write untouched\n",
      stderr: "mkdir: cannot create directory: Permission denied",
    };
    expect(failed(result, { user: "admin" })).toThrow(
      /could not be written; nothing was changed\. The user admin may not write there: set sudo to true/,
    );
    expect(failed(result)).not.toThrow(/set sudo/);
  });
});
