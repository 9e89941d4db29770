/**
 * Stand-in for `systemctl` on a node of the lab, whose directory is LAB_MACHINE. It knows the unit crio, and that one
 * only so far that a reload reads the node's registries.conf and its drop-ins as CRI-O does.
 */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { loadRegistries } from "./registries-conf.ts";

const machine = process.env["LAB_MACHINE"] ?? "";
const args = process.argv.slice(2).join(" ");

function journal(level: "info" | "error", message: string): void {
  mkdirSync(join(machine, "log"), { recursive: true });
  const line = `time=${JSON.stringify(new Date().toISOString())} level=${level} msg=${JSON.stringify(message)}\n`;
  appendFileSync(join(machine, "log/crio.log"), line);
}

/** As with the real one a broken file is only logged: the old configuration stays, and the reload counts as done. */
function reload(): void {
  try {
    const registries = loadRegistries(join(machine, "etc/containers"));
    mkdirSync(join(machine, "run"), { recursive: true });
    writeFileSync(join(machine, "run/crio-registries.json"), JSON.stringify(registries, null, 2));
    const mirrors = registries.map(
      ({ prefix, mirrors: all }) => `${prefix} -> ${all.map(({ location }) => location).join(", ")}`,
    );
    journal("info", `Applied new registry configuration: ${mirrors.join("; ")}`);
  } catch (error) {
    journal("error", `Error reloading registries: ${error instanceof Error ? error.message : String(error)}`);
  }
}

if (machine === "") {
  console.error("stand-in: LAB_MACHINE is not set: it runs on machines of the lab only");
  process.exitCode = 1;
} else if (args === "reload crio") {
  reload();
} else if (args === "is-active crio") {
  console.log("active");
} else if (args !== "is-active --quiet crio") {
  console.error(`stand-in: unknown systemctl arguments: ${args}`);
  process.exitCode = 1;
}
