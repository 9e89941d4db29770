/** Everything that settings of nodes refer to outside of the configuration, looked up before it is parsed. */
import type * as z from "zod";
import type { inventory } from "../schema/inventory.ts";
import { ansibleNodes } from "./ansible.ts";
import { InventoryError, type Found } from "./inventory.ts";
import { readLocal } from "./local-file.ts";

export type Inventory = z.output<typeof inventory>;

/** What a pool refers to. */
export interface Wanted {
  /** The pool's place among all. */
  readonly index: number;
  readonly inventory?: Inventory | undefined;
  readonly knownHosts?: string | undefined;
  /** The settings have one, so that those of the inventory aren't needed. */
  readonly hasPrivateKey: boolean;
  /** Likewise: the way that the inventory's nodes have isn't looked at. */
  readonly hasJump: boolean;
}

/** A file's text, or why it can't be read. */
export type LocalFile =
  { readonly text: string; readonly problem?: never } | { readonly text?: never; readonly problem: string };

export interface LookedUp {
  /** By the pool's place. */
  readonly found: ReadonlyMap<number, Found>;
  /** Known hosts and private keys, by their path as it was written. */
  readonly files: ReadonlyMap<string, LocalFile>;
}

export const nothingLookedUp: LookedUp = { found: new Map(), files: new Map() };

/** Never throws for what can't be had: that is told with the other errors of the settings. */
export async function lookUp(wanted: readonly Wanted[], folder: string): Promise<LookedUp> {
  const found = new Map<number, Found>(
    await Promise.all(
      wanted.flatMap(({ index, inventory, hasJump }) =>
        inventory === undefined
          ? []
          : [nodesOf(inventory, folder, hasJump).then((nodes): [number, Found] => [index, nodes])],
      ),
    ),
  );
  const files = new Set(
    wanted.flatMap(({ index, knownHosts, hasPrivateKey }) => [
      ...(knownHosts === undefined ? [] : [knownHosts]),
      ...(hasPrivateKey
        ? []
        : (found.get(index)?.nodes ?? []).flatMap(({ privateKeyFile }) => privateKeyFile ?? [])),
    ]),
  );
  const texts = await Promise.all(
    [...files].map(async (file) => [file, await fileOf(file, folder)] as const),
  );
  return { found, files: new Map(texts) };
}

async function nodesOf(
  { ansible, kubernetes, aws }: Inventory,
  folder: string,
  hasJump: boolean,
): Promise<Found> {
  try {
    if (ansible !== undefined) return await ansibleNodes(ansible, folder, { hasJump });
    // Each costs a while to load, and most stacks need neither.
    if (kubernetes !== undefined) {
      const { kubernetesNodes } = await import("./kubernetes.ts");
      return await kubernetesNodes(kubernetes, folder);
    }
    if (aws !== undefined) {
      const { awsNodes } = await import("./aws.ts");
      return await awsNodes(aws);
    }
    return { nodes: [], problems: [] };
  } catch (error) {
    if (error instanceof InventoryError) return { nodes: [], problems: [{ text: error.message }] };
    throw error;
  }
}

async function fileOf(file: string, folder: string): Promise<LocalFile> {
  try {
    return { text: await readLocal(file, folder) };
  } catch (error) {
    if (error instanceof InventoryError) return { problem: error.message };
    throw error;
  }
}
