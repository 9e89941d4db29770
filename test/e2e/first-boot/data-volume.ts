/** The data volume as a machine sees it, and the step that mounts it. */
import { readFile } from "node:fs/promises";

import { directoriesScript, type DataVolume } from "../../../components/harbor/step-scripts.ts";
import { exampleMachine } from "../../unit/harbor/example-machine.ts";
import { descendants } from "../machine/processes.ts";
import type { Machine } from "./machine.ts";

export const NAME = "nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0";
export const DEVICE = `/dev/disk/by-id/${NAME}`;
/** In sectors of 512 bytes. */
export const PARTITION = { start: 2048, sectors: 20_480 };
export const RULE = "etc/systemd/system/docker.service.d/harbor-cache.conf";

/** As on any cloud: a file system that the image brings, and no newline after it. */
export const FSTAB = "LABEL=cloudimg-rootfs / ext4 defaults,noauto 0 1";

export function up(on: Machine, changes: Partial<DataVolume> = {}) {
  return on.step(directoriesScript(exampleMachine(), { device: DEVICE, fsType: "ext4", ...changes }));
}

export const entry = (id: string, type: string) =>
  `UUID=${id} /data ${type} defaults,nofail,x-systemd.before=docker.service,x-systemd.device-timeout=5min 0 2\n`;

export const done = { code: 0, stdout: "Harbor is in /opt/harbor, its data in /data\n", stderr: "" };

/** UUID of the file system on the disk. */
export async function uuid(on: Machine): Promise<string> {
  return (await on.must("blkid", "-p", "-o", "value", "-s", "UUID", DEVICE)).trim();
}

export async function mounted(on: Machine): Promise<string> {
  const { stdout } = await on.run([
    "findmnt",
    "--noheadings",
    "--output",
    "SOURCE,FSTYPE",
    "--mountpoint",
    "/data",
  ]);
  return stdout.trim().replace(/ +/, " ");
}

export const sizeOf = async (on: Machine) =>
  Number((await on.must("df", "--output=size", "--block-size=1M", "/data")).split("\n")[1]);

/** True while a step pauses before it looks again. */
export async function waits(): Promise<boolean> {
  const names = (await descendants(process.pid)).map((pid) =>
    readFile(`/proc/${pid}/comm`, "utf8").catch(() => ""),
  );
  return (await Promise.all(names)).includes("sleep\n");
}

/** Of DOS, with one partition. */
export function partitionTable(): Uint8Array {
  const sector = Buffer.alloc(512);
  sector.set([0x00, 0x20, 0x21, 0x00, 0x83, 0x20, 0x22, 0x00], 446);
  sector.writeUInt32LE(PARTITION.start, 454);
  sector.writeUInt32LE(PARTITION.sectors, 458);
  sector.set([0x55, 0xaa], 510);
  return sector;
}
