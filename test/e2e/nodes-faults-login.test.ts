/** Logins without rights, behind a real OpenSSH server and with the real sudo: an error that helps, and nothing changed. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Properties } from "../../provider/values.ts";
import { findProgram } from "../../tools/test-programs.ts";
import { startAccount } from "./machine/account.ts";
import type { Account } from "./machine/account.ts";
import { DOCKER, Pool, QUAY } from "./machine/pool.ts";
import { snapshot } from "./machine/snapshot.ts";
import { makeKey } from "./machine/sshd.ts";
import type { KeyPair } from "./machine/sshd.ts";

const missing: string[] = [];
for (const name of ["sshd", "sudo"]) if ((await findProgram(name)) === undefined) missing.push(name);
if (missing.length > 0 && process.env["CI"] === "true") throw new Error(`missing: ${missing.join(", ")}`);

describe.skipIf(missing.length > 0 || process.getuid?.() !== 0)("an account that isn't root", () => {
  let folder: string;
  let etc: string;
  let key: KeyPair;
  let account: Account | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "nodes-account-"));
    await chmod(folder, 0o755);
    key = await makeKey(join(folder, "client"), "key");
    etc = join(folder, "etc");
    mkdirSync(join(etc, "registries.conf.d"), { recursive: true });
    writeFileSync(join(etc, "registries.conf.d/50-harbor-cache-docker.io.conf"), DOCKER);
    writeFileSync(join(etc, "registries.conf.d/99-secret.conf"), "# for root only\n", { mode: 0o600 });
  });
  afterEach(async () => {
    await account?.stop();
    account = undefined;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function up(sudoers: string, changes: Properties): Promise<readonly string[]> {
    const own = await mkdtemp(join(folder, "sshd-"));
    chmodSync(own, 0o755);
    account = await startAccount({ folder: join(own, "s"), authorizedKey: key.publicKey }, sudoers);
    chmodSync(join(own, "s"), 0o755);
    const files = { docker: `${DOCKER}# new\n`, quay: QUAY };
    return new Pool().up({
      nodes: [{ name: "n1", ...account.target, privateKey: key.privateKey }],
      files: Object.entries(files).map(([name, content]) => ({
        path: join(etc, `registries.conf.d/50-harbor-cache-${name}.io.conf`),
        content,
      })),
      dropInDir: join(etc, "registries.conf.d"),
      reloadCommand: "id -u",
      timeouts: { connect: 5, command: 10, total: 30 },
      ...changes,
    });
  }

  test("without sudo: what it may not write is named, and nothing is changed", async () => {
    const before = snapshot(etc);
    const [reason] = await up("", { sudo: false });
    expect(reason).toMatch(/nothing was changed[^]*Permission denied/);
    expect(reason).toContain("set sudo to true, or log in as root");
    expect(snapshot(etc)).toEqual(before);
  });

  test("with a sudo that wants a password: it says so at once, and what to do", async () => {
    const before = snapshot(etc);
    const [reason] = await up("harbor-cache-test ALL=(ALL) ALL", { sudo: true });
    expect(reason).toContain("sudo refused; allow harbor-cache-test to run `sudo -n` without a password");
    expect(reason).toContain("a password is required");
    expect(snapshot(etc)).toEqual(before);
  });

  test("with a sudo that wants none: the files are root's", async () => {
    expect(await up("harbor-cache-test ALL=(ALL) NOPASSWD: ALL", { sudo: true })).toEqual([]);
    expect(snapshot(etc)["registries.conf.d/50-harbor-cache-quay.io.conf"]).toMatch(/^file 644 0:0 1 of /);
  });
});
