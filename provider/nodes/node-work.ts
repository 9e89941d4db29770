/** One node: what is there, what is to be there, and the way between, over one SSH connection. */
import { findConflicts } from "./conflicts.ts";
import type { Finding } from "./conflicts.ts";
import { logErrors, quotedLines } from "./log-errors.ts";
import { decode, indented, seenOf } from "./node-answer.ts";
import type { Answer } from "./node-answer.ts";
import type { FileState, MergeFormat, WantedFile } from "./node-files.ts";
import { planOf, statesOf } from "./node-plan.ts";
import type { Plan, Seen } from "./node-plan.ts";
import { nodeCommand } from "./node-program.ts";
import { NodeSession } from "./node-session.ts";
import type { PoolInputs, PoolNode } from "./pool-inputs.ts";
import { endpoint } from "./ssh-connection.ts";
import { SshError } from "./ssh-error.ts";
import { talkOverSsh } from "./ssh.ts";
import type { PullVerification } from "./verify-pull.ts";

export interface NodeWork {
  readonly action: "apply" | "read";
  readonly files: readonly WantedFile[];
  /**
   * Paths that may hold what is ours and not wanted any more. A merged file that is still wanted may be among them: its
   * keys that aren't wanted any more are taken out.
   */
  readonly gone: ReadonlyMap<string, Gone>;
  /** What of it may go by now; asked when the node is locked. Default: all. */
  readonly free?: ((gone: ReadonlyMap<string, Gone>) => ReadonlyMap<string, Gone>) | undefined;
  /** What the state says was last written: sha256 (of our part, where merged) by path; for files edited by hand. */
  readonly written: ReadonlyMap<string, string>;
  /** Put everything back when the reload or the check fails; false when files are taken away. */
  readonly mustReload: boolean;
  /** Given: the image must be pulled through the cache before the node counts as good. */
  readonly verify?: PullVerification | undefined;
}

/** What is ours at a path: anything else there is left alone. */
export interface Gone {
  /** Each a content that was ours: sha256, of our part where merged. */
  readonly sums: readonly string[];
  readonly merge?: MergeFormat | undefined;
  /** Of a merged file: see `keysOf`. All that may be there. */
  readonly keys?: readonly string[] | undefined;
  /** The runtime has to be restarted to forget it. Default: as files of that format are read. */
  readonly restart?: boolean | undefined;
}

export interface NodeAnswer {
  /** After `apply`. */
  readonly did: "applied" | "unchanged" | undefined;
  /** An earlier run had been interrupted, and its files were put back first. */
  readonly recovered: boolean;
  /** After `read`: an earlier run was interrupted, or one is running. */
  readonly unfinished: boolean;
  /** The reload failed where that is no reason to keep the files. */
  readonly notReloaded: boolean;
  /** Files left alone because they aren't what was written. */
  readonly kept: readonly string[];
  /** What was there before anything was done. A file that can't be read has the sum "unreadable". */
  readonly states: ReadonlyMap<string, FileState>;
  /** What is worth a warning. */
  readonly findings: readonly Finding[];
}

/** Throws `SshError`: see there what is known of the node then. */
export async function workOnNode(
  pool: PoolInputs,
  node: PoolNode,
  work: NodeWork,
  signal: AbortSignal,
): Promise<NodeAnswer> {
  const { connect, total } = pool.timeouts;
  const timeouts = { connect, total: total + (work.verify?.seconds ?? 0) };
  const talk = (): Promise<NodeAnswer> =>
    talkOverSsh(node, nodeCommand(pool, timeouts.total), { timeouts, signal }, (conversation) =>
      converse(new NodeSession(conversation, pool, node), pool, node, work),
    );
  return await (work.verify === undefined ? talk() : work.verify.inTurn(talk));
}

async function converse(
  session: NodeSession,
  pool: PoolInputs,
  node: PoolNode,
  work: NodeWork,
): Promise<NodeAnswer> {
  const shared = [...work.files, ...gonePaths(work)].filter(({ merge }) => merge !== undefined);
  const paths = [...work.files, ...gonePaths(work)].map(({ path }) => path);
  const merged = shared.map(({ path }) => path);
  const look = await session.look({ action: work.action, paths, merged });
  const seen = seenOf(look);
  const states = statesOf(work, seen);
  // What differs there is the refresh's own news, and it replaces nothing.
  const findings = conflictsOf(pool, work, look, seen, work.action === "read" ? new Map() : states);
  const recovered = look.rest("recovered");
  const known = { recovered: recovered !== undefined, unfinished: look.has("unfinished"), states };
  if (work.action === "read") {
    await session.leave();
    return { ...known, did: undefined, notReloaded: false, kept: [], findings };
  }

  const gone = work.free?.(work.gone) ?? work.gone;
  const plan = decide(pool, node, { ...work, gone }, seen, findings);
  const changes = plan.puts.length + plan.drops.length > 0;
  if (!changes && recovered === undefined && work.verify === undefined) {
    await session.leave();
    return { ...known, did: "unchanged", notReloaded: false, kept: plan.kept, findings };
  }
  const restart = plan.restart || recovered === "restart";
  const change = await session.change({ ...plan, restart }, work.mustReload);
  if (change.has("log-failed")) {
    findings.push({
      text: `${pool.logCommand}: the runtime's log can't be read by this command, so that errors there go unseen; set logCommand`,
      breaks: false,
    });
  }
  const problem = logProblem(work, change) ?? (await work.verify?.problemOf(session));
  if (problem !== undefined) await session.undo(problem);
  await session.commit();
  const did = changes ? "applied" : "unchanged";
  return { ...known, did, notReloaded: change.has("not-reloaded"), kept: plan.kept, findings };
}

function gonePaths(work: NodeWork): { path: string; merge?: MergeFormat | undefined }[] {
  const wanted = new Set(work.files.map(({ path }) => path));
  return [...work.gone].filter(([path]) => !wanted.has(path)).map(([path, { merge }]) => ({ path, merge }));
}

function conflictsOf(
  pool: PoolInputs,
  work: NodeWork,
  look: Answer,
  seen: Seen,
  current: ReadonlyMap<string, FileState>,
): Finding[] {
  if (work.files.length === 0) return [];
  const others = new Map([...look.contents("other"), ...seen.merged]);
  return findConflicts({ runtime: pool.runtime, files: work.files, others, current, written: work.written });
}

/** The plan, or an error before anything is written. */
function decide(
  pool: PoolInputs,
  node: PoolNode,
  work: NodeWork,
  seen: Seen,
  findings: readonly Finding[],
): Plan {
  const where = endpoint(node);
  const bad = findings.filter(({ breaks }) => breaks || pool.onConflict === "error");
  if (bad.length > 0) {
    const lines = indented(bad.map(({ text }) => text).join("\n"));
    throw new SshError(
      `${where}: what is on the node conflicts with the files; nothing was changed\n${lines}`,
    );
  }
  try {
    return planOf(work, seen);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new SshError(`${where}: ${why}; nothing was changed`, { cause: error });
  }
}

function logProblem(work: NodeWork, change: Answer): string | undefined {
  if (!work.mustReload) return undefined;
  const paths = [...work.files.map(({ path }) => path), ...work.gone.keys()];
  const errors = logErrors(decode(change.lines("log")).split("\n"), paths);
  if (errors.length === 0) return undefined;
  return `the runtime logged errors about the new files\n${indented(quotedLines(errors).join("\n"))}`;
}
