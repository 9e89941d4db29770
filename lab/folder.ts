/** What lies where in the lab's folder, `.lab` of the project. Everything that the lab makes is below it. */
import { join } from "node:path";

import { PROJECT_ROOT } from "../tools/engine.ts";

/** `HARBOR_CACHE_LAB` names another place, for a second lab beside a running one. */
export const LAB = process.env["HARBOR_CACHE_LAB"] ?? join(PROJECT_ROOT, ".lab");
/** The file backend of the engine. */
export const BACKEND = join(LAB, "state");
/** The filled copy of Pulumi.lab.yaml. */
export const CONFIG_FILE = join(LAB, "Pulumi.lab.yaml");
/** Private key that logs in everywhere. */
export const CLIENT_KEY = join(LAB, "client-key");
export const LOGS = join(LAB, "logs");
/** Background processes, one JSON object a line. */
export const PROCESSES = join(LAB, "processes");

export const HARBOR_MACHINE = "harbor";
export const NODES = ["node-1", "node-2", "node-3"];

/** A machine's own directory. */
export const machineFolder = (name: string) => join(LAB, name);
/** What is /etc/containers on a real node. */
export const containersFolder = (node: string) => join(machineFolder(node), "etc/containers");
export const dropInFolder = (node: string) => join(containersFolder(node), "registries.conf.d");
export const installFolder = join(machineFolder(HARBOR_MACHINE), "install");
export const dataFolder = join(machineFolder(HARBOR_MACHINE), "data");
