import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stopScript } from "../../../components/harbor/step-scripts.ts";
import { exampleMachine } from "./example-machine.ts";
import { MachineSandbox } from "./machine-sandbox.ts";

let machine: MachineSandbox;
beforeEach(() => {
  machine = new MachineSandbox();
});
afterEach(() => {
  machine[Symbol.dispose]();
});

describe("stop", () => {
  const run = (action: "up" | "down") => machine.run(stopScript(exampleMachine({}, machine.root)), action);
  const down = "docker compose down --remove-orphans --timeout 60";

  it("stops Harbor at destroy only, and takes no volumes with it", async () => {
    machine.write("opt/harbor/docker-compose.yml", "services: {}");
    expect(await run("up")).toMatchObject({ code: 0, stderr: "" });
    expect(machine.calls()).toEqual([]);
    expect(await run("down")).toMatchObject({ code: 0, stderr: "" });
    expect(machine.calls()).toEqual([down]);
  });

  it("has nothing to do where Harbor was never prepared, or Docker is gone", async () => {
    expect(await run("down")).toMatchObject({ code: 0 });
    machine.write("opt/harbor/docker-compose.yml", "services: {}");
    machine.without("docker");
    expect(await run("down")).toMatchObject({ code: 0 });
  });

  it("finds the containers by the project's name where the compose files are broken", async () => {
    machine.write("opt/harbor/docker-compose.yml", "broken");
    machine.program(
      "docker",
      `case "$*" in *--project-name*) exit 0;; *) echo 'env file not found' >&2; exit 14;; esac`,
    );
    expect(await run("down")).toMatchObject({ code: 0 });
    expect(machine.calls()).toEqual([
      down,
      "docker compose --project-name harbor down --remove-orphans --timeout 60",
    ]);
  });

  it("is an error where Harbor can't be stopped, and says why", async () => {
    machine.write("opt/harbor/docker-compose.yml", "services: {}");
    machine.write("state/fail-down", "Cannot connect to the Docker daemon\n");
    const { code, stderr } = await run("down");
    expect([code, stderr]).toEqual([1, expect.stringContaining("Cannot connect to the Docker daemon")]);
  });
});
