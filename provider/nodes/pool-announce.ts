/** What an up will do to a pool, in words for people, from what is known without touching a node. Pure. */
import { countOf, grouped, namesOf } from "./node-names.ts";
import { goneFor } from "./pool-nodes.ts";
import type { ForeseenPool, PoolInputs, PoolNode } from "./pool-inputs.ts";
import { stateOfFiles } from "./pool-state.ts";
import type { AppliedNode } from "./pool-state.ts";
import { planRollout, wavesOf } from "./waves.ts";

/** Waves by their nodes; of more, how many. */
const MOST_WAVES = 8;

type Applied = ReadonlyMap<string, AppliedNode>;

/** Lines: on how many nodes, in which waves, which file comes to what, and what was edited by hand. */
export function announcement(
  old: PoolInputs | undefined,
  foreseen: ForeseenPool,
  pending: readonly PoolNode[],
  applied: Applied,
): string {
  const { pool, unknown } = foreseen;
  const may = unknown.size === 0 ? "" : "may ";
  const change = may === "" && pending.length === 1 ? "changes" : "change";
  const count = `${pending.length} of ${countOf(pool.nodes.length)} ${may}${change}`;
  const lines = [
    `${count}: ${wavesText(pool, pending)}`,
    ...waveLines(pool, pending),
    ...fileLines(old, foreseen, pending, applied),
    ...editedLines(pending, applied),
  ];
  return lines.join("\n  ");
}

function wavesText(pool: PoolInputs, pending: readonly PoolNode[]): string {
  const { canary, rest, waveSize } = planRollout(pool.nodes, pending, pool.rollout);
  const waves = wavesOf(rest, waveSize);
  if (canary.length === 0 && waves.length === 1) return namesOf(rest);
  const size = waves.length === 1 ? countOf(rest.length) : `at most ${countOf(waveSize)}`;
  return [
    ...(canary.length === 0 ? [] : [`canary ${namesOf(canary)}`]),
    ...(waves.length === 0 ? [] : [`${countOf(waves.length, "wave")} of ${size}`]),
  ].join("; then ");
}

function waveLines(pool: PoolInputs, pending: readonly PoolNode[]): string[] {
  const { canary, rest, waveSize } = planRollout(pool.nodes, pending, pool.rollout);
  const waves = wavesOf(rest, waveSize);
  if (canary.length === 0 && waves.length <= 1) return [];
  const lines = waves.slice(0, MOST_WAVES).map(({ name, nodes }) => `wave ${name}: ${namesOf(nodes)}`);
  const more = waves.length - lines.length;
  return more === 0 ? lines : [...lines, `… and ${more} more waves`];
}

/** `PATH is added to 3 nodes`, with their names where they aren't all. */
function fileLines(
  old: PoolInputs | undefined,
  { pool, unknown }: ForeseenPool,
  pending: readonly PoolNode[],
  applied: Applied,
): string[] {
  const { sums } = stateOfFiles(pool.files);
  const goneFrom = goneFor(old?.files ?? [], pool.files);
  const changesOn = (record: AppliedNode | undefined): string[] => {
    const changed = pool.files.flatMap(({ path, merge }) => {
      const seen = record?.seen?.[path];
      const is = seen === "absent" ? undefined : record?.files[path];
      if (is === sums[path] && seen === undefined && !unknown.has(path)) return [];
      return [`${path} ${changeOf(is, merge !== undefined, unknown.has(path))}`];
    });
    const removed = [...goneFrom(record)].flatMap(([path, { keys }]) => {
      if (record?.files[path] === undefined || sums[path] !== undefined) return [];
      return [`${path} ${keys === undefined ? "is removed from" : "loses what is ours on"}`];
    });
    const changes = [...changed, ...removed];
    return changes.length === 0 ? ["no file is known to differ on"] : changes;
  };
  return grouped(pending, (node) => changesOn(applied.get(node.name))).map(([change, nodes]) => {
    const names = nodes.length === pending.length ? "" : `: ${namesOf(nodes)}`;
    return `${change} ${countOf(nodes.length)}${names}`;
  });
}

function changeOf(is: string | undefined, isMerged: boolean, isUnknown: boolean): string {
  if (is === undefined) return isMerged ? "is merged into on" : "is added to";
  if (isUnknown) return "may change on";
  return isMerged ? "is merged anew on" : "changes on";
}

function editedLines(pending: readonly PoolNode[], applied: Applied): string[] {
  const edits = grouped(pending, (node) =>
    Object.entries(applied.get(node.name)?.seen ?? {}).map(
      ([path, is]) => `${is === "absent" ? "removed" : "edited"} by hand: ${path}`,
    ),
  );
  return edits.map(([edit, nodes]) => `${edit} on ${namesOf(nodes)}`);
}
