/** The program that a node runs: `node.sh`, then what is wanted there, then the line that starts it. */
import { readFileSync } from "node:fs";
import { sha256 } from "./node-files.ts";
import type { WantedFile } from "./node-files.ts";

export interface NodeTask {
  readonly action: "apply" | "read";
  readonly files: readonly WantedFile[];
  /** Paths to remove, each with the contents that are ours: anything else there is left alone. */
  readonly gone: ReadonlyMap<string, readonly string[]>;
  /** Whose `*.conf` files are read too, for what shadows ours. Lock and journal lie there. */
  readonly dropInDir: string;
  readonly reloadCommand: string;
  /** Empty: none. */
  readonly checkCommand: string;
  /** Put everything back when the reload or the check fails. */
  readonly mustReload: boolean;
  /** Seconds: one command; everything. */
  readonly timeouts: { readonly command: number; readonly total: number };
}

const PROGRAM = readFileSync(new URL("node.sh", import.meta.url), "utf8");

/** The command to send `nodeProgram` to. The last resort for time; each step in it has its own bound. */
export function nodeCommand(task: NodeTask, sudo: boolean): string {
  return `${sudo ? "sudo -n " : ""}timeout -k 10 ${task.timeouts.total} sh -s`;
}

export function nodeProgram(task: NodeTask): string {
  const paths = [...task.files.map((file) => file.path), ...task.gone.keys()];
  const contents = task.files.map(
    (file, index) => `content_${index}() {\nbase64 -d <<'END'\n${base64(file.content)}END\n}\n`,
  );
  const files = task.files.map(
    (file, index) => `"$@" ${index} ${quote(file.path)} ${file.mode} ${sha256(file.content)}`,
  );
  const gone = [...task.gone].map(([path, sums]) => `"$@" ${[quote(path), ...sums].join(" ")}`);
  return [
    PROGRAM,
    ...contents,
    `for_files() { ${chain(files)}; }`,
    `for_gone() { ${chain(gone)}; }`,
    `paths=${quote(paths.join("\n"))}`,
    `drop_in_dir=${quote(task.dropInDir)}`,
    "lock_dir=$drop_in_dir",
    `reload_command=${quote(task.reloadCommand)}`,
    `check_command=${quote(task.checkCommand)}`,
    `must_reload=${task.mustReload ? "yes" : "no"}`,
    `command_timeout=${task.timeouts.command}`,
    // Braces: nothing runs before the closing one is read.
    `{ main ${task.action} </dev/null; exit; }\n`,
  ].join("\n");
}

function chain(calls: readonly string[]): string {
  return calls.length === 0 ? ":" : calls.join(" && ");
}

/** One word for a POSIX shell, whatever it holds. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function base64(text: string): string {
  return Buffer.from(text)
    .toString("base64")
    .replace(/.{1,76}/g, "$&\n");
}
