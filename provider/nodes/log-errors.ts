/** Which lines of a runtime's log say that it doesn't like our files. */
import { posix } from "node:path";

/** What all runtimes call the files that mirrors are set in, and the reading of them. */
const SUBJECTS =
  /registries\.(?:conf|yaml)|system registries|hosts\.toml|certs\.d\b|reload(?:ing)? (?:the )?config/i;

/** Names that say nothing in a line of somebody else's. */
const COMMON_NAMES = new Set(["config.json", "auth.json", "config.toml", "ca.crt", "hosts.toml"]);

/**
 * The lines that are errors about files at `paths`. CRI-O, containerd, k3s and RKE2 log as logrus does it
 * (`level=error msg="…"`); a kubelet in the same unit as klog does (`E0131 …`). A line with neither is judged by its words.
 */
export function logErrors(lines: readonly string[], paths: readonly string[]): string[] {
  const names = paths.flatMap((path) => {
    const name = posix.basename(path);
    return COMMON_NAMES.has(name) ? [path] : [path, name];
  });
  return lines.filter(
    (line) => isError(line) && (SUBJECTS.test(line) || names.some((name) => line.includes(name))),
  );
}

/** What a runtime that doesn't run said last: its errors, or whatever it was. */
export function lastWords(lines: readonly string[]): string[] {
  const said = lines.filter((line) => line.trim() !== "");
  const errors = said.filter(isError);
  return quotedLines((errors.length > 0 ? errors : said).slice(-QUOTED_LINES));
}

/** Lines that are quoted, and characters of each. */
const QUOTED_LINES = 5;
const QUOTED_LENGTH = 400;

export function quotedLines(lines: readonly string[]): string[] {
  return lines.slice(0, QUOTED_LINES).map((line) => line.slice(0, QUOTED_LENGTH));
}

function isError(line: string): boolean {
  const level = /\blevel"?[=:]\s*"?([a-z]+)/.exec(line)?.[1];
  if (level !== undefined) return ["error", "fatal", "panic"].includes(level);
  const klog = /(?:^|: )([IWEF])\d{4} \d\d:/.exec(line)?.[1];
  if (klog !== undefined) return klog === "E" || klog === "F";
  return /\b(?:error|fatal|panic|failed to|unable to|cannot|can't|invalid)\b/i.test(line);
}
