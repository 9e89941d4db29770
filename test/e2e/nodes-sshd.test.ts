/** A pool's files on nodes behind a real OpenSSH server, and what goes wrong on the way. */
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { mirrorPool } from "../../provider/nodes/mirror-pool.ts";
import { PartialFailure } from "../../provider/resource.ts";
import type { Properties, Value } from "../../provider/values.ts";
import { findProgram } from "../../tools/test-programs.ts";
import { RecordedContext } from "../unit/nodes/operation-context.ts";
import { Relay } from "./machine/relay.ts";
import { makeKey, startSshd } from "./machine/sshd.ts";
import type { KeyPair, Sshd } from "./machine/sshd.ts";

const URN = "urn:pulumi:test::p::harborcache:nodes:MirrorPool::workers";
const DOCKER = '[[registry]]\nprefix = "docker.io"\nlocation = "docker.io"\n';
const QUAY = '[[registry]]\nprefix = "quay.io"\nlocation = "quay.io"\n';

const missing = (await findProgram("sshd")) === undefined;
if (missing && process.env["CI"] === "true")
  throw new Error("sshd is missing: apt-get install openssh-server");

describe.skipIf(missing)("a node behind OpenSSH", () => {
  let folder: string;
  let key: KeyPair;
  let sshd: Sshd;
  let ctx: RecordedContext;
  let dropIn: string;
  let second: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "nodes-sshd-"));
    key = await makeKey(join(folder, "client"), "key");
    await mkdir(join(folder, "bin"));
    await program("systemctl", `echo "$*" >>${folder}/systemctl.log`);
    sshd = await startSshd({
      folder: join(folder, "sshd"),
      authorizedKey: key.publicKey,
      env: { PATH: `${join(folder, "bin")}:/usr/bin:/bin` },
    });
    ctx = new RecordedContext();
    dropIn = join(folder, "etc/registries.conf.d/50-harbor-cache-docker.io.conf");
    second = join(folder, "etc/registries.conf.d/50-harbor-cache-quay.io.conf");
  });

  afterEach(async () => {
    await sshd.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function program(name: string, body: string): Promise<void> {
    await writeFile(join(folder, "bin", name), `#!/bin/sh\n${body}\n`);
    await chmod(join(folder, "bin", name), 0o755);
  }

  const node = (changes: Record<string, Value> = {}): Record<string, Value> => ({
    name: "n1",
    address: sshd.address,
    port: sshd.port,
    user: sshd.user,
    privateKey: key.privateKey,
    hostKey: sshd.hostKey,
    ...changes,
  });

  const pool = (files: Record<string, string>, changes: Properties = {}): Properties => ({
    nodes: [node()],
    files: Object.entries(files).map(([path, content]) => ({ path, content })),
    reloadCommand: "systemctl reload crio",
    checkCommand: "systemctl is-active --quiet crio",
    dropInDir: join(folder, "etc/registries.conf.d"),
    timeouts: { connect: 20, command: 20, total: 60 },
    ...changes,
  });

  const create = async (inputs: Properties): Promise<Properties> => {
    return (await mirrorPool.create(ctx, URN, inputs, false)).state;
  };

  const update = (old: Properties, state: Properties, wanted: Properties): Promise<Properties> => {
    return mirrorPool.update(ctx, URN, "workers", old, state, wanted, false);
  };

  const reasonOf = async (operation: Promise<unknown>): Promise<string> => {
    const error = await operation.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof PartialFailure)) throw new Error(`no partial failure but ${String(error)}`);
    expect(error.reasons).toHaveLength(1);
    return error.reasons[0] ?? "";
  };

  const reloads = async (): Promise<string[]> => {
    const log = await readFile(join(folder, "systemctl.log"), "utf8").catch(() => "");
    return log.split("\n").filter((line) => line.startsWith("reload"));
  };

  const listed = async (): Promise<string[]> => (await readdir(join(folder, "etc/registries.conf.d"))).sort();

  test("apply, no-op, drift, mend, remove", async () => {
    const inputs = pool({ [dropIn]: DOCKER, [second]: QUAY });
    const state = await create(inputs);
    expect(await readFile(dropIn, "utf8")).toBe(DOCKER);
    expect(await listed()).toHaveLength(2);
    expect(await readFile(join(folder, "systemctl.log"), "utf8")).toMatch(
      /^reload crio\n(is-active --quiet crio\n)+$/,
    );

    expect(await update(inputs, { applied: {} }, inputs)).toHaveProperty("applied.n1");
    expect(await reloads()).toHaveLength(1);

    await writeFile(dropIn, "# by hand\n");
    const seen = await mirrorPool.read(ctx, URN, "workers", inputs, state);
    expect(mirrorPool.diff("workers", inputs, seen?.state ?? {}, inputs).detailed).toHaveProperty([
      "nodes[0].name",
    ]);
    await update(inputs, seen?.state ?? {}, inputs);
    expect(await readFile(dropIn, "utf8")).toBe(DOCKER);

    await mirrorPool.delete(ctx, URN, "workers", inputs, state);
    expect(await listed()).toEqual([]);
    expect(await reloads()).toHaveLength(3);
    expect(ctx.warnings).toContain(`n1 is not as it was written: ${dropIn}; the next up puts it right`);
  });

  test("the node is down", async () => {
    await sshd.stop();
    expect(await reasonOf(create(pool({ [dropIn]: DOCKER })))).toMatch(
      /^n1: 127\.0\.0\.1:\d+: connection refused/,
    );
  });

  test("the wrong host key", async () => {
    const other = await makeKey(join(folder, "other"), "key");
    const inputs = pool({ [dropIn]: DOCKER }, { nodes: [node({ hostKey: other.publicKey })] });
    expect(await reasonOf(create(inputs))).toMatch(/presents the host key SHA256:\S+, expected SHA256:/);
    expect(existsSync(dropIn)).toBe(false);
  });

  test("the wrong user key", async () => {
    const other = await makeKey(join(folder, "other"), "key");
    const inputs = pool({ [dropIn]: DOCKER }, { nodes: [node({ privateKey: other.privateKey })] });
    expect(await reasonOf(create(inputs))).toContain(`permission denied for user ${sshd.user}`);
  });

  test("through a jump host", async () => {
    const env = { PATH: `${join(folder, "bin")}:/usr/bin:/bin` };
    const inside = await startSshd({ folder: join(folder, "inside"), authorizedKey: key.publicKey, env });
    onTestFinished(() => inside.stop());
    const jump = Object.fromEntries(Object.entries(node()).filter(([name]) => name !== "name"));
    const inner = node({ port: inside.port, hostKey: inside.hostKey, jump });
    await create(pool({ [dropIn]: DOCKER }, { nodes: [inner] }));
    expect(await readFile(dropIn, "utf8")).toBe(DOCKER);
  });

  test("a connection that is cut while the runtime reloads: the node rolls back by itself, and the next try succeeds", async () => {
    const relay = await new Relay(sshd.port).start();
    onTestFinished(() => relay.stop());
    const log = `echo "$*" >>${folder}/systemctl.log`;
    await program(
      "systemctl",
      `${log}; [ -e ${folder}/go ] || { while ! [ -e ${folder}/go ]; do sleep 0.05; done; echo no; exit 1; }`,
    );
    const operation = create(pool({ [dropIn]: DOCKER }, { nodes: [node({ port: relay.port })] }));
    operation.catch(() => undefined);
    await expect.poll(reloads, { timeout: 30_000 }).toHaveLength(1);
    relay.cut();
    await writeFile(join(folder, "go"), "");
    expect(await operation).toHaveProperty("applied.n1");
    // The failed one, the one after putting back, and the next try's.
    expect(await reloads()).toHaveLength(3);
    expect(ctx.warnings).toEqual([]);
    expect(await listed()).toEqual(["50-harbor-cache-docker.io.conf"]);
  });

  test("a full disk changes nothing", async () => {
    // A limit on file sizes is what a full disk is to the programs that write, and needs no root.
    await create(pool({ [second]: QUAY }));
    await sshd.stop();
    await program("base64", 'ulimit -f 8; exec /usr/bin/base64 "$@"');
    await sshd.start();
    const reason = await reasonOf(
      create(pool({ [second]: `${QUAY}#${"x".repeat(100_000)}\n`, [dropIn]: DOCKER })),
    );
    expect(reason).toContain("the files could not be written; nothing was changed");
    expect(await listed()).toEqual(["50-harbor-cache-quay.io.conf"]);
    expect(await readFile(second, "utf8")).toBe(QUAY);
    expect(await reloads()).toHaveLength(1);
  });

  test("a write that is cut short without an error is found by reading back", async () => {
    await program("base64", '/usr/bin/base64 "$@" | head -c 20');
    const reason = await reasonOf(create(pool({ [dropIn]: DOCKER })));
    expect(reason).toContain("does not hold what was sent");
    expect(existsSync(join(folder, "etc"))).toBe(false);
  });

  test("a failing reload is rolled back, byte for byte", async () => {
    await mkdir(join(folder, "etc/registries.conf.d"), { recursive: true });
    await writeFile(second, "# old ü\n\n", { mode: 0o640 });
    const before = await stat(second);
    await program(
      "systemctl",
      `echo "Job for crio.service failed." >&2; echo "$*" >>${folder}/systemctl.log; exit 1`,
    );
    const reason = await reasonOf(create(pool({ [second]: QUAY, [dropIn]: DOCKER })));
    expect(reason).toContain("the runtime did not take the new files");
    expect(reason).toContain("Job for crio.service failed.");
    const after = await stat(second);
    expect([after.ino, after.mode, after.uid, after.mtimeMs]).toEqual([
      before.ino,
      before.mode,
      before.uid,
      before.mtimeMs,
    ]);
    expect(await readFile(second, "utf8")).toBe("# old ü\n\n");
    expect(existsSync(dropIn)).toBe(false);
    expect(await reloads()).toHaveLength(2);
  });

  test("killed between rename and reload, the next run puts right what was left", async () => {
    const inputs = pool({ [dropIn]: DOCKER });
    const state = await create(inputs);
    // systemctl's parents: sh -c, timeout, and the program itself.
    await program(
      "systemctl",
      'up() { ps -o ppid= -p "$1" | tr -d " "; }; kill -9 "$(up "$(up $PPID)")" "$(up $PPID)"',
    );
    const wanted = pool({ [dropIn]: `${DOCKER}# new\n`, [second]: QUAY });
    expect(await reasonOf(update(inputs, state, wanted))).toContain("was killed before its end");
    expect(await listed()).toContain(".harbor-cache-journal");

    await program("systemctl", `echo "$*" >>${folder}/systemctl.log`);
    await update(inputs, state, wanted);
    expect(await listed()).toEqual(["50-harbor-cache-docker.io.conf", "50-harbor-cache-quay.io.conf"]);
    expect(await readFile(dropIn, "utf8")).toBe(`${DOCKER}# new\n`);
    expect(ctx.warnings).toEqual(["n1: an earlier run had been interrupted; its files were put back first"]);
  });

  test("with sudo the program runs by it", async () => {
    await program("sudo", `echo "$*" >>${folder}/sudo.log; shift; exec "$@"`);
    await create(pool({ [dropIn]: DOCKER }, { sudo: true }));
    expect(await readFile(join(folder, "sudo.log"), "utf8")).toMatch(/^-n timeout -k \d+ 60 sh -s\n$/);
  });
});
