/**
 * Stand-in for `systemctl` on a node of the lab, whose directory is LAB_MACHINE. It knows the unit crio, and that one
 * only so far that a reload or restart reads the node's registries.conf and its drop-ins as CRI-O does.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { journal } from "./journal.ts";
import { loadRegistries } from "./registries-conf.ts";
import { keepRegistries } from "./running.ts";

const machine = process.env["LAB_MACHINE"] ?? "";
const args = process.argv.slice(2).join(" ");
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function load(): void {
  const registries = loadRegistries(join(machine, "etc/containers"));
  keepRegistries(machine, registries);
  const mirrors = registries.map(
    ({ prefix, mirrors: all }) => `${prefix} -> ${all.map(({ location }) => location).join(", ")}`,
  );
  journal(machine, "info", `Applied new registry configuration: ${mirrors.join("; ")}`);
}

/** As with the real one a broken file is only logged: the old configuration stays, and the reload counts as done. */
function reload(): void {
  try {
    load();
  } catch (error) {
    journal(machine, "error", `Error reloading registries: ${reasonOf(error)}`);
  }
}

/** As with the real one a broken file keeps it from starting. */
function restart(): void {
  const failed = join(machine, "run/crio-failed");
  try {
    load();
    rmSync(failed, { force: true });
  } catch (error) {
    journal(machine, "fatal", `validating runtime config: invalid registries: ${reasonOf(error)}`);
    mkdirSync(dirname(failed), { recursive: true });
    writeFileSync(failed, "");
    console.error("Job for crio.service failed because the control process exited with error code.");
    process.exitCode = 1;
  }
}

if (machine === "") {
  console.error("stand-in: LAB_MACHINE is not set: it runs on machines of the lab only");
  process.exitCode = 1;
} else if (args === "reload crio") {
  reload();
} else if (args === "restart crio") {
  restart();
} else {
  console.error(`stand-in: unknown systemctl arguments: ${args}`);
  process.exitCode = 1;
}
