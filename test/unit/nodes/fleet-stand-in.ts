/**
 * A stand-in for any number of nodes, in memory: what `workOnNode` does with one node and `connect` finds of it. It knows
 * who was asked for what, and each node does as its fate says. Nothing here tells whether a real node would take the files.
 */
import type { NodeAnswer, NodeWork } from "../../../provider/nodes/node-work.ts";
import { fileStates } from "../../../provider/nodes/node-files.ts";
import type { FileState } from "../../../provider/nodes/node-files.ts";
import type { PoolInputs, PoolNode } from "../../../provider/nodes/pool-inputs.ts";
import { SshError } from "../../../provider/nodes/ssh-error.ts";
import type { Properties, Value } from "../../../provider/values.ts";
import { CLIENT_KEY, newKey } from "./node-stand-in.ts";

export type Fate = "good" | "dead" | "bad";

const hostKey = newKey().public;

export class FleetStandIn {
  readonly fates = new Map<string, Fate>();
  /** What each node was asked to do, in order. */
  readonly asked: { readonly node: string; readonly work: NodeWork }[] = [];
  readonly findings: NodeAnswer["findings"][number][] = [];
  /** Waits before a node answers. */
  delay: (node: string) => Promise<unknown> = () => Promise.resolve();
  running = 0;
  peak = 0;
  private readonly states = new Map<string, ReadonlyMap<string, FileState>>();

  /** Names asked since the last call. */
  takeAsked(): string[] {
    return this.asked.splice(0).map(({ node }) => node);
  }

  /** What was last asked of a node. */
  workOf(name: string): NodeWork | undefined {
    return this.asked.findLast(({ node }) => node === name)?.work;
  }

  readonly work = async (_pool: PoolInputs, node: PoolNode, work: NodeWork): Promise<NodeAnswer> => {
    this.asked.push({ node: node.name, work });
    this.peak = Math.max(this.peak, ++this.running);
    await this.delay(node.name);
    this.running--;
    const fate = this.fates.get(node.name) ?? "good";
    if (fate === "dead") throw this.#unreachable(node);
    if (fate === "bad" && work.action === "apply")
      throw new SshError("the runtime did not take the new files; the old files are back", { reached: true });
    if (work.action === "apply") this.states.set(node.name, fileStates(work.files));
    return {
      did: work.action === "apply" ? "applied" : undefined,
      recovered: false,
      unfinished: false,
      notReloaded: false,
      kept: [],
      states: this.states.get(node.name) ?? new Map(),
      findings: this.findings,
    };
  };

  readonly connect = (node: PoolNode): Promise<{ close(): void }> =>
    this.fates.get(node.name) === "dead"
      ? Promise.reject(this.#unreachable(node))
      : Promise.resolve({ close: () => undefined });

  #unreachable(node: PoolNode): SshError {
    return new SshError(`${node.address}:22: no answer`, { unreachable: true, silent: true });
  }
}

/** `n1` … as inputs have them. */
export function members(count: number, changes: Record<string, Value> = {}): Record<string, Value>[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `n${index + 1}`,
    address: `10.0.${index >> 8}.${index & 255}`,
    user: "root",
    privateKey: CLIENT_KEY.private,
    hostKey,
    ...changes,
  }));
}

export function fleetPool(
  nodes: readonly Record<string, Value>[],
  content: string,
  more: Properties = {},
): Properties {
  return { nodes, files: [{ path: "/etc/mirrors/a.conf", content }], rollout: { parallel: 4 }, ...more };
}
