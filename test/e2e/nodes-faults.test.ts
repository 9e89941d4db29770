/** A fleet behind OpenSSH, and ways to it that fail: each node is as it was, or as it is wanted, and nothing between. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { generateKeyPair } from "../../lab/machine/ssh-keys.ts";
import { findProgram } from "../../tools/test-programs.ts";
import { DOCKER, DOCKER_FILE, DROP_INS, Pool, poolOf, QUAY, QUAY_FILE } from "./machine/pool.ts";
import { Relay } from "./machine/relay.ts";
import { snapshot } from "./machine/snapshot.ts";
import { ENTER, startNodes } from "./machine/ssh-node.ts";
import type { SshNode, SshNodes } from "./machine/ssh-node.ts";
import { startSshd } from "./machine/sshd.ts";

const missing = (await findProgram("sshd")) === undefined;
if (missing && process.env["CI"] === "true")
  throw new Error("sshd is missing: apt-get install openssh-server");

const OLD = { [DOCKER_FILE]: DOCKER };
const NEW = { [DOCKER_FILE]: `${DOCKER}# new\n`, [QUAY_FILE]: QUAY };

describe.skipIf(missing)("a fleet behind OpenSSH", () => {
  let fleet: SshNodes;
  const cleanups: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const clean of cleanups.splice(0).reverse()) await clean();
  });

  /** The first of `count` nodes. */
  async function start(count: number): Promise<SshNode> {
    fleet = await startNodes(count);
    cleanups.push(() => fleet.stop());
    const [first] = fleet.nodes;
    if (first === undefined) throw new Error("there is no node");
    return first;
  }

  async function relayTo(node: SshNode): Promise<Relay> {
    const relay = await new Relay(node.port).start();
    cleanups.push(() => relay.stop());
    return relay;
  }

  const etc = (node: SshNode) => snapshot(node.path("etc"));
  const idle = () =>
    expect
      .poll(() => fleet.nodes.filter(({ busy }) => busy).map(({ name }) => name), { timeout: 30_000 })
      .toEqual([]);

  /** `up` has come so far that the node's runtime reloads. */
  async function hanging(node: SshNode, up: Promise<unknown>): Promise<void> {
    up.catch(() => undefined);
    await expect.poll(() => node.hanging, { timeout: 30_000 }).toBe(true);
  }

  test("one of fifty is dead: it alone fails, and the next up does it alone", async () => {
    await start(50);
    const dead = fleet.nodes[6];
    await dead?.powerOff();
    const pool = new Pool();
    const inputs = poolOf(fleet.nodes, OLD, { rollout: { maxFailed: "2%" } });
    const reasons = await pool.up(inputs);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toMatch(/^n7: 127\.0\.0\.1:\d+: connection refused/);
    await dead?.boot();
    expect(await pool.up(inputs)).toEqual([]);
    for (const { name, told } of fleet.nodes)
      expect([name, ...told.filter((one) => one.startsWith("reload"))]).toEqual([name, "reload crio"]);
  });

  test("one of fifty is dead and may be skipped: the rest is done, and it is what the next up does", async () => {
    await start(50);
    const dead = fleet.nodes[6];
    await dead?.powerOff();
    const pool = new Pool();
    const inputs = poolOf(fleet.nodes, OLD, { onUnreachable: "skip" });
    expect(await pool.up(inputs)).toEqual([]);
    expect(pool.ctx.warnings.join("\n")).toMatch(/n7.*connection refused/);
    expect(fleet.nodes.filter((node) => node.text("run/loaded") === DOCKER)).toHaveLength(49);
    expect(pool.pending(inputs)).not.toEqual([]);
    await dead?.boot();
    expect(await pool.up(inputs)).toEqual([]);
    expect(pool.pending(inputs)).toEqual([]);
    expect(dead?.text(DOCKER_FILE)).toBe(DOCKER);
  });

  test("all are dead: soon an error, no further node is begun, and the pool can be given up", async () => {
    await start(10);
    await Promise.all(fleet.nodes.map((node) => node.powerOff()));
    const pool = new Pool();
    const inputs = poolOf(fleet.nodes, OLD, { rollout: { parallel: 2, canary: 1 } });
    const reasons = await pool.up(inputs);
    expect(reasons[0]).toMatch(/^n1: .*connection refused/);
    expect(reasons.at(-1)).toMatch(/not begun: n2, .*n10/);
    await pool.destroy();
    expect(pool.ctx.warnings.join("\n")).toContain("n10");
  });

  test("a server that bears two logins at a time gets all of them", async () => {
    await start(20);
    const keys = fleet.nodes.map(() => generateKeyPair());
    const lines = fleet.nodes.map((node, index) => {
      const env = { NODE_FOLDER: node.folder, PATH: `${node.path("bin")}:/usr/bin:/bin` };
      const options = Object.entries(env).map(([name, value]) => `environment="${name}=${value}"`);
      return `${options.join(",")} ${keys[index]?.publicKey ?? ""}`;
    });
    const sshd = await startSshd({
      folder: join(fleet.scratch, "limited"),
      authorizedKey: lines.join("\n"),
      settings: ["MaxStartups 2:100:2", "PermitUserEnvironment yes", ENTER],
    });
    cleanups.push(() => sshd.stop());
    const nodes = fleet.nodes.map((node, index) => ({
      ...node.target(),
      port: sshd.port,
      hostKey: sshd.hostKey,
      privateKey: keys[index]?.privateKey ?? "",
    }));
    expect(await new Pool().up(poolOf(nodes, OLD, { rollout: { parallel: 20 } }))).toEqual([]);
    expect(sshd.log()).toMatch(/drop connection|beginning MaxStartups/);
    expect(fleet.nodes.filter((node) => node.text(DOCKER_FILE) === DOCKER)).toHaveLength(20);
  });

  test("a node that is slow to begin is given up in time, and has nothing when it wakes", async () => {
    const slow = await start(1);
    writeFileSync(slow.path("delay"), "5");
    const before = etc(slow);
    const begun = performance.now();
    const reasons = await new Pool().up(
      poolOf([slow], OLD, { timeouts: { connect: 2, command: 2, total: 2 } }),
    );
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(reasons[0]).toMatch(/^n1: .*gave up after 2 s/);
    await idle();
    expect(etc(slow)).toEqual(before);
  });

  test("a connection that is cut, wherever that is", async () => {
    await start(16);
    const relays = await Promise.all(fleet.nodes.map(relayTo));
    const targets = fleet.nodes.map((node, index) => ({ ...node.target(), port: relays[index]?.port ?? 0 }));
    const pool = new Pool();
    const borne = { rollout: { parallel: 16, maxFailed: 16 } };
    expect(await pool.up(poolOf(targets, OLD, borne))).toEqual([]);
    const before = fleet.nodes.map(etc);
    // As much as the first run took, and some more: every phase is met.
    const whole = relays[0]?.passed ?? 0;
    for (const [index, relay] of relays.entries()) relay.cutAfter = Math.round((whole * (index + 1)) / 15);
    const wanted = poolOf(targets, NEW, borne);
    const reasons = await pool.up(wanted);
    expect(reasons.length).toBeGreaterThan(10);
    await idle();
    for (const [index, node] of fleet.nodes.entries()) {
      const files = node.text(QUAY_FILE) === "" ? OLD : NEW;
      if (files === OLD) expect(etc(node)).toEqual(before[index]);
      else expect(node.text(DOCKER_FILE)).toBe(NEW[DOCKER_FILE]);
      // And that is what its runtime runs on.
      expect(node.text("run/loaded")).toBe(Object.values(files).join(""));
    }
    for (const relay of relays) relay.cutAfter = Infinity;
    expect(await pool.up(wanted)).toEqual([]);
    for (const node of fleet.nodes)
      expect(Object.keys(snapshot(node.path(DROP_INS)))).toEqual([
        "",
        ...Object.keys(NEW).map((path) => path.slice(DROP_INS.length + 1)),
      ]);
  });

  test("a connection that falls silent: the node doesn't wait for it for ever", async () => {
    const node = await start(1);
    const relay = await relayTo(node);
    const target = { ...node.target(), port: relay.port };
    const timeouts = { connect: 2, command: 3, total: 6 };
    const pool = new Pool();
    await pool.up(poolOf([target], OLD, { timeouts }));
    const before = etc(node);
    node.hang();
    const up = pool.up(poolOf([target], NEW, { timeouts }));
    await hanging(node, up);
    relay.silent = true;
    node.release();
    expect((await up)[0]).toMatch(/^n1: .*gave up after 6 s/);
    await idle();
    expect(etc(node)).toEqual(before);
    expect(node.text("run/loaded")).toBe(DOCKER);
  });

  test("a provider that is killed: the node rolls itself back", async () => {
    const node = await start(1);
    const pool = new Pool();
    await pool.up(poolOf([node], OLD));
    const before = etc(node);
    node.hang();
    const provider = spawn(process.execPath, [join(import.meta.dirname, "machine/pool-process.ts")], {
      stdio: ["pipe", "inherit", "inherit"],
    });
    provider.stdin.end(JSON.stringify(poolOf([node], NEW)));
    await hanging(node, once(provider, "exit"));
    provider.kill("SIGKILL");
    await once(provider, "exit");
    node.release();
    await idle();
    expect(etc(node)).toEqual(before);
    expect(node.text("run/loaded")).toBe(DOCKER);
  });

  test("a jump host that dies: the nodes behind it roll themselves back", async () => {
    const jump = await start(3);
    const inner = fleet.nodes.slice(1);
    const way = Object.fromEntries(Object.entries(jump.target()).filter(([name]) => name !== "name"));
    const behind = inner.map((node) => ({ ...node.target(), jump: way }));
    const pool = new Pool();
    expect(await pool.up(poolOf(behind, OLD))).toEqual([]);
    const before = inner.map(etc);
    for (const node of inner) node.hang();
    const up = pool.up(poolOf(behind, NEW));
    for (const node of inner) await hanging(node, up);
    await jump.powerOff();
    for (const node of inner) node.release();
    expect((await up).join("\n")).toMatch(/n2: .*jump host/);
    await idle();
    expect(inner.map(etc)).toEqual(before);
    expect(inner.map((node) => node.text("run/loaded"))).toEqual([DOCKER, DOCKER]);
    await jump.boot();
    expect(await pool.up(poolOf(behind, NEW))).toEqual([]);
  });
});
