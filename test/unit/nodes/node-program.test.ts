import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { seenOf } from "../../../provider/nodes/node-answer.ts";
import { sha256 } from "../../../provider/nodes/node-files.ts";
import { changePiece, nodeCommand } from "../../../provider/nodes/node-program.ts";
import type { PoolInputs } from "../../../provider/nodes/pool-inputs.ts";
import { inShell, shells } from "./local-shell.ts";
import { calls, folder, footprint, last, look, path, plan, poolWith, put, quick } from "./program-fixture.ts";

test("the command is bounded in time on the node as well", () => {
  expect(nodeCommand(poolWith(), 10)).toBe("timeout -k 29 10 sh -s");
  expect(nodeCommand(poolWith({ sudo: true }), 10)).toBe("sudo -n timeout -k 29 10 sh -s");
});

/** A folder with an edited file, a foreign one and one that is to go, each with modes and owners of its own. */
function furnish(): { pieces: string[]; pool: PoolInputs } {
  mkdirSync(path("d"), { recursive: true });
  mkdirSync(path("certs/old"), { recursive: true });
  writeFileSync(path("d/old.conf"), "old é\0\n", { mode: 0o640 });
  writeFileSync(path("auth.json"), '{"auths": {}}', { mode: 0o604 });
  writeFileSync(path("certs/old/ca.crt"), "old CA", { mode: 0o444 });
  if (process.getuid?.() === 0) chownSync(path("auth.json"), 1234, 4321);
  const pool = poolWith();
  const change = plan(
    [
      put("d/old.conf", "new\n", { was: sha256("old é\0\n") }),
      put("d/new.conf", "new too", { mode: "600" }),
      put("made/a/b/ca.crt", "CA"),
      put("auth.json", '{"auths": {"x": {}}}', { mode: "=604", was: sha256('{"auths": {}}') }),
    ],
    [{ path: path("certs/old/ca.crt"), was: sha256("old CA") }],
  );
  return { pieces: [look(pool, ["d/old.conf"]), changePiece(pool, change, true)], pool };
}

describe.each(shells)("in %s", (shell) => {
  test("committed, all of a change is there", async () => {
    const { pieces } = furnish();
    const result = await inShell([...pieces, "commit\n"], { shell });
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(readFileSync(path("d/old.conf"), "utf8")).toBe("new\n");
    expect(readFileSync(path("made/a/b/ca.crt"), "utf8")).toBe("CA");
    const modes = ["d/old.conf", "d/new.conf", "auth.json", "made/a"].map(
      (name) => statSync(path(name)).mode & 0o7777,
    );
    expect(modes).toEqual([0o644, 0o600, 0o604, 0o755]);
    if (process.getuid?.() === 0) {
      const { uid, gid } = statSync(path("auth.json"));
      expect([uid, gid]).toEqual([1234, 4321]);
    }
    expect(existsSync(path("certs/old"))).toBe(false);
    expect(
      readdirSync(folder, { recursive: true }).filter((name) => String(name).includes(".harbor-cache")),
    ).toEqual([]);
    expect(calls()).toBe("reload\n");
  });

  test.each([
    ["nothing more", ""],
    ["half a word", "comm"],
    ["an order to undo it", "undo\n"],
    ["nonsense", "#\n"],
  ])("followed by %s, all is as before, byte for byte", async (_what, order) => {
    const { pieces } = furnish();
    const before = footprint(path(""));
    const result = await inShell([...pieces, order], { shell });
    expect(result.stdout).toMatch(/\n#failed (left|judged) rolled-back\n$/);
    expect(footprint(path(""))).toEqual(before);
    expect(calls()).toBe("reload\nreload\n");
  });

  test("cut anywhere before its end, it does nothing", async () => {
    const {
      pieces: [first = "", second = ""],
    } = furnish();
    const before = footprint(path(""));
    for (let index = 0; index < 12; index++) {
      const length = index < 4 ? second.length - 2 - index : Math.floor((index * second.length) / 12);
      await inShell([first, second.slice(0, length)], { shell });
      expect([length, footprint(path(""))]).toEqual([length, before]);
      const cut = index < 4 ? first.length - 2 - index : Math.floor((index * first.length) / 12);
      expect([cut, (await inShell([first.slice(0, cut)], { shell })).stdout]).toEqual([cut, ""]);
    }
    expect(calls()).toBe("");
  });

  test("killed before the commit, the next run puts everything back and renews the runtime as the change had", async () => {
    const { pieces, pool } = furnish();
    const before = footprint(path(""));
    const restart = { ...plan([put("d/old.conf", "new\n", { was: sha256("old é\0\n") })]), restart: true };
    await inShell([pieces[0] ?? "", changePiece(pool, restart, true)], { shell, stop: "SIGKILL" });
    expect(footprint(path(""))).not.toEqual(before);
    const next = await inShell([look(pool, ["d/old.conf"])], { shell });
    expect(last(next, "look").rest("recovered")).toBe("restart");
    // Renewing it is the second piece's, and until then the journal stays.
    const again = await inShell(
      [look(pool), changePiece(pool, { ...plan([]), restart: true }, true), "commit\n"],
      { shell },
    );
    expect(last(again, "commit").has("recovered")).toBe(true);
    expect(footprint(path(""))).toEqual(before);
    expect(calls()).toBe("restart\nrestart\n");
  });

  test("told to end in the middle, it ends in a whole state", async () => {
    const { pieces } = furnish();
    const before = footprint(path(""));
    // The reload's parent is timeout, whose parent is the program.
    const slow = poolWith({ reloadCommand: "for s in TERM HUP; do kill -$s $(ps -o ppid= -p $PPID); done" });
    const change = plan([put("d/old.conf", "new\n", { was: sha256("old é\0\n") })]);
    const result = await inShell([pieces[0] ?? "", changePiece(slow, change, true)], { shell });
    expect(result.stdout).toContain("#failed left rolled-back");
    expect(footprint(path(""))).toEqual(before);
  });
});

/** Puts a program before the node's own of that name, which does the rest. */
function before(name: string, body: string): string {
  writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${body}\nexec /usr/bin/${name} "$@"\n`, {
    mode: 0o755,
  });
  return quick;
}

const TOOLS = ["ln", "mv", "sync"];

/** Kills the run before the `n`-th of its tools is run, and tells whether it came so far. */
async function killedBefore(n: number, pieces: readonly string[]): Promise<boolean> {
  const [pid, count] = [join(folder, "pid"), join(folder, "count")];
  writeFileSync(count, "");
  for (const tool of TOOLS)
    before(
      tool,
      `echo ${tool} >>${count}; [ $(wc -l <${count}) != ${n} ] || { kill -9 $(cat ${pid}); exit 1; }`,
    );
  const [first = "", ...rest] = pieces;
  const { status } = await inShell([`echo $$ >${pid}\n${first}`, ...rest], { path: quick });
  for (const tool of TOOLS) rmSync(join(folder, "bin", tool));
  return status === undefined;
}

test("killed at any moment before the commit, the next run puts everything back", async () => {
  const { pieces, pool } = furnish();
  const was = footprint(path(""));
  const names = ["d/old.conf", "d/new.conf", "made/a/b/ca.crt", "auth.json", "certs/old/ca.crt"];
  let n = 1;
  for (; await killedBefore(n, pieces); n++) {
    const next = await inShell([look(pool, names), changePiece(pool, plan([]), true), "commit\n"], {
      path: quick,
    });
    // Folders made before the journal was written stay, empty.
    if (!last(next, "commit").has("recovered")) rmSync(path("made"), { recursive: true, force: true });
    expect([n, footprint(path(""))]).toEqual([n, was]);
  }
  // It was not killed at all, and put everything back itself.
  expect(n).toBeGreaterThan(9);
  expect(footprint(path(""))).toEqual(was);
}, 60_000);

test("with a journal that can't be taken away, a change is not told as committed", async () => {
  const { pieces } = furnish();
  const stuck = before("rm", `case "$*" in *-journal) exit 1 ;; esac`);
  const result = await inShell([...pieces, "commit\n"], { path: stuck });
  expect(() => last(result, "commit")).toThrow("the old files are back");
  expect(readFileSync(path("d/old.conf"), "utf8")).toBe("old é\0\n");
});

test.each(["auth.json", "certs/old/ca.crt"])(
  "%s changed by somebody meanwhile, nothing is touched",
  async (name) => {
    const { pieces } = furnish();
    rmSync(path(name));
    writeFileSync(path(name), "somebody's");
    const before = footprint(path(""));
    const result = await inShell([...pieces, "commit\n"]);
    expect(() => last(result, "commit")).toThrow(
      `the files could not be written; nothing was changed\n    ${path(name)} was changed by somebody else at the same time`,
    );
    expect(footprint(path(""))).toEqual(before);
  },
);

test("a folder in a file's place is told, and nothing is changed", async () => {
  const { pieces } = furnish();
  mkdirSync(path("d/new.conf"));
  const before = footprint(path(""));
  const result = await inShell([...pieces, "commit\n"]);
  expect(() => last(result, "commit")).toThrow(/nothing was changed\n +.*new\.conf is a folder/);
  expect(footprint(path(""))).toEqual(before);
});

test("folders that a run made for its lock alone go again", async () => {
  const pool = poolWith({ dropInDir: path("a/b") });
  expect(last(await inShell([look(pool)]), "look").has("end")).toBe(true);
  expect(existsSync(path(""))).toBe(false);
});

test("a run that has to wait for another one too long says so", async () => {
  mkdirSync(path("d"), { recursive: true });
  const pool = poolWith({ timeouts: { command: 1 } });
  const other = inShell([
    look(pool),
    changePiece(poolWith({ reloadCommand: "sleep 2" }), plan([put("d/x", "x")]), true),
  ]);
  await expect.poll(() => existsSync(path("d/x"))).toBe(true);
  const result = await inShell([look(pool)]);
  expect(() => last(result, "look")).toThrow("another run is working on this node and did not end in time");
  await other;
});

describe("the look around", () => {
  test("tells files by sum and mode, shared ones by content, and those of others", async () => {
    mkdirSync(path("d"), { recursive: true });
    writeFileSync(path("d/ours.conf"), "x", { mode: 0o640 });
    writeFileSync(path("d/other one.conf"), "é");
    writeFileSync(path("d/50 [x].conf"), "y");
    writeFileSync(path("auth.json"), "{}");
    symlinkSync("auth.json", path("link.json"));
    const pool = poolWith({ others: [`${path("d")}/*.conf`, "/nonexistent/*"] });
    const answer = last(
      await inShell([look(pool, ["d/ours.conf", "auth.json", "gone"], ["auth.json", "link.json"])]),
      "look",
    );
    const seen = seenOf(answer);
    expect([...seen.whole]).toEqual([
      [path("d/ours.conf"), { sum: sha256("x"), mode: "640" }],
      [path("auth.json"), { sum: sha256("{}"), mode: "644" }],
    ]);
    expect([[...seen.merged], [...seen.links]]).toEqual([[[path("auth.json"), "{}"]], [path("link.json")]]);
    expect([...answer.contents("other")]).toEqual([
      [path("d/50 [x].conf"), "y"],
      [path("d/other one.conf"), "é"],
    ]);
  });

  test("finds files of the home folder", async () => {
    mkdirSync(path(".config"), { recursive: true });
    writeFileSync(path(".config/registries.conf"), "mine");
    const pool = { ...poolWith(), others: ["~/.config/registries.conf"] };
    const result = await inShell([`HOME=${path("")}\n`, look(pool)].join("").split("\0"));
    expect([...last(result, "look").contents("other").values()]).toEqual(["mine"]);
  });
});
