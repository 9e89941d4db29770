/** The command line itself: the wrapper, help and version, and that documents name commands that there are. */
import { globSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import manifest from "../../../package.json" with { type: "json" };
import { run } from "../../../tools/run.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const program = join(root, manifest.bin["harbor-cache"]);
const folder = mkdtempSync(join(tmpdir(), "harbor-cache-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A machine whose own node is none. */
const command = (...args: string[]) =>
  run(program, args, { cwd: folder, env: { PATH: "/usr/bin:/bin" }, timeout: 60 });

const commands = (await command("help")).stdout
  .split("Commands:")[1]
  ?.split("\n")
  .flatMap((line) => /^ {2}([a-z-]+)/.exec(line)?.[1] ?? []);

test("runs from anywhere, through links, by the Node of the packages", async () => {
  const direct = join(folder, "direct");
  symlinkSync(relative(folder, program), direct);
  const indirect = join(folder, "indirect");
  symlinkSync(direct, indirect);
  expect(
    await run(indirect, ["--version"], { cwd: folder, env: { PATH: "/usr/bin:/bin" }, timeout: 60 }),
  ).toEqual({
    code: 0,
    stdout: `${manifest.version}\n`,
    stderr: "",
  });
});

test("says how to get the packages where they are missing", async () => {
  await run("/bin/cp", ["-r", join(root, "cli"), join(folder, "cli")]);
  expect(await run(join(folder, "cli/harbor-cache"), ["status"], { timeout: 60 })).toEqual({
    code: 1,
    stdout: "",
    stderr: `harbor-cache: its packages are missing: run npm ci in ${folder}\n`,
  });
});

describe.each(commands?.filter((name) => name !== "help") ?? [])("%s", (name) => {
  test("has help with examples, each of which begins as it is called", async () => {
    const { code, stdout, stderr } = await command(name, "--help");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(`Usage: harbor-cache ${name} `);
    const examples = stdout.split("Examples:\n")[1]?.trimEnd().split("\n") ?? [];
    expect(examples).not.toEqual([]);
    for (const example of examples)
      expect(example).toMatch(new RegExp(`^ {2}harbor-cache ${name} .* {2}\\S`));
  });
});

test("documents name commands that there are", () => {
  const named = ["README.md", ...globSync("docs/**/*.md", { cwd: root })].flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/(?:`|cli\/)harbor-cache ([a-z][a-z-]*)/g)].map(
      ([, name]) => name,
    ),
  );
  expect(new Set(named)).toContain("host-keys");
  expect(named.filter((name) => !["help", ...(commands ?? [])].includes(name ?? ""))).toEqual([]);
});
