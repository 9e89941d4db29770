import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import {
  certificatesScript,
  directoriesScript,
  healthScript,
  packageScript,
  prerequisitesScript,
  startScript,
} from "../../../components/harbor/step-scripts.ts";
import { exampleMachine, passwords } from "./example-machine.ts";

const machine = exampleMachine();
const tls = { mode: "self-signed", validityDays: 90, renewBeforeDays: 30 } as const;
const scripts: Record<string, () => string> = {
  prerequisites: () => prerequisitesScript(machine),
  directories: () => directoriesScript(machine),
  package: () => packageScript(machine),
  certificates: () => certificatesScript(machine, tls, new Date(0)),
  start: () => startScript(machine, passwords, ""),
  health: () => healthScript(machine, passwords, "digest"),
};

describe.each(Object.entries(scripts))("the step %s", (_, script) => {
  it.each(["sh", "bash"])("is correct for %s", (shell) => {
    expect(spawnSync(shell, ["-n"], { input: script(), encoding: "utf8" })).toMatchObject({
      status: 0,
      stderr: "",
    });
  });

  it("is the same text at every run, so that an up without changes changes nothing", () => {
    expect(script()).toBe(script());
  });

  it("does nothing before all of it was read, and gives its stdin to nothing that it starts", () => {
    const lines = script().trimEnd().split("\n");
    expect(lines.at(-1)).toBe('main "$@" </dev/null');
    const cut = lines.slice(0, -1).join("\n");
    expect(
      spawnSync("/bin/sh", ["-s", "up"], { input: cut, encoding: "utf8", env: { PATH: "/nowhere" } }),
    ).toMatchObject({
      status: 0,
      stdout: "",
      stderr: "",
    });
  });
});
