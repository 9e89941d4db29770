import { chmodSync, existsSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import {
  A,
  B,
  CA,
  DOCKER,
  QUAY,
  create,
  ctx,
  details,
  failureOf,
  n1,
  nodes,
  pool,
  read,
  update,
} from "./pool-fixture.ts";

describe("one node", () => {
  test("gets files with their modes, in folders that are made, and one reload", async () => {
    const inputs = pool([n1()], { [A]: DOCKER, [CA]: "PEM" });
    const { id, state } = await create(inputs);
    expect(id).toBe("workers");
    expect([nodes[0].content(A), nodes[0].content(CA)]).toEqual([DOCKER, "PEM"]);
    expect(statSync(nodes[0].path(A)).mode & 0o7777).toBe(0o644);
    expect(statSync(dirname(nodes[0].path(CA))).mode & 0o7777).toBe(0o755);
    expect(nodes[0].reloads).toBe(1);
    expect(nodes[0].leftovers()).toEqual([]);
    expect(details(inputs, state, inputs)).toEqual({});
    expect(ctx.warnings).toEqual([]);
  });

  test("is not reloaded when everything is there already", async () => {
    const inputs = pool([n1()], { [A]: DOCKER });
    await create(inputs);
    await create(inputs);
    expect(nodes[0].reloads).toBe(1);
    expect(nodes[0].commands).toHaveLength(2);
  });

  test("gets a changed mode", async () => {
    const inputs = pool([n1()], { [A]: DOCKER });
    await create(inputs);
    chmodSync(nodes[0].path(A), 0o600);
    await create(inputs);
    expect(statSync(nodes[0].path(A)).mode & 0o7777).toBe(0o644);
    expect(nodes[0].reloads).toBe(2);
  });

  test("any bytes arrive as they are", async () => {
    const content = `# ${"é'\"\\$(`x`)\t".repeat(200)}\nEND\n# no newline at the end`;
    await create(pool([n1()], { "odd name [x]:1/file": content }));
    expect(nodes[0].content("odd name [x]:1/file")).toBe(content);
  });

  test("files no longer wanted go, what somebody edited stays and is told", async () => {
    const one = pool([n1()], { [A]: DOCKER, [B]: QUAY, [CA]: "PEM" });
    const { state } = await create(one);
    writeFileSync(nodes[0].path(B), "# mine now\n");
    const two = pool([n1()], { [A]: DOCKER });
    const after = await update(one, state, two);
    expect(existsSync(nodes[0].path("certs.d/harbor:8443"))).toBe(false);
    expect(nodes[0].content(B)).toBe("# mine now\n");
    expect(ctx.warnings).toEqual([`n1: /node/${B} is not as this pool wrote it and was left there`]);
    expect(details(two, after, two)).toEqual({});
  });

  test("a failing reload puts everything back, byte for byte", async () => {
    const inputs = pool([n1()], { [A]: DOCKER, [B]: QUAY });
    const { state } = await create(inputs);
    const before = statSync(nodes[0].path(A));
    nodes[0].program("reload", `echo "crio: bad configuration" >&2; ! grep -q changed ${nodes[0].path(A)}`);
    const wanted = pool([n1()], { [A]: `${DOCKER}# changed\n`, [CA]: "PEM" });
    const failure = await failureOf(update(inputs, state, wanted));
    expect(failure.reasons).toHaveLength(1);
    expect(failure.reasons[0]).toContain("n1: 127.0.0.1:");
    expect(failure.reasons[0]).toContain("crio: bad configuration");
    expect([nodes[0].content(A), nodes[0].content(B)]).toEqual([DOCKER, QUAY]);
    const after = statSync(nodes[0].path(A));
    expect([after.ino, after.mode, after.mtimeMs]).toEqual([before.ino, before.mode, before.mtimeMs]);
    expect(nodes[0].content(CA)).toBeUndefined();
    // Not taken for done by anything that comes next, a way back to the old settings included.
    expect(Object.keys(details(inputs, failure.state, inputs))).toEqual(["nodes[0].name"]);
    expect(state["applied"]).not.toEqual(failure.state["applied"]);
    expect(details(wanted, failure.state, wanted)).toEqual({
      "nodes[0].name": { kind: "update" },
    });
  });

  test("a failing check after a good reload puts everything back and reloads again", async () => {
    const inputs = pool([n1()], { [A]: DOCKER });
    const { state } = await create(inputs);
    nodes[0].program("check", `! grep -q changed ${nodes[0].path(A)}`);
    const wanted = pool(
      [n1()],
      { [A]: `${DOCKER}# changed\n` },
      {
        checkCommand: "check",
        timeouts: { connect: 2, command: 1, total: 10 },
      },
    );
    const failure = await failureOf(update(inputs, state, wanted));
    expect(failure.reasons[0]).toContain("the check command ended with status 1");
    expect(failure.reasons[0]).toContain("the old files are back and the runtime was reloaded with them");
    expect(nodes[0].content(A)).toBe(DOCKER);
    expect(nodes[0].reloads).toBe(3);
    expect(nodes[0].leftovers()).toEqual([]);
  });

  test("a reload that hangs is ended and rolled back", async () => {
    nodes[0].program("reload", "exec sleep 60");
    const inputs = pool([n1()], { [A]: DOCKER }, { timeouts: { connect: 2, command: 1, total: 10 } });
    const failure = await failureOf(create(inputs));
    expect(failure.reasons[0]).toContain("did not end within 1 s");
    expect(nodes[0].content(A)).toBeUndefined();
  });

  test("a run killed after the rename is put right by the next one", async () => {
    const inputs = pool([n1()], { [A]: DOCKER });
    const { state } = await create(inputs);
    // The reload's parent is timeout, and the program is timeout's.
    nodes[0].program(
      "reload",
      'p=$PPID; kill -9 "$(ps -o ppid= -p "$(ps -o ppid= -p "$p" | tr -d " ")" | tr -d " ")"',
    );
    const wanted = pool([n1()], { [A]: `${DOCKER}# new\n`, [B]: QUAY });
    const failure = await failureOf(update(inputs, state, wanted));
    expect(failure.reasons[0]).toContain("the next up puts right what it may have left");
    expect(nodes[0].leftovers()).not.toEqual([]);

    const seen = await read(inputs, state);
    expect(Object.keys(details(inputs, seen?.state ?? {}, inputs))).toEqual(["nodes[0].name"]);

    nodes[0].program("reload", `echo reload >>${nodes[0].folder}/reloads`);
    await update(inputs, seen?.state ?? {}, inputs);
    expect(nodes[0].content(A)).toBe(DOCKER);
    expect(nodes[0].content(B)).toBeUndefined();
    expect(nodes[0].reloads).toBe(2);
    expect(nodes[0].leftovers()).toEqual([]);
    expect(ctx.warnings).toContain("n1: an earlier run had been interrupted; its files were put back first");
  });

  test("a folder that can't be written to is told with the node's words, and nothing is changed", async () => {
    writeFileSync(nodes[0].path("file"), "");
    const inputs = pool([n1()], { [A]: DOCKER, "file/x": "y" });
    const failure = await failureOf(create(inputs));
    expect(failure.reasons[0]).toMatch(/the files could not be written; nothing was changed\n +mkdir: /);
    expect(nodes[0].content(A)).toBeUndefined();
    expect(nodes[0].leftovers()).toEqual([]);
    expect(nodes[0].reloads).toBe(0);
  });

  test("two runs at once take turns", async () => {
    nodes[0].program("reload", `echo reload >>${nodes[0].folder}/reloads; sleep 0.3`);
    const inputs = pool([n1()], { [A]: DOCKER });
    await Promise.all([create(inputs), create(inputs)]);
    expect(nodes[0].reloads).toBe(1);
    expect(nodes[0].peak).toBe(2);
  });

  test("what a run left that ended before it began to replace is cleared away", async () => {
    const inputs = pool([n1()], { [A]: DOCKER });
    await create(inputs);
    writeFileSync(
      nodes[0].path("registries.conf.d/.50-harbor-cache-docker.io.conf.harbor-cache-new"),
      "half",
    );
    writeFileSync(
      nodes[0].path("registries.conf.d/.50-harbor-cache-docker.io.conf.harbor-cache-old"),
      DOCKER,
    );
    writeFileSync(nodes[0].path("registries.conf.d/.harbor-cache-journal.new"), "old");
    await create(inputs);
    expect(nodes[0].leftovers()).toEqual([]);
    expect([nodes[0].content(A), nodes[0].reloads]).toEqual([DOCKER, 1]);
  });
});
