/** What an inventory tells of nodes, whatever kind it is. */

/** A node as it was found; what is missing comes from the pool's settings. */
export interface InventoryNode {
  readonly name: string;
  readonly address: string;
  readonly port?: number;
  readonly user?: string;
  /** Where Pulumi runs. */
  readonly privateKeyFile?: string;
  readonly jump?: InventoryJump;
  /** What the cluster says it runs: `cri-o://1.34.1`. */
  readonly runtime?: string;
  /** Where it stands, for errors: `inventory/hosts.ini:12`. */
  readonly at: string;
}

export interface InventoryJump {
  readonly address: string;
  readonly port: number;
  readonly user?: string;
}

export interface Found {
  readonly nodes: readonly InventoryNode[];
  readonly problems: readonly InventoryProblem[];
}

/** What couldn't be read or honoured. */
export interface InventoryProblem {
  /** A sentence that says where, the same for all nodes that have it. */
  readonly text: string;
  /** The node that has it. Absent: the whole inventory. */
  readonly node?: string;
}

/** What is wrong with an inventory as a whole, in words for people. */
export class InventoryError extends Error {}
