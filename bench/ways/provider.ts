/**
 * The provider alone, in its own process and asked over gRPC with what the engine sends. A process for each case, as
 * with the engine.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { PROJECT_ROOT } from "../../tools/engine.ts";
import { metered, readCost } from "../meter.ts";
import type { Case } from "../record.ts";
import { ProviderCalls } from "../provider-calls.ts";
import type { Properties } from "../../provider/values.ts";
import type { StartRunner } from "./way.ts";

const PROGRAM = join(PROJECT_ROOT, "provider/pulumi-resource-harborcache");

export const provider: StartRunner = ({ revisions, folder }) => {
  let kept: { readonly inputs: Properties; readonly state: Properties } | undefined;

  const rollOut = async (calls: ProviderCalls, which: Case): Promise<void> => {
    const wanted = revisions[which === "change-all" ? 1 : 0].inputs;
    if (which === "refresh") {
      if (kept === undefined) throw new Error("there is nothing to refresh yet");
      kept = await calls.read(kept.inputs, kept.state);
      return;
    }
    const inputs = await calls.check(kept?.inputs ?? {}, wanted);
    if (kept === undefined) {
      kept = { inputs, state: await calls.create(inputs) };
      return;
    }
    const changes = await calls.diff(kept.inputs, kept.state, inputs);
    if (changes !== (which === "change-all")) throw new Error(`${which}: the diff says changes: ${changes}`);
    if (changes) kept = { inputs, state: await calls.update(kept.inputs, kept.state, inputs) };
  };

  return Promise.resolve({
    cases: ["first", "no-op", "refresh", "change-all"],
    async run(which) {
      const result = join(folder, "cost");
      const [program, ...args] = metered(result, [PROGRAM]);
      const env = { ...process.env, NODE_COMPILE_CACHE: join(PROJECT_ROOT, ".cache/compiled") };
      const child = spawn(program, args, { env, stdio: ["pipe", "pipe", "inherit"] });
      const ended = once(child, "close");
      const said = once(createInterface(child.stdout), "line") as Promise<[string]>;
      const port = await Promise.race([said.then(([line]) => Number(line)), ended.then(() => undefined)]);
      if (port === undefined)
        throw new Error("the provider ended before it served; its last words are above");
      const calls = await ProviderCalls.connect(port);
      try {
        await rollOut(calls, which);
      } finally {
        calls.close();
        // As when the engine ends.
        child.stdin.end();
        await ended;
      }
      return { ...(await readCost(result)), stateBytes: Buffer.byteLength(JSON.stringify(kept)) };
    },
    close: () => Promise.resolve(),
  });
};
