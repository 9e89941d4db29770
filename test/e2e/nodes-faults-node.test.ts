/** Nodes behind OpenSSH on which a change goes wrong: all of it is put back, to the last byte. */
import { execFileSync } from "node:child_process";
import { chmodSync, lutimesSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { findProgram } from "../../tools/test-programs.ts";
import { DOCKER, DOCKER_FILE, DROP_INS, Pool, poolOf, QUAY, QUAY_FILE } from "./machine/pool.ts";
import { snapshot } from "./machine/snapshot.ts";
import { startNodes } from "./machine/ssh-node.ts";
import type { SshNode, SshNodes } from "./machine/ssh-node.ts";

const missing = (await findProgram("sshd")) === undefined;
if (missing && process.env["CI"] === "true")
  throw new Error("sshd is missing: apt-get install openssh-server");
const root = process.getuid?.() === 0;

const OLD = { [DOCKER_FILE]: DOCKER };
const NEW = { [DOCKER_FILE]: `${DOCKER}# new\n`, [QUAY_FILE]: QUAY };
const LOG = { logCommand: 'cat "$NODE_FOLDER/log/crio"' };
const UNDONE = "the runtime did not take the new files";

describe.skipIf(missing)("a node behind OpenSSH", () => {
  let fleet: SshNodes;
  let pool: Pool;
  const cleanups: (() => unknown)[] = [];

  afterEach(async () => {
    for (const clean of cleanups.splice(0).reverse()) await clean();
  });

  /** `count` nodes with much in their folders that isn't ours, and with OLD. The first of them. */
  async function start(count = 1, changes = {}): Promise<SshNode> {
    fleet = await startNodes(count);
    cleanups.push(() => fleet.stop());
    for (const node of fleet.nodes) furnish(node);
    pool = new Pool();
    expect(await pool.up(poolOf(fleet.nodes, OLD, changes))).toEqual([]);
    const [first] = fleet.nodes;
    if (first === undefined) throw new Error("there is no node");
    return first;
  }

  const etc = (node: SshNode) => snapshot(node.path("etc"));
  const idle = () => expect.poll(() => fleet.nodes.some(({ busy }) => busy), { timeout: 30_000 }).toBe(false);

  /** NEW is not taken by the first node: it is as before afterwards, and its runtime on the old files. */
  async function isPutBack(node: SshNode, reason: string | RegExp, changes = {}): Promise<void> {
    const before = etc(node);
    const reasons = await pool.up(poolOf(fleet.nodes, NEW, changes));
    expect(reasons.join("\n")).toMatch(reason);
    await idle();
    expect(etc(node)).toEqual(before);
    expect(node.text("run/loaded")).toBe(DOCKER);
  }

  /** What was wrong is mended. */
  async function isTaken(changes = {}): Promise<void> {
    expect(await pool.up(poolOf(fleet.nodes, NEW, changes))).toEqual([]);
    for (const node of fleet.nodes) {
      expect(Object.entries(NEW).map(([path]) => node.text(path))).toEqual(Object.values(NEW));
      expect(Object.keys(etc(node)).filter((path) => path.includes(".harbor-cache-"))).toEqual([]);
      expect(node.text("run/loaded")).toBe(Object.values(NEW).join(""));
    }
  }

  test("a reload that fails", async () => {
    const node = await start();
    await node.systemctl('[ "$1" != reload ] || ! grep -q new ../etc/registries.conf.d/*.conf || exit 1');
    await isPutBack(node, UNDONE);
    await node.systemctl();
    await isTaken();
  });

  test("a file that can't be put in its place when another one was", async () => {
    const node = await start();
    await node.program(
      "mv",
      'case $* in *.50-harbor-cache-quay.io.conf.harbor-cache-new*) exit 1 ;; esac\nexec /usr/bin/mv "$@"',
    );
    await isPutBack(node, /the old files are back/);
    await node.program("mv", 'exec /usr/bin/mv "$@"');
    await isTaken();
  });

  test("a reload that succeeds, and a runtime that dies a second later", async () => {
    const node = await start(1, LOG);
    await node.systemctl(`if [ "$1" = reload ]; then
  rm -f dead
  ! grep -q new ../etc/registries.conf.d/*.conf ||
    (sleep 0.7; echo 'level=fatal msg="crio is out of its mind"' >>../log/crio; : >dead) >/dev/null 2>&1 </dev/null &
fi`);
    await isPutBack(node, /status 1: systemctl is-active[^]*crio is out of its mind/, LOG);
    await node.systemctl("rm -f dead");
    await isTaken(LOG);
  });

  test("a runtime that goes on with its old files and only logs why", async () => {
    const node = await start(3, LOG);
    const line = (what: string) => `level=error msg="Error reloading registries: ${what}"`;
    // Errors of before are no news, wherever the clocks of the nodes stand.
    for (const [index, { folder }] of fleet.nodes.entries())
      writeFileSync(`${folder}/log/crio`, `Jan 0${index + 1} 00:00:00 ${line("old")}\n`.repeat(3));
    await node.systemctl(
      `[ "$1" != reload ] || ! grep -q new ../etc/registries.conf.d/*.conf || echo 'Jan 01 00:00:00 ${line("parsing 50-harbor-cache-docker.io.conf")}' >>../log/crio`,
    );
    await isPutBack(node, /n1: [^]*parsing 50-harbor-cache-docker\.io\.conf/, {
      ...LOG,
      rollout: { maxFailed: 1 },
    });
    for (const other of fleet.nodes.slice(1)) expect(other.text(QUAY_FILE)).toBe(QUAY);
    await node.systemctl();
    await isTaken(LOG);
  });

  test("clocks that are far apart", async () => {
    const node = await start(2, LOG);
    const [, other] = fleet.nodes;
    await node.program("date", 'exec /usr/bin/date -d "400 days ago" "$@"');
    await other?.program("date", 'exec /usr/bin/date -d "+400 days" "$@"');
    // As files look that were made by the other clock.
    utimesSync(node.path(DOCKER_FILE), 4e9, 4e9);
    await isTaken(LOG);
    expect(await pool.refresh()).toEqual([]);
  });

  test("two rollouts at once: the second waits for the first, and both are consistent", async () => {
    const node = await start();
    node.hang();
    const first = pool.up(poolOf(fleet.nodes, { ...OLD, [QUAY_FILE]: QUAY }));
    await expect.poll(() => node.hanging, { timeout: 30_000 }).toBe(true);
    const other = `${DROP_INS}/60-harbor-cache-ghcr.io.conf`;
    const ghcr = QUAY.replaceAll("quay.io", "ghcr.io");
    const second = new Pool("others");
    const seconds = second.up(poolOf(fleet.nodes, { [other]: ghcr }));
    await expect.poll(() => node.programs, { timeout: 30_000 }).toBe(2);
    expect(node.text(other)).toBe("");
    node.release();
    expect(await first).toEqual([]);
    expect(await seconds).toEqual([]);
    expect(node.text("run/loaded")).toBe(DOCKER + QUAY + ghcr);
    expect(await pool.refresh()).toEqual([]);
    expect(await second.refresh()).toEqual([]);
    expect(pool.ctx.warnings).toEqual([]);
    expect(second.ctx.warnings).toEqual([]);
  });

  test("a node that reboots between the swap and the commit, and comes back soon", async () => {
    const node = await start();
    node.hang();
    const up = pool.up(poolOf(fleet.nodes, NEW));
    await expect.poll(() => node.hanging, { timeout: 30_000 }).toBe(true);
    await node.powerOff();
    node.release();
    await node.boot();
    expect(await up).toEqual([]);
    expect(pool.ctx.warnings.join("\n")).toContain("an earlier run had been interrupted");
    await isTaken();
  });

  test("a node that reboots between the swap and the commit, and comes back late", async () => {
    const node = await start();
    node.hang();
    const up = pool.up(poolOf(fleet.nodes, NEW));
    await expect.poll(() => node.hanging, { timeout: 30_000 }).toBe(true);
    await node.powerOff();
    node.release();
    expect((await up)[0]).toMatch(/^n1: .*connection refused/);
    await node.boot();
    expect(await pool.refresh()).not.toEqual([]);
    await isTaken();
  });

  test("files with odd characters in their names", async () => {
    const node = await start();
    const names = [
      "50-harbor-cache-127.0.0.1:5000.conf",
      "50-harbor-cache-*.example.com.conf",
      "50-harbor-cache-[a-z]?.conf",
      "50 $(touch owned) `touch owned` ;&|<>#!~%{é}.conf",
      "-n.conf",
    ];
    // What the patterns would match, were they taken for patterns.
    writeFileSync(node.path(`${DROP_INS}/50-harbor-cache-x.example.com.conf`), "# of others\n");
    writeFileSync(node.path(`${DROP_INS}/50-harbor-cache-bc.conf`), "# of others\n");
    const before = etc(node);
    const host = (index: number) => DOCKER.replaceAll("docker.io", `r${index}.example.com`);
    const files = Object.fromEntries(names.map((name, index) => [`${DROP_INS}/${name}`, host(index)]));
    const certificate = "etc/containers/certs.d/registry.example.com:8443/ca.crt";
    const all = { ...OLD, ...files, [certificate]: "a certificate\n" };
    expect(await pool.up(poolOf(fleet.nodes, all))).toEqual([]);
    for (const [path, content] of Object.entries(all))
      expect([path, node.text(path)]).toEqual([path, content]);
    expect(await pool.refresh()).toEqual([]);
    expect(await pool.up(poolOf(fleet.nodes, OLD))).toEqual([]);
    expect(etc(node)).toEqual(before);
    expect(Object.keys(snapshot(fleet.scratch)).filter((path) => path.includes("owned"))).toEqual([]);
  });

  describe.skipIf(!root)("as root", () => {
    const must = (program: string, ...args: string[]) => execFileSync(program, args, { stdio: "pipe" });

    test("a full disk", async () => {
      const node = await start();
      must("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", node.path(DROP_INS));
      cleanups.push(() => must("umount", node.path(DROP_INS)));
      expect(await pool.up(poolOf(fleet.nodes, OLD))).toEqual([]);
      writeFileSync(node.path(DOCKER_FILE), DOCKER);
      const before = etc(node);
      const large = { ...NEW, [QUAY_FILE]: `${QUAY}#${"x".repeat(100_000)}\n` };
      const reasons = await pool.up(poolOf(fleet.nodes, large));
      expect(reasons.join("\n")).toMatch(/nothing was changed[^]*No space left on device/);
      expect(etc(node)).toEqual(before);
    });

    test("an /etc that is read-only", async () => {
      const node = await start();
      must("mount", "--bind", node.path("etc"), node.path("etc"));
      cleanups.push(() => must("umount", node.path("etc")));
      must("mount", "-o", "remount,ro,bind", node.path("etc"));
      await isPutBack(node, /nothing was changed[^]*Read-only file system/);
    });

    test("a file that may not be replaced, beside one that may", async () => {
      const node = await start();
      const files = { [DOCKER_FILE]: NEW[DOCKER_FILE], [QUAY_FILE]: QUAY };
      writeFileSync(node.path(QUAY_FILE), "# of others\n");
      must("chattr", "+i", node.path(QUAY_FILE));
      cleanups.push(() => must("chattr", "-i", node.path(QUAY_FILE)));
      const before = etc(node);
      const reasons = await pool.up(poolOf(fleet.nodes, files));
      expect(reasons.join("\n")).toMatch(/Operation not permitted/);
      expect(etc(node)).toEqual(before);
    });
  });
});

/** What others have on a node: modes, owners, times, links and bytes of all kinds. */
function furnish(node: SshNode): void {
  const folder = node.path("etc/containers");
  mkdirSync(node.path(DROP_INS), { recursive: true, mode: 0o750 });
  mkdirSync(`${folder}/certs.d`, { recursive: true });
  writeFileSync(`${folder}/policy.json`, Buffer.from([0, 255, 10, 13, 10]));
  chmodSync(`${folder}/policy.json`, 0o4640);
  utimesSync(`${folder}/policy.json`, 1, 1);
  symlinkSync("nowhere", `${folder}/link`);
  lutimesSync(`${folder}/link`, 1, 1);
  writeFileSync(node.path(`${DROP_INS}/10-others.conf`), "");
  writeFileSync(node.path("log/crio"), "");
}
