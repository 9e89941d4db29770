import type { Cost } from "../meter.ts";
import type { Fleet } from "../fleet.ts";
import type { PoolRevision } from "../inputs.ts";
import type { Case } from "../record.ts";

/** What a way rolls out, and where. */
export interface Task {
  readonly fleet: Fleet;
  readonly revisions: readonly [PoolRevision, PoolRevision];
  /** For the way's own files; empty. */
  readonly folder: string;
}

export interface Measured extends Cost {
  readonly stateBytes: number;
}

/** One way on one fleet: its cases in the order in which they follow from another. */
export interface Runner {
  readonly cases: readonly Case[];
  run(which: Case): Promise<Measured>;
  /** Ends what it left running. */
  close(): Promise<void>;
}

export type StartRunner = (task: Task) => Promise<Runner>;
