/** A folder to the last byte, for proofs that nothing of it has changed. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync, lstatSync } from "node:fs";
import { join } from "node:path";

/**
 * By path: kind, mode, owner, and of a file also its content, links and time. A folder's time is left out: a temporary
 * file in it that is gone has changed it.
 */
export function snapshot(folder: string): Record<string, string> {
  const names = ["", ...readdirSync(folder, { recursive: true }).map(String)].sort();
  return Object.fromEntries(names.map((name) => [name, stateOf(join(folder, name))]));
}

function stateOf(path: string): string {
  const { mode, uid, gid, nlink, mtimeNs, ...stat } = lstatSync(path, { bigint: true });
  const owned = `${(mode & 0o7777n).toString(8)} ${uid}:${gid}`;
  if ((mode & 0o170000n) === 0o120000n) return `link ${owned} to ${readlinkSync(path)}`;
  if ((mode & 0o170000n) === 0o040000n) return `folder ${owned}`;
  const sum = createHash("sha256").update(readFileSync(path)).digest("hex");
  return `file ${owned} ${nlink} of ${mtimeNs} inode ${stat.ino} ${sum}`;
}
