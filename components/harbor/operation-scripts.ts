/** What a machine's shell is given to start, stop and look at the Harbor that `pulumi up` has put there. */
import { readFileSync } from "node:fs";
import { lookScript, stepScript } from "../host/step-script.ts";
import { bracketed, reachableFromMachine } from "./endpoint.ts";
import type { MachineOutput } from "./machine-schema.ts";

export interface Operation {
  /** POSIX shell, without secrets, for `sh -s up`. */
  readonly script: string;
  /** Seconds after which the machine is to end it. */
  readonly seconds: number;
}

/** What waiting and looking take beyond the wait itself, seconds. */
const lookSeconds = 90;

/**
 * Starts what is stopped and waits until Harbor is healthy; refuses while something is missing that a start would do
 * harm without.
 *
 * @param caCertificate PEM that clients have to trust, where the machine doesn't trust the certificate's CA anyway
 */
export function startOperation(
  machine: MachineOutput,
  caCertificate: string | undefined,
  { restart = false } = {},
): Operation {
  const seconds = machine.timeouts.step + machine.timeouts.health + lookSeconds;
  const body = operation("guards") + step("await-health") + step("work-folder") + operation("start");
  return {
    script: stepScript({ body, settings: { ...settings(machine, caCertificate), restart }, seconds }),
    seconds,
  };
}

/** Stops the containers and deletes nothing. */
export function stopOperation({ installDir, dataDir, timeouts }: MachineOutput): Operation {
  const seconds = timeouts.step;
  return {
    script: stepScript({
      body: operation("stop"),
      settings: { install_dir: installDir, data_dir: dataDir },
      seconds,
    }),
    seconds,
  };
}

/** Prints facts, a line each: name, tab, value. It waits for no step that runs. */
export function statusOperation(machine: MachineOutput, caCertificate: string | undefined): Operation {
  const body = operation("guards") + step("await-health") + step("work-folder") + operation("status");
  return {
    script: lookScript({ body, settings: settings(machine, caCertificate), seconds: lookSeconds }),
    seconds: lookSeconds,
  };
}

function settings(machine: MachineOutput, caCertificate: string | undefined) {
  const at = `${bracketed(reachableFromMachine(machine.listenAddress))}:${machine.listenPort}`;
  const scheme = machine.tls === "none" ? "http" : "https";
  return {
    install_dir: machine.installDir,
    data_dir: machine.dataDir,
    data_device: machine.dataDevice ?? "",
    hostname: machine.hostname,
    tls_mode: machine.tls,
    tls_address: machine.tls === "none" ? "" : at,
    base_url: `${scheme}://${bracketed(machine.hostname)}:${machine.listenPort}`,
    connect_to: `::${at}`,
    ca_certificate: caCertificate ?? "",
    health_seconds: machine.timeouts.health,
  };
}

function step(name: string): string {
  return readFileSync(new URL(`./steps/${name}.sh`, import.meta.url), "utf8");
}

function operation(name: string): string {
  return readFileSync(new URL(`./operations/${name}.sh`, import.meta.url), "utf8");
}
