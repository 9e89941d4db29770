/** `host-keys` with OpenSSH's own server, and what OpenSSH's own client takes from the file. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mustRun, run } from "../../tools/run.ts";
import { makeKey, startSshd } from "./machine/sshd.ts";
import type { Sshd } from "./machine/sshd.ts";

const main = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
let folder: string;
let sshd: Sshd;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "host-keys-"));
  const { publicKey } = await makeKey(folder, "login");
  sshd = await startSshd({ folder: join(folder, "sshd"), authorizedKey: publicKey });
});
afterAll(async () => {
  await sshd.stop();
  await rm(folder, { recursive: true });
});

test("sshd's key is collected without a login, and ssh-keygen finds it under the host's name", async () => {
  const file = join(folder, "known_hosts");
  const args = ["host-keys", "--nodes", `node-1=${sshd.address}:${sshd.port}`, "--output", file];
  const { code, stderr } = await run(process.execPath, [main, ...args], { timeout: 60 });
  expect([stderr.split("\n")[1]?.split(/ {2,}/)[0], code]).toEqual(["node-1", 0]);

  const host = `[${sshd.address}]:${sshd.port}`;
  expect(await mustRun("ssh-keygen", ["-F", host, "-f", file])).toContain(`${host} ${sshd.hostKey}\n`);
  const [, print = ""] = (await mustRun("ssh-keygen", ["-lf", join(folder, "sshd/host-key.pub")])).split(" ");
  expect(print).toMatch(/^SHA256:/);
  expect(stderr).toContain(`ssh-ed25519  ${print}  new\n`);
  expect(await mustRun("ssh-keygen", ["-lf", file])).toContain(` ${print} ${host} (ED25519)`);
  expect(sshd.log()).toContain("[preauth]");
  expect(sshd.log()).not.toMatch(/Accepted|Failed|Invalid user/);

  // OpenSSH's own way of the same.
  await mustRun("ssh-keygen", ["-H", "-f", file]);
  const again = await run(process.execPath, [main, ...args], { timeout: 60 });
  expect([again.stderr.split("\n")[1]?.endsWith("  known"), again.code]).toEqual([true, 0]);
  expect(await readFile(file, "utf8")).toContain("|1|");
});
