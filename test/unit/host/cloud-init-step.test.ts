/** The first step on a machine on AWS, with a stand-in for cloud-init that answers as its releases do. */
import { existsSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cloudInitScript } from "../../../components/host/aws-first-step.ts";
import { MachineSandbox } from "../harbor/machine-sandbox.ts";

let machine: MachineSandbox;
beforeEach(() => {
  machine = new MachineSandbox();
  machine.write(
    "log/cloud-init-output.log",
    "Reading package lists...\nharbor-cache: the key is not published\n",
  );
});
afterEach(() => {
  machine[Symbol.dispose]();
});

const run = (shell?: string[]) =>
  machine.run(cloudInitScript(machine.path("log/cloud-init-output.log")), "up", shell);

/** Debian and Ubuntu have dash as sh, Amazon Linux has bash. */
const shells = ["/bin/sh", "/bin/dash", "/bin/bash"].filter((file) => existsSync(file));

describe.each(shells)("by %s", (shell) => {
  it("waits for cloud-init and goes on", async () => {
    machine.program("cloud-init", "printf '......'; echo 'status: done'");
    expect(await run([shell])).toEqual({ code: 0, stdout: "cloud-init is done\n", stderr: "" });
    expect(machine.calls()).toEqual(["cloud-init status --wait --long"]);
  });

  it("takes what cloud-init recovered from for a warning", async () => {
    machine.program(
      "cloud-init",
      "printf '..\\nstatus: done\\nextended_status: degraded done\\nrecoverable_errors:\\nWARNING:\\n\\t- a key is deprecated\\n'; exit 2",
    );
    expect(await run([shell])).toEqual({
      code: 0,
      stdout:
        "cloud-init is done, with warnings that stop nothing:\n\n" +
        "status: done\nextended_status: degraded done\nrecoverable_errors:\nWARNING:\n\t- a key is deprecated\n",
      stderr: "",
    });
  });

  it("fails where cloud-init failed, with the last words of what it ran", async () => {
    machine.program("cloud-init", "printf '.\\nstatus: error\\n'; exit 1");
    const { code, stdout, stderr } = await run([shell]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("cloud-init failed with status 1:\n\nstatus: error\n");
    expect(stderr).toContain("harbor-cache: the key is not published\n");
  });
});

it("says so where there is no cloud-init at all", async () => {
  const { code, stderr } = await run();
  expect(code).toBe(1);
  expect(stderr).toContain("cloud-init is missing");
});

it("says little, however much cloud-init says", async () => {
  machine.program(
    "cloud-init",
    "yes 'a line of more than sixty letters, and a thousand lines of it' | head -n 1000; exit 1",
  );
  machine.program("yes", 'while :; do echo "$1"; done');
  const { stderr } = await run();
  expect(stderr.length).toBeLessThan(5000);
});
