/** What these tests need of the system that they run on. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";

import { debianRoot } from "../../../tools/debian-root.ts";
import { run } from "../../../tools/run.ts";
import { attachDisk } from "./disk.ts";

/** Root, the small system and loop devices. */
export const possible =
  process.getuid?.() === 0 &&
  existsSync(debianRoot()) &&
  (await attachDisk(2 ** 20).then(
    async (attached) => attached.detach().then(() => true),
    () => false,
  ));
/** Linux lets only those grow a mounted ext4 who have CAP_SYS_RESOURCE; root of a container may lack it. */
export const mayGrowExt4 = await hasCapability(24);
export const xfsIsThere =
  (await readFile("/proc/filesystems", "utf8")).includes("\txfs\n") ||
  (await run("modprobe", ["xfs"]).catch(() => ({ code: 1 }))).code === 0;

async function hasCapability(number: number): Promise<boolean> {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(await readFile("/proc/self/status", "utf8"))?.[1] ?? "0";
  return (BigInt(`0x${mask}`) >> BigInt(number)) % 2n === 1n;
}
