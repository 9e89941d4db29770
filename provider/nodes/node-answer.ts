/** What `node.sh` answers, parsed; and its failures in words for people. */
import { SshError } from "./ssh-error.ts";
import type { FileState } from "./node-files.ts";
import type { SshResult } from "./ssh.ts";

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
  /** After `read`: what is there. A file that can't be read has the sum "unreadable". */
  readonly states: ReadonlyMap<string, FileState>;
  /** Configuration files of others by their paths. */
  readonly others: ReadonlyMap<string, string>;
}

/** Throws when the node did not do what it was asked, with the node's own words. */
export function parseAnswer(result: SshResult): NodeAnswer {
  const sections = parseSections(result.stdout);
  const of = (name: string): Section[] => sections.filter((section) => section.name === name);
  const failed = of("failed")[0];
  if (failed !== undefined || result.status !== 0 || of("end").length === 0) {
    throw new SshError(failureText(failed?.rest ?? "", result), { reached: true });
  }
  const did = of("did")[0]?.rest;
  const decode = (lines: readonly string[]): string => Buffer.from(lines.join(""), "base64").toString();
  return {
    did: did === "applied" || did === "unchanged" ? did : undefined,
    recovered: of("recovered").length > 0,
    unfinished: of("unfinished").length > 0,
    notReloaded: of("not-reloaded").length > 0,
    kept: of("kept").map((section) => section.rest),
    states: parseStates(of("sums")[0]?.lines ?? [], of("modes")[0]?.lines ?? []),
    others: new Map(of("other").map((section) => [section.rest, decode(section.lines)])),
  };
}

interface Section {
  readonly name: string;
  readonly rest: string;
  readonly lines: string[];
}

/** `#name rest`, then lines until the next one. */
function parseSections(stdout: string): Section[] {
  const sections: Section[] = [];
  for (const line of stdout.split("\n")) {
    const head = /^#([a-z-]+) ?(.*)$/.exec(line);
    if (head !== null) sections.push({ name: head[1] ?? "", rest: head[2] ?? "", lines: [] });
    else if (line !== "") sections.at(-1)?.lines.push(line);
  }
  return sections;
}

function parseStates(sums: readonly string[], modes: readonly string[]): Map<string, FileState> {
  const sumOf = new Map(sums.map((line) => [line.slice(66), line.slice(0, 64)]));
  return new Map(
    modes.map((line) => {
      const space = line.indexOf(" ");
      const path = line.slice(space + 1);
      return [path, { sum: sumOf.get(path) ?? "unreadable", mode: line.slice(0, space) }];
    }),
  );
}

const PHASES: Readonly<Record<string, string>> = {
  prepare: "the node lacks what is needed",
  lock: "another run is working on this node and did not end in time",
  recover: "an earlier run was interrupted and its files could not be put back",
  write: "the files could not be written",
  reload: "the runtime did not take the new files",
};

const OUTCOMES: Readonly<Record<string, string>> = {
  untouched: "nothing was changed",
  "rolled-back": "the old files are back and the runtime was reloaded with them",
  restored: "the old files are back, but the runtime could not be reloaded with them: look at the node",
  stuck: "putting the old files back failed too: look at the node, then run up again, which tries once more",
};

function failureText(failed: string, result: SshResult): string {
  const [phase = "", outcome = ""] = failed.split(" ");
  const what = PHASES[phase];
  const words = result.stderr === "" ? "" : `\n${result.stderr.replace(/^/gm, "    ")}`;
  if (what !== undefined) return `${what}; ${OUTCOMES[outcome] ?? outcome}${words}`;
  if (result.stderr.includes("sudo:")) {
    return `sudo refused; allow the user to run \`sudo -n\` without a password, or set sudo to false${words}`;
  }
  // 137 is a shell's word for a program that ended by SIGKILL.
  const killed = result.status === undefined || result.status === 137;
  const how = killed ? "was killed" : `ended with status ${result.status}`;
  return `the program on the node ${how} before its end; the next up puts right what it may have left${words}`;
}
