/**
 * `make lab`: the real program on the real engine in the embedded lab, proved step by step.
 * `make lab-down` (`main.ts down`): ends a lab that KEEP=1 left running.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, relative } from "node:path";

import { ensureEngine, PROJECT_ROOT } from "../tools/engine.ts";
import { findProgram } from "../tools/test-programs.ts";
import { backgroundProcess, isRunning, thisProcess } from "./background.ts";
import { removeLab, stopLab } from "./down.ts";
import { startEmbeddedLab } from "./embedded.ts";
import { LAB, LOGS } from "./folder.ts";
import { lookAround } from "./look-around.ts";
import { killChildren } from "./machine/process-tree.ts";
import { scenario } from "./scenario.ts";

const OWNER = join(LAB, "owner");
const keep = process.env["KEEP"] === "1";

const say = (line: string): void => {
  console.log(line);
};
const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Runs one step and prints it with its time and its proof. */
async function step<T>(
  title: string,
  run: () => Promise<{ result: T; proof: readonly string[] }>,
): Promise<T> {
  const since = performance.now();
  try {
    const { result, proof } = await run();
    say(`✔ ${title}  (${seconds(since)})`);
    for (const line of proof) say(`    ${line}`);
    return result;
  } catch (error) {
    say(`✘ ${title}  (${seconds(since)})`);
    throw error;
  }
}

/** Two runs in one folder would end each other's machines. */
async function takeFolder(): Promise<void> {
  if (existsSync(OWNER)) {
    const owner = backgroundProcess.parse(JSON.parse(readFileSync(OWNER, "utf8")));
    if (isRunning(owner)) throw new Error(`another \`make lab\` runs in this folder (process ${owner.pid})`);
  }
  if ((await stopLab()) > 0) say("a lab that was left running is stopped first");
  await removeLab();
  await mkdir(LAB, { recursive: true });
  writeFileSync(OWNER, JSON.stringify(thisProcess()));
}

async function lab(): Promise<void> {
  const since = performance.now();
  await takeFolder();
  const engine = await ensureEngine(say);
  const environment = await step("the machines, the upstream and an empty stack", async () => {
    const result = await startEmbeddedLab(engine);
    const machines = Object.entries(result.machines).map(([name, { port }]) => `${name}:${port}`);
    return { result, proof: [`${machines.join(", ")}; upstream ${result.upstream.registry}`] };
  });
  say("Stand-ins in this run, everything else is the real thing:");
  const hasCurl = (await findProgram("curl")) !== undefined;
  for (const part of [...engine.standIns, ...standIns(environment.client, hasCurl)]) say(`    ${part}`);
  // What is left running must not be destroyed.
  for (const { title, run } of keep ? scenario.slice(0, -1) : scenario) {
    await step(title, async () => ({ result: undefined, proof: await run(environment) }));
  }
  say(`All proved in ${seconds(since)}.`);
  if (keep) for (const line of await lookAround(environment)) say(line);
}

const standIns = (client: { name: string; standIn: boolean }, hasCurl: boolean): string[] => [
  "Harbor (lab/harbor): its API as recorded, and a real pull-through cache",
  "upstream registry (lab/upstream), with an image made on the spot",
  "machines: SSH servers in Node (lab/machine), with docker, docker compose, sudo and a CRI-O (systemctl, journalctl, crictl) played by programs there",
  ...(hasCurl ? [] : ["curl on the machines (lab/machine/curl), which this computer has not"]),
  ...(client.standIn ? [`client: ${client.name}`] : []),
];

async function finish(): Promise<void> {
  await stopLab();
  await removeLab();
}

const state = { stopping: false };
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.once(signal, () => {
    state.stopping = true;
    say("\nstopped: ending the lab's processes");
    // The engine too, which else would go on writing its state.
    killChildren(process.pid);
    void finish().finally(() => process.exit(code));
  });
}

if (process.argv[2] === "down") {
  say((await stopLab()) > 0 ? "the lab is stopped and removed" : "no lab is running");
  await removeLab();
} else {
  try {
    await lab();
    if (!keep) await finish();
  } catch (error) {
    // What fails after Ctrl-C is its consequence.
    if (!state.stopping) await explain(error);
  }
}

async function explain(error: unknown): Promise<void> {
  process.exitCode = 1;
  say(error instanceof Error ? error.message : String(error));
  if (keep) say("KEEP=1: it is left as it is; `make lab-down` stops it");
  else await stopLab();
  if (existsSync(LOGS)) say(`logs: ${relative(PROJECT_ROOT, LOGS)}`);
}
