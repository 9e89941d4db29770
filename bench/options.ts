/** What the command line asks for. */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { CASES, WAYS } from "./record.ts";
import type { Case, Way } from "./record.ts";

export interface Options {
  readonly nodes: readonly number[];
  readonly ways: readonly Way[];
  readonly cases: readonly Case[];
  /** Where the results go. */
  readonly output: string;
}

/** Most nodes of ansible-core, which takes minutes there already. */
export const ANSIBLE_MOST = 200;
/** Up to so many it does more than the first rollout. */
export const ANSIBLE_MOST_CASES = 10;

const usage = `usage: main.ts [--nodes 10,100,200,1000] [--ways ${WAYS.join(",")}] [--cases ${CASES.join(",")}] [--output FILE]`;

/** Throws what is to be shown. */
export function options(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      nodes: { type: "string", default: "10,100,200,1000" },
      ways: { type: "string", default: WAYS.join(",") },
      cases: { type: "string", default: CASES.join(",") },
      output: { type: "string", default: fileURLToPath(new URL("last.json", import.meta.url)) },
    },
  });
  const nodes = values.nodes.split(",").map(Number);
  if (!nodes.every((count) => Number.isInteger(count) && count >= 1 && count <= 60_000))
    throw new Error(usage);
  return { nodes, ways: oneOf(WAYS, values.ways), cases: oneOf(CASES, values.cases), output: values.output };
}

function oneOf<T extends string>(known: readonly T[], list: string): T[] {
  const asked = list.split(",");
  if (!asked.every((one) => known.some((name) => name === one))) throw new Error(usage);
  return known.filter((name) => asked.includes(name));
}
