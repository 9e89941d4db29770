import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { shellQuote } from "./shell.ts";

const preamble = readFileSync(new URL("./step.sh", import.meta.url), "utf8");

/** What a machine runs with a step's script on stdin; the action, `up` or `down`, goes behind it. */
export function stepShell(sudo: boolean, seconds: number): string {
  return `${sudo ? "sudo -n " : ""}timeout -k 10 ${seconds} sh -s`;
}

/** Changes with the script, which may hold secrets. */
export function scriptDigest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export interface StepScript {
  /** POSIX shell that defines `up`, and `down` where the step has something to undo. */
  readonly body: string;
  /** Shell variables that the body reads; names are `[a-z][a-z0-9_]*`. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** Seconds after which the step is ended. */
  readonly seconds: number;
}

/** The whole text that a machine's shell reads on stdin, to be started as `sh -s up` or `sh -s down`. */
export function stepScript(step: StepScript): string {
  return script(step, 'main "$@"');
}

/** The same for what changes nothing: it doesn't wait for a step that runs meanwhile. To be started as `sh -s`. */
export function lookScript(step: StepScript): string {
  return script(step, "trap out_of_time TERM\nup");
}

function script({ body, settings, seconds }: StepScript, last: string): string {
  const assignments = Object.entries({ ...settings, step_seconds: seconds }).map(
    ([name, value]) => `${name}=${shellQuote(String(value))}\n`,
  );
  // The script's own stdin is what the shell reads: nothing that it starts may take from it.
  return `${assignments.join("")}${preamble}${body}\n${last} </dev/null\n`;
}
