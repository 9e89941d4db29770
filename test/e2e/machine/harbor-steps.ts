/** The steps of components/harbor on this machine, run by a shell as the one behind SSH would run them. */
import { userInfo } from "node:os";
import { delimiter } from "node:path";

import { selfSignedScript } from "../../../components/edge/step-scripts.ts";
import type { Front, HarborMachine, Passwords } from "../../../components/harbor/step-scripts.ts";
import {
  directoriesScript,
  healthScript,
  packageScript,
  prerequisitesScript,
  startScript,
  stopScript,
} from "../../../components/harbor/step-scripts.ts";
import { run } from "../../../tools/run.ts";
import type { DockerEngine } from "./docker-engine.ts";

export interface HarborSteps {
  /**
   * All steps in the component's order, up to Harbor itself; rejects with the words of the first that fails. Resolves to
   * what the step on certificates printed.
   */
  up(machine: HarborMachine, front?: Front): Promise<string>;
  /** What destroy does. */
  down(machine: HarborMachine): Promise<void>;
}

/** @param variables of the steps' environment */
export function harborSteps(
  engine: DockerEngine,
  passwords: Passwords,
  variables: Readonly<Record<string, string>> = {},
): HarborSteps {
  const PATH = [engine.bin, process.env["PATH"]].join(delimiter);
  const env = { ...process.env, ...engine.env, ...variables, PATH };
  const must = async (script: string, action = "up") => {
    const ended = await run("sh", ["-s", action, "identity"], { stdin: script, env, timeout: 120 });
    if (ended.code !== 0) throw new Error(`a step ended with code ${ended.code}:\n${ended.stderr}`);
    return ended.stdout;
  };
  return {
    up: async (machine, front) => {
      await must(prerequisitesScript(machine, userInfo().username));
      await must(directoriesScript(machine));
      const { tls } = machine;
      const certificates =
        tls.mode === "self-signed" ? await must(selfSignedScript(machine, tls, new Date())) : "";
      await must(packageScript(machine));
      await must(stopScript(machine));
      const [certificate = ""] = certificates.split("\n");
      const start = startScript(machine, passwords, front && { ...front, certificate });
      await must(start);
      await must(healthScript(machine, passwords, start));
      return certificates;
    },
    down: async (machine) => {
      await must(stopScript(machine), "down");
      await must(directoriesScript(machine), "down");
    },
  };
}
