/** What the program on a node says, parsed; and its failures in words for people. */
import { lastWords } from "./log-errors.ts";
import type { FileState } from "./node-files.ts";
import type { Seen } from "./node-plan.ts";
import { SshError } from "./ssh-error.ts";
import type { SshAnswer, SshResult } from "./ssh.ts";

/** `#name rest`, then lines until the next one. */
interface Section {
  readonly name: string;
  readonly rest: string;
  readonly lines: string[];
}

/** One answer of the program. */
export class Answer {
  readonly #sections: readonly Section[];

  /** Throws the node's failure when the answer doesn't end with `#end WORD`. */
  constructor({ stdout, ended }: SshAnswer, word: string, context: FailureContext) {
    const sections = parseSections(stdout);
    this.#sections = sections;
    if (sections.some(({ name, rest }) => name === "end" && rest === word)) return;
    const failed = this.rest("failed")?.split(" ") ?? [];
    const result = withStrangersWords(ended ?? { status: undefined, stdout, stderr: "" }, sections);
    const log = lastWords(decode(this.lines("log")).split("\n"));
    const heard = log.length === 0 ? "" : `\n    the runtime's log:\n${indented(log.join("\n"))}`;
    throw new SshError(`${context.where}: ${failureText(failed, result, context)}${heard}`, {
      reached: true,
    });
  }

  /** What follows `#name` in its line. */
  rest(name: string): string | undefined {
    return this.#sections.find((section) => section.name === name)?.rest;
  }

  rests(name: string): string[] {
    return this.#sections.filter((section) => section.name === name).map(({ rest }) => rest);
  }

  has(name: string): boolean {
    return this.rest(name) !== undefined;
  }

  lines(name: string): readonly string[] {
    return this.#sections.find((section) => section.name === name)?.lines ?? [];
  }

  /** Of each `#name PATH`, the content below it. */
  contents(name: string): Map<string, string> {
    const sections = this.#sections.filter((section) => section.name === name);
    return new Map(sections.map(({ rest, lines }) => [rest, decode(lines)]));
  }
}

/** Where the program wasn't run at all, what was instead (`Please login as the user "ec2-user"`) may say so on stdout. */
function withStrangersWords(result: SshResult, sections: readonly Section[]): SshResult {
  if (sections.length > 0) return result;
  const words = [result.stderr, result.stdout.trim().slice(0, STRANGERS_LENGTH)].filter(
    (text) => text !== "",
  );
  return { ...result, stderr: words.join("\n") };
}

const STRANGERS_LENGTH = 400;

function parseSections(stdout: string): Section[] {
  const sections: Section[] = [];
  for (const line of stdout.split("\n")) {
    const head = /^#([a-z-]+) ?(.*)$/.exec(line);
    if (head !== null) sections.push({ name: head[1] ?? "", rest: head[2] ?? "", lines: [] });
    else if (line !== "") sections.at(-1)?.lines.push(line);
  }
  return sections;
}

export function decode(lines: readonly string[]): string {
  return Buffer.from(lines.join(""), "base64").toString();
}

/** What lies at the paths asked for. */
export function seenOf(answer: Answer): Seen {
  const sumOf = new Map(answer.lines("sums").map((line) => [line.slice(66), line.slice(0, 64)]));
  const whole = new Map<string, FileState>();
  for (const line of answer.lines("modes")) {
    const space = line.indexOf(" ");
    const path = line.slice(space + 1);
    whole.set(path, { sum: sumOf.get(path) ?? "unreadable", mode: line.slice(0, space) });
  }
  return { whole, merged: answer.contents("merged"), links: new Set(answer.rests("link")) };
}

/** What a failure may be for, beside what the node says. */
export interface FailureContext {
  readonly where: string;
  /** `user`, who may not write everywhere. */
  readonly user: string;
  readonly sudo: boolean;
  /** Why the node was told to put everything back: a line, and what is quoted for it. */
  readonly judgement?: string;
}

const PHASES: Readonly<Record<string, string>> = {
  prepare: "the node lacks what is needed",
  lock: "another run is working on this node and did not end in time",
  recover: "an earlier run was interrupted and its files could not be put back",
  write: "the files could not be written",
  reload: "the runtime did not take the new files",
  left: "the change was not found good in time",
};

const OUTCOMES: Readonly<Record<string, string>> = {
  untouched: "nothing was changed",
  "rolled-back": "the old files are back and the runtime was reloaded with them",
  restored: "the old files are back, but the runtime could not be reloaded with them: look at the node",
  stuck: "putting the old files back failed too: look at the node, then run up again, which tries once more",
};

function failureText(
  [phase = "", outcome = ""]: string[],
  result: SshResult,
  context: FailureContext,
): string {
  const [judgement, ...quoted] = context.judgement?.split("\n") ?? [];
  const what = phase === "judged" ? judgement : PHASES[phase];
  const words = [...quoted, ...(result.stderr === "" ? [] : [indented(result.stderr)])]
    .map((line) => `\n${line}`)
    .join("");
  if (what !== undefined) {
    return `${what}; ${OUTCOMES[outcome] ?? outcome}${rightsHint(phase, result, context)}${words}`;
  }
  // It warns too, of a host name that isn't found, and then runs the program.
  if (result.status === 1 && /^sudo:/m.test(result.stderr)) {
    return (
      `sudo refused; allow ${context.user} to run \`sudo -n\` without a password (NOPASSWD), ` +
      `log in as root, or set sudo to false${words}`
    );
  }
  // 137 is a shell's word for a program that ended by SIGKILL.
  const killed = result.status === undefined || result.status === 137;
  const how = killed ? "was killed" : `ended with status ${result.status}`;
  return `the program on the node ${how} before its end; the next up puts right what it may have left${words}`;
}

function rightsHint(phase: string, { stderr }: SshResult, { user, sudo }: FailureContext): string {
  const denied = /permission denied|operation not permitted|can't be read/i.test(stderr);
  if (!denied || sudo || user === "root" || (phase !== "write" && phase !== "recover")) return "";
  return `. The user ${user} may not write there: set sudo to true, or log in as root`;
}

/** Each line once: a check that is tried again says the same again. */
export function indented(text: string): string {
  return [...new Set(text.split("\n"))].map((line) => `    ${line}`).join("\n");
}
