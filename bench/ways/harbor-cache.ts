/** The real program: the component on the real engine, with its provider. */
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { ensureEngine, PROJECT_ROOT } from "../../tools/engine.ts";
import { Stack } from "../../tools/stack.ts";
import type { Operation } from "../../tools/stack.ts";
import { metered, readCost } from "../meter.ts";
import type { Case } from "../record.ts";
import type { Measured, Runner, StartRunner } from "./way.ts";

const OPERATIONS: Readonly<Record<Case, Operation>> = {
  first: "up",
  preview: "preview",
  "no-op": "up",
  refresh: "refresh",
  "change-all": "up",
};

/** As users do: an empty stack, a preview of nothing to do, … */
const CASES: readonly Case[] = ["first", "preview", "no-op", "refresh", "change-all"];

export const harborCache: StartRunner = async ({ fleet, folder }) => {
  const { nodes, port, user, hostKey } = fleet;
  await writeFile(join(folder, "fleet.json"), JSON.stringify({ nodes, port, user, hostKey }));
  const { stack, run } = await meteredStack("bench", "bench/program", folder);
  await stack.setConfig("bench:fleet", join(folder, "fleet.json"));
  await stack.setConfig("bench:privateKey", fleet.privateKey, { secret: true });
  return {
    cases: CASES,
    async run(which) {
      await stack.setConfig("bench:revision", which === "change-all" ? "2" : "1");
      return run(which);
    },
    close: () => Promise.resolve(),
  };
};

/** What the engine costs by itself: nothing is changed in a program without resources. */
export async function emptyProgram(folder: string): Promise<Runner> {
  const { run } = await meteredStack("empty", "bench/empty-program", folder);
  return { cases: CASES, run, close: () => Promise.resolve() };
}

async function meteredStack(name: string, project: string, folder: string) {
  const engine = await ensureEngine();
  const cost = join(folder, "cost");
  const pulumi = join(folder, "pulumi");
  const command = metered(cost, [engine.pulumi]).map((word) => `'${word}'`);
  await writeFile(pulumi, `#!/bin/sh\nexec ${command.join(" ")} "$@"\n`, { mode: 0o700 });
  const stack = new Stack({
    engine: { ...engine, pulumi },
    name,
    project: join(PROJECT_ROOT, project),
    backend: join(folder, "backend"),
    configFile: join(folder, "Pulumi.stack.yaml"),
    passphrase: "of the benchmark",
  });
  await mkdir(folder, { recursive: true });
  await stack.init();
  const run = async (which: Case): Promise<Measured> => {
    // After the first all are to find nothing to do, but for the change.
    const expected = which === "first" || which === "change-all" ? [] : ["--expect-no-changes"];
    await stack.mustRun(OPERATIONS[which], ...expected);
    const state = join(folder, "backend/.pulumi/stacks", name, `${name}.json`);
    return { ...(await readCost(cost)), stateBytes: (await stat(state)).size };
  };
  return { stack, run };
}
