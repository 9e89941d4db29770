/**
 * `make bench`: what a rollout costs whoever runs it, on 10 to 1,000 nodes behind real sshd on loopback, side by side
 * with a loop of ssh and with ansible-core. Prints a table and the goals, and writes last.json.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { killChildren } from "../lab/machine/process-tree.ts";
import { foldersOf, startFleet, verify } from "./fleet.ts";
import type { Fleet } from "./fleet.ts";
import { goals, goalLines } from "./goals.ts";
import { poolRevisions } from "./inputs.ts";
import { ANSIBLE_MOST, ANSIBLE_MOST_CASES, options } from "./options.ts";
import type { Case, Run, Way } from "./record.ts";
import { tableText } from "./table.ts";
import { ansible, ensureAnsible } from "./ways/ansible.ts";
import { emptyProgram, harborCache } from "./ways/harbor-cache.ts";
import { provider } from "./ways/provider.ts";
import { sshLoop } from "./ways/ssh-loop.ts";
import type { Runner, StartRunner } from "./ways/way.ts";

/** Times that the empty program's cases are measured: the middle one counts, for much is compared with it. */
const TIMES = 3;

const START: Readonly<Record<Way, StartRunner>> = {
  "harbor-cache": harborCache,
  provider,
  "ssh-loop": sshLoop,
  ansible,
};

const say = (line: string): void => {
  console.log(line);
};

const asked = options(process.argv.slice(2));
// In memory where that can be: the nodes' disk is none of what is measured.
const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "harbor-cache-bench-"));
const runs: Run[] = [];

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.once(signal, () => process.exit(code));
}
process.once("exit", () => {
  killChildren(process.pid);
  rmSync(folder, { recursive: true, force: true });
});

async function bench(): Promise<void> {
  if (asked.ways.includes("ansible")) await ensureAnsible(say);
  if (asked.ways.includes("harbor-cache")) await measureEngine();
  for (const size of asked.nodes) {
    const home = join(folder, `fleet-${size}`);
    await mkdir(home);
    say(`${size} nodes`);
    const fleet = await startFleet(home, size);
    try {
      for (const way of asked.ways) {
        if (way !== "ansible" || size <= ANSIBLE_MOST) await measureWay(way, fleet);
      }
    } finally {
      fleet.stop();
      rmSync(home, { recursive: true, force: true });
    }
  }
}

async function measureEngine(): Promise<void> {
  say("an empty program");
  const home = join(folder, "empty");
  await mkdir(home);
  const runner = await emptyProgram(home);
  // What is compiled and cached by a first run is there in all that count.
  await runner.run("first");
  for (const which of runner.cases) {
    const costs = [];
    for (let time = 0; time < TIMES; time++) costs.push(await runner.run(which));
    costs.sort((a, b) => a.cpu - b.cpu);
    const middle = costs[Math.floor(TIMES / 2)];
    if (middle !== undefined) note("harbor-cache", 0, which, middle);
  }
}

async function measureWay(way: Way, fleet: Fleet): Promise<void> {
  const home = join(folder, `${way}-${fleet.nodes.length}`);
  await mkdir(home);
  const revisions = await poolRevisions(fleet);
  const [{ files }] = revisions;
  await fleet.reset(foldersOf(files));
  const runner = await START[way]({ fleet, revisions, folder: home });
  let reloads = 0;
  for (const which of casesOf(
    runner,
    way === "ansible" && fleet.nodes.length > ANSIBLE_MOST_CASES ? [] : asked.cases,
  )) {
    note(way, fleet.nodes.length, which, await runner.run(which));
    // Only what starts all over again reloads where there is nothing to do.
    if (which === "first" || which === "change-all" || (which === "no-op" && way === "ssh-loop")) reloads++;
    await verify(fleet.nodes, revisions[which === "change-all" ? 1 : 0].files, reloads);
  }
}

/** The first always: the others go on from it. */
const casesOf = ({ cases }: Runner, only: readonly Case[]): readonly Case[] =>
  cases.filter((which) => which === "first" || only.includes(which));

function note(way: Way, nodes: number, which: Case, measured: Awaited<ReturnType<Runner["run"]>>): void {
  const round = (value: number, digits: number): number => Number(value.toFixed(digits));
  const run: Run = {
    way,
    nodes,
    case: which,
    wall_s: round(measured.wall, 3),
    runner_cpu_s: round(measured.cpu, 3),
    peak_rss_mb: round(measured.peak, 1),
    state_bytes: measured.stateBytes,
  };
  runs.push(run);
  // After each: a run that is cut short keeps what it measured.
  writeFileSync(asked.output, `${JSON.stringify({ runs }, undefined, 2)}\n`);
  say(
    `  ${way} ${which}: ${run.wall_s} s, ${run.runner_cpu_s} s of processor, ${run.peak_rss_mb} MB` +
      (run.state_bytes === 0 ? "" : `, state ${run.state_bytes} bytes`),
  );
}

await bench();
say(`\n${tableText(runs)}\n`);
for (const line of goalLines(goals(runs))) say(line);
