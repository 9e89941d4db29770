/** A pool as it is written, and its nodes: those that are listed, and those that its inventory found. */
import type * as z from "zod";
import type { InventoryNode, InventoryProblem } from "./inventory/inventory.ts";
import type { LookedUp, Wanted } from "./inventory/look-up.ts";
import { noNode, someOf } from "./node-names.ts";
import type { Path, Reader } from "./problems.ts";
import type { Placed } from "./registries.ts";
import { node, nodes, override, pool } from "./schema/nodes.ts";
import { privateKey } from "./schema/secret.ts";
import type { NodeSettings, Runtime, SshAccess } from "./settings.ts";

/** One pool's settings, with what stands beside all pools. */
export interface Group {
  /** Its place among all pools. */
  readonly index: number;
  readonly path: Path;
  readonly all: z.output<typeof nodes>;
  readonly own: z.output<typeof pool>;
  readonly listed: readonly Placed<z.output<typeof node>>[];
}

type KeyPerhaps<T extends { readonly hostKey: string }> = Omit<T, "hostKey"> & {
  readonly hostKey?: string;
};

/** A node whose host key may still have to be found. */
export type Member = Omit<KeyPerhaps<NodeSettings>, "jump"> & { readonly jump?: KeyPerhaps<SshAccess> };

/** Those pools that are right. Each node is read for its own errors, whatever is wrong above or beside it. */
export function readGroups(reader: Reader, value: unknown): readonly Group[] {
  const all = reader.read(nodes, value, ["nodes"]);
  return listAt(value, "pools").flatMap((raw, index): Group[] => {
    const path = ["nodes", "pools", index];
    const own = reader.read(pool, raw, path);
    const listed = listAt(raw, "nodes").flatMap((given, i) => {
      const at = [...path, "nodes", i];
      const read = reader.read(node, given, at);
      return read === undefined ? [] : [{ path: at, value: read }];
    });
    return all === undefined || own === undefined ? [] : [{ index, path, all, own, listed }];
  });
}

function listAt(value: unknown, key: string): readonly unknown[] {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return [];
  const found: unknown = Reflect.get(value, key);
  return Array.isArray(found) ? found : [];
}

export function wantedBy(groups: readonly Group[]): readonly Wanted[] {
  return groups.map(({ index, all, own }) => ({
    index,
    inventory: own.inventory,
    knownHosts: own.knownHosts ?? all.knownHosts,
    hasPrivateKey: (own.privateKey ?? all.privateKey) !== undefined,
    hasJump: (own.jump ?? all.jump) !== undefined,
  }));
}

/** Each group's nodes. */
export function membersOf(
  reader: Reader,
  groups: readonly Group[],
  lookedUp: LookedUp,
): readonly (readonly Placed<Member>[])[] {
  const lacksUser: Path[] = [];
  const found = groups.map((group) => {
    const before = reader.problems.length;
    const entries = [
      ...group.listed.map(({ path, value }) => ({ path, node: value, from: undefined })),
      ...foundBy(reader, group, lookedUp),
    ];
    checkOverrides(
      reader,
      group,
      entries.map(({ node: { name, address } }) => name ?? address),
      lookedUp,
    );
    const members = entries.flatMap(({ path, node: one, from }): Placed<Member>[] => {
      const name = one.name ?? one.address;
      const other = ownOf(group.own.overrides, name);
      if (other?.skip === true) return [];
      const user = other?.user ?? one.user ?? group.own.user ?? group.all.user;
      if (user === undefined) {
        lacksUser.push(path);
        return [];
      }
      const keyFile = from?.privateKeyFile;
      const key =
        other?.privateKey ??
        one.privateKey ??
        group.own.privateKey ??
        group.all.privateKey ??
        (keyFile === undefined ? undefined : keyIn(reader, path, keyFile, lookedUp));
      const jump = other?.jump ?? one.jump ?? group.own.jump ?? group.all.jump;
      const through = jump ?? (from?.jump && { user, ...(key && { privateKey: key }), ...from.jump });
      const hostKey = other?.hostKey ?? one.hostKey;
      return [
        {
          path,
          value: {
            name,
            address: other?.address ?? one.address,
            port: other?.port ?? one.port ?? group.own.port ?? group.all.port ?? 22,
            user,
            ...(key && { privateKey: key }),
            ...(hostKey !== undefined && { hostKey }),
            ...(through && { jump: through }),
          },
        },
      ];
    });
    const isEmpty = members.length === 0 && lacksUser.length === 0 && reader.problems.length === before;
    if (isEmpty && group.own.inventory?.allowEmpty !== true && (group.own.inventory ?? group.own.overrides)) {
      reader.problem(
        [...group.path, group.own.inventory === undefined ? "overrides" : "inventory"],
        "leaves the pool without a node, and what its nodes had would be taken away; where that is wanted: " +
          "leave the pool out, or inventory.allowEmpty: true",
      );
    }
    return members;
  });
  if (lacksUser[0] !== undefined) {
    reader.problem(
      ["nodes", "user"],
      `is missing, and ${reader.at(lacksUser[0])} has none; for example: ubuntu`,
    );
  }
  return found;
}

interface Entry {
  readonly path: Path;
  readonly node: z.output<typeof node>;
  readonly from: InventoryNode | undefined;
}

/** What the inventory found, as if it were listed. */
function foundBy(reader: Reader, { index, path, own, all }: Group, { found }: LookedUp): Entry[] {
  if (own.inventory === undefined) return [];
  const at = [...path, "inventory"];
  const { nodes: everyone, problems } = found.get(index) ?? { nodes: [], problems: [] };
  const isWanted = (name = ""): boolean => ownOf(own.overrides, name)?.skip !== true;
  const given = everyone.filter(({ name }) => isWanted(name));
  tell(
    reader,
    at,
    problems.filter((problem) => isWanted(problem.node)),
  );
  checkRuntime(reader, at, own.runtime ?? all.runtime ?? "cri-o", given);
  return given.flatMap((one): Entry[] => {
    const { name, address, port, user } = one;
    // Another address may be given instead of one that SSH can't use.
    const override = ownOf(own.overrides, name);
    const read = reader.read(
      node,
      {
        name,
        address: override?.address ?? address,
        ...(port !== undefined && { port }),
        ...(user !== undefined && { user }),
      },
      [...at, name],
    );
    return read === undefined ? [] : [{ path: [...at, name], node: read, from: one }];
  });
}

/** What many nodes have, as a variable of their group gives it, is told once. */
function tell(reader: Reader, at: Path, problems: readonly InventoryProblem[]): void {
  for (const [text, same] of Map.groupBy(problems, (problem) => problem.text)) {
    const names = same.flatMap(({ node: name }) => name ?? []);
    reader.problem(at, names.length === 0 ? text : `${text} (${someOf(names)})`);
  }
}

/** What the cluster calls its runtimes. */
const known: Readonly<Record<Runtime, string | undefined>> = {
  "cri-o": "cri-o",
  podman: undefined,
  containerd: "containerd",
  k3s: "containerd",
  rke2: "containerd",
};

function checkRuntime(reader: Reader, at: Path, runtime: Runtime, given: readonly InventoryNode[]): void {
  const wanted = known[runtime];
  const others = given.flatMap(({ name, runtime: runs }) =>
    wanted === undefined || runs === undefined || runs.startsWith(`${wanted}://`)
      ? []
      : [`${name} (${runs})`],
  );
  if (others.length > 0) {
    reader.problem(
      at,
      `finds nodes that run something else than the pool's runtime ${runtime}: ${someOf(others)}; narrow the selector, or set runtime`,
    );
  }
}

function checkOverrides(
  reader: Reader,
  { index, path, own }: Group,
  names: readonly string[],
  { found }: LookedUp,
): void {
  // Where something was not found, nobody can say that it isn't there.
  if ((found.get(index)?.problems.length ?? 0) > 0) return;
  const there = new Set([...names, ...(found.get(index)?.nodes ?? []).map(({ name }) => name)]);
  for (const name of Object.keys(own.overrides ?? {})) {
    if (there.has(name)) continue;
    reader.problem([...path, "overrides", name], noNode(name, there));
  }
}

function ownOf(overrides: Group["own"]["overrides"], name: string): z.output<typeof override> | undefined {
  return overrides !== undefined && Object.hasOwn(overrides, name) ? overrides[name] : undefined;
}

/** The key in a file that the inventory names. */
function keyIn(reader: Reader, path: Path, file: string, { files }: LookedUp): NodeSettings["privateKey"] {
  const { text, problem } = files.get(file) ?? { problem: `${file} was not read` };
  const { data, error } = privateKey.safeParse(text);
  if (text !== undefined && data !== undefined) return data;
  const reason = problem ?? `${file} ${(error?.issues[0]?.message ?? "").split("; for example")[0] ?? ""}`;
  reader.problem(
    [...path, "privateKey"],
    `is a file in the inventory, and ${reason}; privateKey of the pool or of all nodes comes before it`,
  );
  return undefined;
}
