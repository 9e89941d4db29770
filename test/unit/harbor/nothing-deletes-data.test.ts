/** What the project runs, or tells its users to run, must not be able to take data or certificates along by accident. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const programs = [
  "Makefile",
  ...globSync("{cli,components,policy,provider}/**/*.{sh,ts}", { cwd: root }),
  ...globSync("{index.ts,package.json,.github/**/*.yml}", { cwd: root }),
];
const scripts = programs.filter((file) => file.endsWith(".sh"));
const documents = ["README.md", ...globSync("docs/**/*.md", { cwd: root })];

interface Line {
  readonly file: string;
  readonly text: string;
}

/** Lines without those that only explain. */
function linesOf(files: readonly string[]): Line[] {
  return files.flatMap((file) =>
    readFileSync(join(root, file), "utf8")
      .split("\n")
      .map((line) => ({ file, text: line.trim() }))
      .filter(({ text }) => !/^(#|\/\/|\/?\*)/.test(text)),
  );
}

/** What documents give people to type. */
const typed = documents.flatMap((file) =>
  [...readFileSync(join(root, file), "utf8").matchAll(/^ *```(?:sh|console)\n([\s\S]*?)^ *```$/gm)].map(
    ([, text = ""]) => ({ file, text }),
  ),
);

/** Commands of Docker's that delete volumes, or everything that happens not to run. */
const deletesVolumes =
  /\bdown\b.*\s(-v\b|--volumes\b)|\brm\b.*\s--volumes\b|\bvolume\s+(rm|remove|prune)\b|\b(system|container|network|volume)\s+prune\b|\bcompose\s.*\brm\b/;
/** A removal of whole folders. */
const removesFolders = /\brm\s+-\w*r|-exec\s+rm\b|\s-delete\b|\brmSync\(.*recursive/;
/** Where data and certificates lie. */
const data = /data|edge_dir|acme|certs|\/edge/;

describe("nothing of ours deletes data or certificates by accident", () => {
  it("the search finds what it is for", () => {
    for (const line of [
      "docker compose down -v",
      "docker compose down --timeout 60 --volumes",
      "docker volume rm harbor-cache-certs",
      "docker system prune --all",
      "docker compose rm --stop",
      "docker rm --volumes x",
    ])
      expect(line).toMatch(deletesVolumes);
    for (const line of ['rm -rf "$data_dir"', "rm -fr x", "find x -exec rm {} +", "find x -delete"])
      expect(line).toMatch(removesFolders);
    expect(scripts.length).toBeGreaterThan(10);
  });

  it("no program has Docker delete volumes", () => {
    expect(linesOf(programs).filter(({ text }) => deletesVolumes.test(text))).toEqual([]);
  });

  it("only a destroy with harbor.purgeData deletes what is in the data's folder", () => {
    const removals = linesOf(scripts).filter(({ text }) => removesFolders.test(text) && data.test(text));
    const known = [
      'rm -rf "$data_mark"',
      // Files of its own that were not finished.
      `trap 'rm -rf "$work" "$edge_dir"/server.*.new' EXIT`,
    ];
    expect(removals.filter(({ text }) => !known.includes(text))).toEqual([]);
    const emptied = linesOf(scripts).filter(({ text }) => text.includes('empty_claimed "$data_dir"'));
    expect(emptied).toHaveLength(1);
    const directories = readFileSync(join(root, "components/harbor/steps/directories.sh"), "utf8");
    expect(directories).toMatch(
      /if \[ "\$purge_data" = true \] && \[ -e "\$data_mark" \]; then\n {4}empty_claimed "\$data_dir"/,
    );
  });

  it("no document has people do it", () => {
    expect(typed.length).toBeGreaterThan(20);
    expect(typed.filter(({ text }) => deletesVolumes.test(text))).toEqual([]);
  });
});
