/** The steps of components/harbor on this machine, run by a shell as the one behind SSH would run them. */
import { delimiter } from "node:path";

import type { HarborMachine, Passwords } from "../../../components/harbor/step-scripts.ts";
import {
  certificatesScript,
  directoriesScript,
  healthScript,
  packageScript,
  prerequisitesScript,
  startScript,
} from "../../../components/harbor/step-scripts.ts";
import { run } from "../../../tools/run.ts";
import type { Ended } from "../../../tools/run.ts";
import type { DockerEngine } from "./docker-engine.ts";

export interface HarborSteps {
  /** All steps in the component's order; rejects with the words of the first that fails. Resolves to the CA's PEM. */
  up(machine: HarborMachine): Promise<string>;
  /** The step `start` alone. */
  start(machine: HarborMachine): Promise<Ended>;
  /** What destroy does. */
  down(machine: HarborMachine): Promise<void>;
}

export function harborSteps(engine: DockerEngine, passwords: Passwords): HarborSteps {
  const env = { ...process.env, ...engine.env, PATH: [engine.bin, process.env["PATH"]].join(delimiter) };
  const step = (script: string, action = "up") =>
    run("sh", ["-s", action, "identity"], { stdin: script, env, timeout: 120 });
  const must = async (script: string, action?: string) => {
    const ended = await step(script, action);
    if (ended.code !== 0) throw new Error(`a step ended with code ${ended.code}:\n${ended.stderr}`);
    return ended.stdout;
  };
  return {
    up: async (machine) => {
      await must(prerequisitesScript(machine));
      await must(directoriesScript(machine));
      await must(packageScript(machine));
      const certificates =
        machine.tls.mode === "self-signed"
          ? await must(certificatesScript(machine, machine.tls, new Date()))
          : "";
      const [fingerprint = "", ...ca] = certificates.split("\n");
      await must(startScript(machine, passwords, fingerprint));
      await must(healthScript(machine, passwords, fingerprint));
      return ca.join("\n");
    },
    start: (machine) => step(startScript(machine, passwords, "")),
    down: async (machine) => {
      await must(directoriesScript(machine), "down");
    },
  };
}
