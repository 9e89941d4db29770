/** What nodes and pools say of each other, and of the registries. */
import { once, type Parts } from "./conflicts.ts";
import { noNode } from "./node-names.ts";
import type { PlacedPool, Pools } from "./nodes.ts";
import type { Path, Reader } from "./problems.ts";
import type { Placed } from "./registries.ts";
import { runtimeProblems } from "./runtime-problems.ts";
import { sameAddress } from "./schema/network.ts";
import type { PoolSettings, SshAccess } from "./settings.ts";

export function checkJump(reader: Reader, machine: SshAccess, path: Path): void {
  if (machine.jump && endpointOf(machine.jump) === endpointOf(machine)) {
    reader.problem(
      [...path, "jump"],
      "is the machine itself: leave it out, or give the host that leads there",
    );
  }
}

function endpointOf({ address, port }: SshAccess): string {
  return `${sameAddress(address)} ${port}`;
}

export function checkNodes(reader: Reader, { pools, nodes }: Pools): void {
  const named = <T extends { readonly name: string }>(items: readonly Placed<T>[]): Placed<string>[] =>
    items.map(({ path, value }) => ({ path: [...path, "name"], value: value.name }));
  once(reader, named(pools), (first) => `is the same as ${first}: each pool needs a name of its own`);
  // One address behind two jump hosts is two machines.
  const machines = nodes.map(({ path, value }) => ({
    path: [...path, "address"],
    value: [value, value.jump].flatMap((host) => (host ? [endpointOf(host)] : [])).join(" by "),
  }));
  once(reader, machines, (first) => `is the same machine as ${first}: a node belongs to one pool, once`);
  const addresses = new Set(machines.map(({ value }) => value));
  if (addresses.size === machines.length) {
    once(reader, named(nodes), (first) => `is the same as ${first}: each node needs a name of its own`);
  }
  for (const { path, value } of nodes) checkJump(reader, value, path);
}

/** What stands beside all pools is told once. */
export function checkPools(reader: Reader, { pools, registries }: Parts): void {
  const told = new Set<string>();
  const problem = (path: Path, message: string): void => {
    const line = `${reader.at(path)} ${message}`;
    if (!told.has(line)) reader.problem(path, message);
    told.add(line);
  };
  const all = new Set(pools.flatMap(({ names }) => [...names]));
  const known = registries.map(({ value }) => value);
  for (const pool of pools) {
    for (const { path, message } of runtimeProblems(pool.value, known)) {
      const [setting, ...inner] = path;
      problem([...pool.at(setting as keyof PoolSettings), setting ?? "", ...inner], message);
    }
    checkTimeouts(problem, pool);
    checkCanary(problem, pool, all);
  }
}

type Tell = (path: Path, message: string) => void;

function checkTimeouts(problem: Tell, { path, value }: PlacedPool): void {
  const { connect, command, total } = value.timeouts;
  if (Math.max(connect, command) > total) {
    problem([...path, "timeouts", "total"], "must be no less than connect and command; for example: 180");
  }
}

function checkCanary(problem: Tell, { at, value, names }: PlacedPool, all: ReadonlySet<string>): void {
  const { canary } = value.rollout;
  if (typeof canary === "number") return;
  canary.forEach((name, i) => {
    if (names.has(name)) return;
    const message = all.has(name) ? "is a node of another pool: name one of this pool" : noNode(name, names);
    problem([...at("rollout"), "rollout", "canary", i], message);
  });
}
