import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { providedScript, selfSignedScript } from "../../../components/edge/step-scripts.ts";
import {
  directoriesScript,
  edgeHealthScript,
  healthScript,
  packageScript,
  prerequisitesScript,
  startScript,
  stopScript,
} from "../../../components/harbor/step-scripts.ts";
import { exampleMachine, front, passwords, selfSigned } from "./example-machine.ts";

const machine = exampleMachine();
const withEdge = { ...machine, tls: selfSigned };
const volume = { device: "/dev/disk/by-id/data", fsType: "ext4", sizeGiB: 200 } as const;
const scripts: Record<string, () => string> = {
  prerequisites: () => prerequisitesScript(withEdge, "ops", volume),
  directories: () => directoriesScript(withEdge, volume),
  package: () => packageScript(machine),
  stop: () => stopScript(machine),
  "self-signed": () => selfSignedScript(machine, selfSigned, new Date(0)),
  provided: () => providedScript(machine, { certificate: "CERTIFICATE", privateKey: "KEY" }),
  start: () => startScript(machine, passwords),
  "start with an edge": () => startScript(withEdge, passwords, front),
  health: () => healthScript(machine, passwords, "digest"),
  "edge-health": () => edgeHealthScript(withEdge, "CA", "digest"),
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
