/** The program writes ssh's files below the real home directory, a folder for each machine. */
import { readdir, readFile, rm } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";

/** Removes those of the machine with this host key: `ssh-ed25519 AAAA…`. */
export async function forgetSshFiles(hostKey: string): Promise<void> {
  const folder = join(userInfo().homedir, ".cache/harbor-cache/ssh");
  const [, key] = hostKey.split(" ");
  if (key === undefined) throw new Error(`no host key: ${hostKey}`);
  for (const name of await readdir(folder).catch(() => [])) {
    const hosts = await readFile(join(folder, name, "known_hosts"), "utf8").catch(() => "");
    if (hosts.includes(key)) await rm(join(folder, name), { recursive: true, force: true });
  }
}
