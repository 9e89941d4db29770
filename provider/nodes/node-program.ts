/** The program that a node runs, in pieces: `node.sh` and `node-change.sh`, and what is to be done there. */
import { readFileSync } from "node:fs";
import type { Plan } from "./node-plan.ts";
import { dropInDirOf } from "./pool-inputs.ts";
import type { PoolInputs } from "./pool-inputs.ts";

const [LOOK, CHANGE] = ["node.sh", "node-change.sh"].map((name) => {
  const text = readFileSync(new URL(name, import.meta.url), "utf8");
  // What only people read need not travel.
  return text.replace(/^ *(#.*)?\n/gm, "").replace(/^ +/gm, "");
}) as [string, string];

/** Seconds after which a node that hears nothing puts back what it did. */
const silenceOf = (total: number): number => Math.min(60, total);
/** Seconds for what else is done after the end of a program's time. */
const GRACE = 15;

/**
 * The command to send the pieces to. The last resort for time; each step in it has its own bound. A silence that begins at
 * its end is still waited for, and then the runtime reloads the old files and is asked whether it runs.
 */
export function nodeCommand(pool: PoolInputs, total: number): string {
  const grace = silenceOf(total) + 2 * pool.timeouts.command + GRACE;
  return `${pool.sudo ? "sudo -n " : ""}timeout -k ${grace} ${total} sh -s`;
}

/** What a node is asked to tell. */
export interface Look {
  /** `apply` locks the node and finishes what an interrupted run left. */
  readonly action: "apply" | "read";
  /** Of which content and mode are told. */
  readonly paths: readonly string[];
  /** Those of them of which the whole content is told. */
  readonly merged: readonly string[];
}

export function lookPiece(pool: PoolInputs, look: Look): string {
  return piece(
    [
      settingsOf(pool),
      `action=${look.action}`,
      `paths=${quote(look.paths.join("\n"))}`,
      `merged=${quote(look.merged.join("\n"))}`,
    ],
    "look </dev/null",
  );
}

const settings = new WeakMap<PoolInputs, string>();

/** The program, and what is the same on every node of a pool. */
function settingsOf(pool: PoolInputs): string {
  const known = settings.get(pool);
  if (known !== undefined) return known;
  const text = [
    LOOK,
    `others=${quote(pool.others.join("\n"))}`,
    `lock_dir=${quote(dropInDirOf(pool))}`,
    `check_command=${quote(pool.checkCommand)}`,
    `log_command=${quote(pool.logCommand)}`,
    `command_timeout=${pool.timeouts.command}`,
    `silence=${silenceOf(pool.timeouts.total)}`,
  ].join("\n");
  settings.set(pool, text);
  return text;
}

/** The change, after which the node obeys orders until `commit`. */
export function changePiece(pool: PoolInputs, plan: Plan, mustReload: boolean): string {
  const { puts, drops } = plan;
  const renew = plan.restart && pool.restartCommand !== "" ? "restart" : "reload";
  const putting = puts.map(
    ({ path, mode, content, was }, index) => `"$@" ${index} ${quote(path)} ${mode} ${content.sum} '${was}'`,
  );
  const dropping = drops.map(({ path, was }) => `"$@" ${quote(path)} '${was}'`);
  const existing = [...puts, ...drops].flatMap(({ path, was }) => (was === "-" ? [] : [path]));
  return piece(
    [
      CHANGE,
      ...puts.map(({ content }, index) => `content_${index}() {\nbase64 -d <<'END'\n${content.base64}END\n}`),
      `for_puts() { ${chain(putting)}; }`,
      `for_drops() { ${chain(dropping)}; }`,
      `existing=${quote(existing.join("\n"))}`,
      `renew=${renew}`,
      `renew_command=${quote(renew === "restart" ? pool.restartCommand : pool.reloadCommand)}`,
      `must_reload=${mustReload ? "yes" : "no"}`,
      `remove_command=${quote(pool.verifyPull?.removeCommand ?? "")}`,
      `pull_command=${quote(pool.verifyPull?.pullCommand ?? "")}`,
      `pull_timeout=${pool.verifyPull?.timeout ?? 0}`,
    ],
    "change </dev/null; obey; exit",
  );
}

/** Braces: nothing runs before the closing one is read. */
function piece(statements: readonly string[], run: string): string {
  return `${statements.join("\n")}\n{ ${run}; }\n`;
}

function chain(calls: readonly string[]): string {
  return calls.length === 0 ? ":" : calls.join(" && ");
}

/** One word for a POSIX shell, whatever it holds. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
