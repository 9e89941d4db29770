/** Real block devices: loop devices over sparse files. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp, open, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

import { mustRun } from "../../../tools/run.ts";
import { firstLine } from "./first-line.ts";

export interface Disk {
  /** The device on this system, /dev/loop… */
  readonly device: string;
  /** Writes bytes where they belong, as somebody before us would have. */
  write(at: number, bytes: string | Uint8Array): Promise<void>;
  /** SHA-256 of everything on it. */
  checksum(): Promise<string>;
  grow(bytes: number): Promise<void>;
  detach(): Promise<void>;
}

/** Detached while it is open: the kernel lets the device go with the last that has it open, however that ends. */
const attach = `set -eu
device=$(losetup --find --show "$1")
trap 'losetup --detach "$device"' EXIT
exec 3<"$device"
losetup --detach "$device"
trap - EXIT
printf '%s\\n' "$device"
exec cat >/dev/null`;

/** A blank disk of so many bytes. It is gone with this process at the latest. */
export async function attachDisk(bytes: number): Promise<Disk> {
  const folder = await mkdtemp(join(tmpdir(), `first-boot-${process.pid}-disk-`));
  const file = join(folder, "disk");
  await (await open(file, "w")).close();
  await truncate(file, bytes);
  const holder = spawn("sh", ["-c", attach, "sh", file], { stdio: ["pipe", "pipe", "pipe"] });
  const ended = once(holder, "close");
  const detach = async () => {
    holder.stdin.end();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  let device: string;
  try {
    device = await firstLine(holder);
  } catch (error) {
    await detach();
    throw error;
  }
  return {
    device,
    write: async (at, content) => {
      const handle = await open(device, "r+");
      try {
        const written = Buffer.from(content);
        await handle.write(written, 0, written.length, at);
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    checksum: async () => {
      const hash = createHash("sha256");
      await pipeline(createReadStream(device), hash);
      return hash.digest("hex");
    },
    grow: async (size) => {
      await truncate(file, size);
      await mustRun("losetup", ["--set-capacity", device]);
    },
    detach,
  };
}
