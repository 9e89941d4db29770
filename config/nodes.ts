/** The pools of nodes: settings flow from all pools to the pool to the node. */
import { HostKeys } from "./host-keys.ts";
import { nothingLookedUp, type LookedUp } from "./inventory/look-up.ts";
import { membersOf, readGroups, type Group } from "./node-groups.ts";
import type { Path, Reader } from "./problems.ts";
import type { Placed } from "./registries.ts";
import { runtimeDefaults } from "./runtime-defaults.ts";
import { noNode } from "./node-names.ts";
import type { NodeSettings, PoolSettings } from "./settings.ts";

export interface PlacedPool extends Placed<PoolSettings> {
  /** Where one of its settings stands: in the pool, or beside all pools. */
  readonly at: (setting: keyof PoolSettings) => Path;
  /** Of all its nodes, those too that something is wrong with. */
  readonly names: ReadonlySet<string>;
}

export interface Pools {
  readonly pools: readonly PlacedPool[];
  /** All pools' nodes. */
  readonly nodes: readonly Placed<NodeSettings>[];
}

/** Those pools and nodes that are right. */
export function readPools(reader: Reader, value: unknown, lookedUp: LookedUp = nothingLookedUp): Pools {
  const groups = readGroups(reader, value);
  const members = membersOf(reader, groups, lookedUp);
  const keys = new HostKeys(reader, lookedUp);
  const nodes = groups.map((group, i) => keys.complete(group, members[i] ?? []));
  keys.tellLacking();
  checkSharedCanary(reader, groups[0], new Set(members.flat().map((one) => one.value.name)));
  return {
    pools: groups.map((group, i) => {
      const names = new Set((members[i] ?? []).map((one) => one.value.name));
      return {
        path: group.path,
        at: (setting) =>
          Object.hasOwn(group.own, setting) || !Object.hasOwn(group.all, setting) ? group.path : ["nodes"],
        names,
        value: completePool(
          group,
          (nodes[i] ?? []).map((one) => one.value),
          names,
        ),
      };
    }),
    nodes: nodes.flat(),
  };
}

/** Names beside all pools are of any of them. */
function checkSharedCanary(reader: Reader, group: Group | undefined, names: ReadonlySet<string>): void {
  const canary = group?.all.rollout?.canary;
  if (canary === undefined || typeof canary === "number") return;
  canary.forEach((name, i) => {
    if (!names.has(name)) reader.problem(["nodes", "rollout", "canary", i], noNode(name, names));
  });
}

/** Of names beside all pools, those that are its own. */
function canaryOf(
  { all, own }: Pick<Group, "all" | "own">,
  names: ReadonlySet<string>,
): PoolSettings["rollout"]["canary"] {
  const shared = all.rollout?.canary ?? 1;
  if (own.rollout?.canary !== undefined || typeof shared === "number") return own.rollout?.canary ?? shared;
  const theirs = shared.filter((name) => names.has(name));
  return theirs.length > 0 ? theirs : 1;
}

function completePool(
  { all, own }: Group,
  members: readonly NodeSettings[],
  names: ReadonlySet<string>,
): PoolSettings {
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
      ...{ wave: "25%", pause: 10, maxFailed: 0, parallel },
      ...all.rollout,
      ...own.rollout,
      canary: canaryOf({ all, own }, names),
    },
    ...(verifyPull && { verifyPull }),
    onConflict: own.onConflict ?? all.onConflict ?? "warning",
    onUnreachable: own.onUnreachable ?? all.onUnreachable ?? "fail",
    timeouts: { connect: 10, command: 60, total: 180, ...all.timeouts, ...own.timeouts },
  };
}
