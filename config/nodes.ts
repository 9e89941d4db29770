/** The pools of nodes: settings flow from all pools to the pool to the node. */
import type * as z from "zod";
import type { Path, Reader } from "./problems.ts";
import type { Placed } from "./registries.ts";
import { runtimeDefaults } from "./runtime-defaults.ts";
import { node, nodes, pool } from "./schema/nodes.ts";
import type { NodeSettings, PoolSettings } from "./settings.ts";

type All = z.output<typeof nodes>;
type Pool = z.output<typeof pool>;
type Node = z.output<typeof node>;

export interface Pools {
  readonly pools: readonly Placed<PoolSettings>[];
  /** All pools' nodes. */
  readonly nodes: readonly Placed<NodeSettings>[];
}

/** Those pools and nodes that are right. Each is read for its own errors, whatever is wrong above or beside it. */
export function readPools(reader: Reader, value: unknown): Pools {
  const all = reader.read(nodes, value, ["nodes"]);
  const lacksUser: Path[] = [];
  const found: Placed<NodeSettings>[] = [];
  const pools = listAt(value, "pools").flatMap((raw, i): Placed<PoolSettings>[] => {
    const path = ["nodes", "pools", i];
    const own = reader.read(pool, raw, path);
    const members = listAt(raw, "nodes").map((member, j) => ({
      path: [...path, "nodes", j],
      value: reader.read(node, member, [...path, "nodes", j]),
    }));
    if (all === undefined || own === undefined) return [];
    const complete = members.flatMap(({ path: at, value: member }): Placed<NodeSettings>[] => {
      if (member === undefined) return [];
      const user = member.user ?? own.user ?? all.user;
      if (user !== undefined) return [{ path: at, value: completeNode(all, own, member, user) }];
      lacksUser.push(at);
      return [];
    });
    found.push(...complete);
    return [
      {
        path,
        value: completePool(
          all,
          own,
          complete.map((one) => one.value),
        ),
      },
    ];
  });
  if (lacksUser[0] !== undefined) {
    reader.problem(
      ["nodes", "user"],
      `is missing, and ${reader.at(lacksUser[0])} has none; for example: ubuntu`,
    );
  }
  return { pools, nodes: found };
}

function listAt(value: unknown, key: string): readonly unknown[] {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return [];
  const found: unknown = Reflect.get(value, key);
  return Array.isArray(found) ? found : [];
}

function completeNode(all: All, own: Pool, member: Node, user: string): NodeSettings {
  const privateKey = member.privateKey ?? own.privateKey ?? all.privateKey;
  const jump = member.jump ?? own.jump ?? all.jump;
  return {
    name: member.name ?? member.address,
    address: member.address,
    port: member.port ?? own.port ?? all.port ?? 22,
    user,
    ...(privateKey && { privateKey }),
    hostKey: member.hostKey,
    ...(jump && { jump }),
  };
}

function completePool(all: All, own: Pool, members: readonly NodeSettings[]): PoolSettings {
  const runtime = own.runtime ?? all.runtime ?? "cri-o";
  const { parallel, ...defaults } = runtimeDefaults[runtime];
  const verifyPull = own.verifyPull ?? all.verifyPull;
  return {
    name: own.name,
    runtime,
    nodes: members,
    sudo: own.sudo ?? all.sudo ?? members.some(({ user }) => user !== "root"),
    dropInDir: own.dropInDir ?? all.dropInDir ?? defaults.dropInDir,
    certsDir: own.certsDir ?? all.certsDir ?? defaults.certsDir,
    configDir: own.configDir ?? all.configDir ?? defaults.configDir,
    authFile: own.authFile ?? all.authFile ?? defaults.authFile,
    configureRuntime: own.configureRuntime ?? all.configureRuntime ?? false,
    files: own.files ?? all.files ?? "per-registry",
    mirrors: own.mirrors ?? all.mirrors ?? [],
    unqualifiedSearch: own.unqualifiedSearch ?? all.unqualifiedSearch ?? [],
    reloadCommand: own.reloadCommand ?? all.reloadCommand ?? defaults.reloadCommand,
    restartCommand: own.restartCommand ?? all.restartCommand ?? defaults.restartCommand,
    checkCommand: own.checkCommand ?? all.checkCommand ?? defaults.checkCommand,
    logCommand: own.logCommand ?? all.logCommand ?? defaults.logCommand,
    rollout: {
      ...{ canary: 1, wave: "25%", pause: 10, maxFailed: 0, parallel },
      ...all.rollout,
      ...own.rollout,
    },
    ...(verifyPull && { verifyPull }),
    onConflict: own.onConflict ?? all.onConflict ?? "warning",
    onUnreachable: own.onUnreachable ?? all.onUnreachable ?? "fail",
    timeouts: { connect: 10, command: 60, total: 180, ...all.timeouts, ...own.timeouts },
  };
}
