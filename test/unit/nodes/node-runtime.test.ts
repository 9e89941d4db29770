import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decode } from "../../../provider/nodes/node-answer.ts";
import { changePiece } from "../../../provider/nodes/node-program.ts";
import { inShell } from "./local-shell.ts";
import { calls, folder, last, look, path, plan, poolWith, put, quick } from "./program-fixture.ts";

describe("the runtime's log", () => {
  const logOf = async (before: string, after: string): Promise<string> => {
    writeFileSync(join(folder, "log"), before);
    writeFileSync(join(folder, "next"), after);
    const pool = poolWith({
      logCommand: `tail -n 500 ${folder}/log`,
      reloadCommand: `cp ${folder}/next ${folder}/log`,
    });
    const pieces = [look(pool), changePiece(pool, plan([put("d/x", "x")]), true), "commit\n"];
    const answer = last(await inShell(pieces, { path: quick }), "commit");
    expect(answer.has("log-failed")).toBe(false);
    return decode(answer.lines("log"));
  };

  test("what is new in it comes, all of it when the last line known is gone", async () => {
    expect(await logOf("one\ntwo [x]*\n", "one\ntwo [x]*\nthree\nfour\n")).toBe("three\nfour\n");
    rmSync(path("d/x"));
    expect(await logOf("one\n", "three\nfour\n")).toBe("three\nfour\n");
    rmSync(path("d/x"));
    expect(await logOf("", "-e\n")).toBe("-e\n");
    rmSync(path("d/x"));
    expect((await logOf("one\n", "one\n")).trim()).toBe("");
  });

  test("a log that can't be read is said", async () => {
    const pool = poolWith({ logCommand: "exit 3" });
    const pieces = [look(pool), changePiece(pool, plan([put("d/x", "x")]), true), "commit\n"];
    expect(last(await inShell(pieces, { path: quick }), "commit").has("log-failed")).toBe(true);
  });
});

describe("a runtime", () => {
  test("that needs a moment to answer is waited for", async () => {
    const pool = poolWith({
      restartCommand: `echo restart >>${folder}/calls`,
      checkCommand: `echo check >>${folder}/calls; [ "$(grep -c check ${folder}/calls)" -gt 1 ]`,
    });
    const change = { ...plan([put("d/x", "x")]), restart: true };
    const result = await inShell([look(pool), changePiece(pool, change, true), "commit\n"], { path: quick });
    expect(last(result, "commit").has("end")).toBe(true);
    // Once in vain, once well, and once more after a moment.
    expect(calls()).toBe("restart\ncheck\ncheck\ncheck\n");
  });

  test("that dies of its files after a good reload has them taken away", async () => {
    const pool = poolWith({
      checkCommand: `echo check >>${folder}/calls; ! { [ -e ${path("d/x")} ] && [ "$(grep -c check ${folder}/calls)" = 2 ]; }`,
    });
    const result = await inShell([look(pool), changePiece(pool, plan([put("d/x", "x")]), true), "commit\n"], {
      path: quick,
    });
    expect(() => last(result, "commit")).toThrow(/did not take the new files; the old files are back/);
    expect(existsSync(path("d/x"))).toBe(false);
  });
});

test("orders for the proof run on the node, in their time, and tell status and words", async () => {
  const verifyPull = {
    image: "i",
    removeCommand: "echo not there >&2; exit 4",
    pullCommand: "echo pulling; exec sleep 30",
    requests: "/v2/",
    timeout: 1,
    log: { address: "h", user: "u", hostKey: "", path: "/log" },
  };
  const pool = {
    ...poolWith(),
    verifyPull: { ...verifyPull, log: { ...verifyPull.log, port: 22, sudo: false } },
  };
  const pieces = [look(pool), changePiece(pool, plan([]), true), "remove\n", "pull\n", "commit\n"];
  const { stdout } = await inShell(pieces);
  const ran = [...stdout.matchAll(/#ran (\d+)\n([^#]*)/g)].map(([, status, words]) => [
    status,
    decode([words ?? ""]),
  ]);
  expect(ran).toEqual([
    ["4", "not there\n"],
    ["124", "pulling\n"],
  ]);
});
