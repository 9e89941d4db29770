/** Ends everything of a lab, whoever started it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { z } from "zod";

import { backgroundProcess, isRunning, stopInBackground } from "./background.ts";
import type { BackgroundProcess } from "./background.ts";
import { HARBOR_MACHINE, LAB, machineFolder, PROCESSES } from "./folder.ts";

const project = z.object({ harbor: backgroundProcess.optional(), edge: backgroundProcess.optional() });

/** The number of processes that were ended. */
export async function stopLab(): Promise<number> {
  const own = started();
  await Promise.all(own.map(stopInBackground));
  // Afterwards: now nothing on the machine starts them any more.
  const containers = startedByDocker();
  await Promise.all(containers.map(stopInBackground));
  return own.length + containers.length;
}

export const removeLab = (): Promise<void> => rm(LAB, { recursive: true, force: true });

function started(): BackgroundProcess[] {
  if (!existsSync(PROCESSES)) return [];
  const lines = readFileSync(PROCESSES, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => backgroundProcess.parse(JSON.parse(line))).filter(isRunning);
}

/** Harbor and its edge are started by the machine's `docker`, which keeps its own books. */
function startedByDocker(): BackgroundProcess[] {
  const folder = join(machineFolder(HARBOR_MACHINE), "docker");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => project.parse(JSON.parse(readFileSync(join(folder, name), "utf8"))))
    .flatMap(({ harbor, edge }) => [harbor ?? [], edge ?? []].flat())
    .filter(isRunning);
}
