/**
 * An account without rights on a machine behind OpenSSH: the server and what runs on it see an /etc/passwd with one line
 * more, and rights of their own for sudo; nobody else does. Needs root.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { freePort } from "../../../lab/free-port.ts";
import { startServer } from "./processes.ts";
import { prepareSshd } from "./sshd.ts";
import type { SshdOptions } from "./sshd.ts";

const ADDRESS = "127.0.0.1";
/** Nobody's. */
const ID = 61_234;
/** Files of `$1` that this process and those below it see in /etc; then the server. */
const PRIVATE = `for file in passwd shadow sudoers; do mount --bind "$1/$file" "/etc/$file" || exit; done
shift && exec "$@"`;

export interface Account {
  /** As inputs of a pool have it, but for name and key. */
  readonly target: {
    readonly address: string;
    readonly port: number;
    readonly user: string;
    readonly hostKey: string;
  };
  stop(): Promise<void>;
}

/** `sudoers` is what its sudoers file holds beside root's own rights. */
export async function startAccount(options: SshdOptions, sudoers: string): Promise<Account> {
  const user = "harbor-cache-test";
  const { program, config, hostKey } = await prepareSshd(options);
  const own = join(options.folder, "etc");
  const home = join(options.folder, "home");
  for (const folder of [own, home]) await mkdir(folder, { recursive: true });
  const file = (name: string, text: string, mode: number) => writeFile(join(own, name), text, { mode });
  const line = `${user}:x:${ID}:${ID}::${home}:/bin/sh\n`;
  await file("passwd", (await readFile("/etc/passwd", "utf8")) + line, 0o644);
  await file("shadow", ["root", user].map((name) => `${name}:*:20000:0:99999:7:::\n`).join(""), 0o640);
  await file("sudoers", `root ALL=(ALL:ALL) ALL\n${sudoers}\n`, 0o440);
  const port = await freePort(ADDRESS);
  const listen = ["-o", `ListenAddress=${ADDRESS}:${port}`];
  const server = await startServer(
    "unshare",
    ["-m", "sh", "-c", PRIVATE, "sh", own, program, "-D", "-e", "-f", config, ...listen],
    { ready: (said) => said.includes("Server listening on") },
  );
  return { target: { address: ADDRESS, port, user, hostKey }, stop: () => server.stop() };
}
