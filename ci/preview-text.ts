/** What a pull request is told about a stack: the preview as Pulumi printed it, which shows secrets as `[secret]`. */

/** GitHub takes no longer comment; GitLab does. */
export const LONGEST = 65_536;

export interface Preview {
  readonly stack: string;
  /** As GitHub names a step's outcome, and GitLab a job's status. */
  readonly outcome: string;
  readonly output: string;
  /** Of the job's whole log. */
  readonly log?: string;
}

/** By it the comment of a stack is found again. */
export const markerOf = (stack: string) => `<!-- harbor-cache preview of ${stack} -->`;

/** Markdown, at most `LONGEST` characters. */
export function previewText({ stack, outcome, output, log }: Preview): string {
  const resources =
    /^Resources:\n((?: {4}.+\n?)+)/m
      .exec(output)?.[1]
      ?.trim()
      .split(/\s*\n\s*/) ?? [];
  const said = output.trim();
  // Longer than any in the output, which thus can't end it.
  const fence = "`".repeat(Math.max(3, ...[...said.matchAll(/`+/g)].map(([run]) => run.length + 1)));
  const before = [
    markerOf(stack),
    `### ${stack}: the preview ${outcome === "success" ? "passes" : "fails"}`,
    "",
    ...resources.map((line) => `- ${line}`),
    "",
    ...(log === undefined ? [] : [`[The whole log](${log})`, ""]),
    "<details><summary>What Pulumi says</summary>",
    "",
    fence,
    "",
  ].join("\n");
  const after = `\n${fence}\n\n</details>\n`;
  return before + shortened(said, LONGEST - before.length - after.length) + after;
}

/** The beginning names the stack, the end has policies, errors and the summary: what goes is between. */
function shortened(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const gap = "\n\n[… the log has what is left out here …]\n\n";
  const half = Math.floor((longest - gap.length) / 2);
  return text.slice(0, half) + gap + text.slice(text.length - half);
}
