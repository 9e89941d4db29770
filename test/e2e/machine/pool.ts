/** A pool of nodes as the engine drives it, without the engine: what it keeps of a failure, and what it asks next. */
import { mirrorPool } from "../../../provider/nodes/mirror-pool.ts";
import { PartialFailure } from "../../../provider/resource.ts";
import type { Properties, Value } from "../../../provider/values.ts";
import { RecordedContext } from "../../unit/nodes/operation-context.ts";
import { ROOT, SshNode } from "./ssh-node.ts";

export const DOCKER = '[[registry]]\nprefix = "docker.io"\nlocation = "docker.io"\n';
export const QUAY = '[[registry]]\nprefix = "quay.io"\nlocation = "quay.io"\n';
/** Below a node's folder. */
export const DROP_INS = "etc/registries.conf.d";
export const DOCKER_FILE = `${DROP_INS}/50-harbor-cache-docker.io.conf`;
export const QUAY_FILE = `${DROP_INS}/50-harbor-cache-quay.io.conf`;

/** Inputs for `nodes`, with `files` by their paths below a node's folder. */
export function poolOf(
  nodes: readonly (SshNode | Record<string, Value>)[],
  files: Readonly<Record<string, string>>,
  changes: Properties = {},
): Properties {
  return {
    nodes: nodes.map((node) => (node instanceof SshNode ? node.target() : { ...node })),
    files: Object.entries(files).map(([path, content]) => ({ path: `${ROOT}/${path}`, content })),
    reloadCommand: "systemctl reload crio",
    checkCommand: "systemctl is-active --quiet crio",
    dropInDir: `${ROOT}/${DROP_INS}`,
    // Ample: what is bounded is tested with bounds of its own, on a machine that may be busy.
    timeouts: { connect: 20, command: 20, total: 60 },
    ...changes,
  };
}

export class Pool {
  readonly ctx = new RecordedContext();
  state: Properties | undefined;
  private readonly name: string;
  private inputs: Properties = {};

  constructor(name = "workers") {
    this.name = name;
  }

  /** Why the pool is not as wanted; empty: it is. */
  async up(inputs: Properties): Promise<readonly string[]> {
    try {
      this.state = await this.converge(inputs);
      this.inputs = inputs;
      return [];
    } catch (error) {
      if (!(error instanceof PartialFailure)) throw error;
      this.state = error.state;
      this.inputs = error.inputs ?? inputs;
      return error.reasons;
    }
  }

  /** What the engine would show as changed, by property path. */
  pending(inputs: Properties): readonly string[] {
    return Object.keys(mirrorPool.diff(this.name, this.inputs, this.state ?? {}, inputs).detailed);
  }

  /** What differs on the nodes from what was wanted, likewise. */
  async refresh(): Promise<readonly string[]> {
    const read = await mirrorPool.read(this.ctx, this.urn, this.name, this.inputs, this.state ?? {});
    this.state = read?.state;
    return this.pending(this.inputs);
  }

  async destroy(): Promise<void> {
    await mirrorPool.delete(this.ctx, this.urn, this.name, this.inputs, this.state ?? {});
    this.state = undefined;
  }

  private get urn(): string {
    return `urn:pulumi:test::p::harborcache:nodes:MirrorPool::${this.name}`;
  }

  private async converge(inputs: Properties): Promise<Properties> {
    const { failures } = await mirrorPool.check(this.inputs, inputs, this.urn);
    if (failures.length > 0) throw new Error(JSON.stringify(failures));
    if (this.state === undefined) return (await mirrorPool.create(this.ctx, this.urn, inputs, false)).state;
    return mirrorPool.update(this.ctx, this.urn, this.name, this.inputs, this.state, inputs, false);
  }
}
