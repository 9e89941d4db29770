/**
 * What a new machine runs for real: user data as cloud-init starts it, and the step that mounts the data volume on a
 * real block device, in a small system of its own. AWS itself is the strict stand-ins.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename } from "node:path";

import { afterAll, afterEach, describe, expect, test, vi } from "vitest";

import { userData } from "../../components/host/aws-user-data.ts";
import type { DataVolume } from "../../components/harbor/step-scripts.ts";
import { mustRun } from "../../tools/run.ts";
import { startAws } from "./first-boot/aws.ts";
import {
  DEVICE,
  done,
  entry,
  FSTAB,
  mounted,
  NAME,
  PARTITION,
  partitionTable,
  RULE,
  sizeOf,
  up,
  uuid,
  waits,
} from "./first-boot/data-volume.ts";
import { attachDisk, type Disk } from "./first-boot/disk.ts";
import { startMachine, type Machine } from "./first-boot/machine.ts";
import { mayGrowExt4, possible, xfsIsThere } from "./first-boot/possible.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const ends: (() => Promise<void>)[] = [];

async function machine(): Promise<Machine> {
  const started = await startMachine();
  ends.push(() => started.end());
  await started.write("etc/fstab", FSTAB);
  // Stands in for systemd's: there is none to reload.
  await started.write("usr/local/bin/systemctl", '#!/bin/sh\necho "$*" >>/run/systemctl\n', 0o755);
  return started;
}

async function disk(bytes: number): Promise<Disk> {
  const attached = await attachDisk(bytes);
  ends.push(() => attached.detach());
  return attached;
}

async function machineWith(plugged: Disk): Promise<Machine> {
  const started = await machine();
  await started.plug(plugged, NAME);
  return started;
}

describe.skipIf(!possible)("a machine's first boot", () => {
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  afterAll(async () => {
    const left = async () => {
      const disks = await mustRun("losetup", ["--list", "--noheadings", "--output", "BACK-FILE"]);
      const mounts = (await readdir("/proc"))
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => readFile(`/proc/${pid}/mountinfo`, "utf8").catch(() => ""));
      const all = `${disks}${(await Promise.all(mounts)).join("")}`;
      return all.split(/[\s,=]/).filter((word) => word.includes(`/first-boot-${process.pid}-`));
    };
    // The kernel takes namespaces apart by and by.
    await vi.waitFor(
      async () => {
        expect(await left()).toEqual([]);
      },
      { timeout: 10_000 },
    );
  });

  describe("user data", () => {
    /** cloud-init's environment: no HOME. */
    const env = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };

    async function newHostKey(on: Machine): Promise<string> {
      const file = "etc/ssh/ssh_host_ed25519_key";
      await on.must("rm", "-rf", "/etc/ssh");
      await on.must("mkdir", "-p", "/etc/ssh");
      const words = ["-q", "-t", "ed25519", "-N", "", "-C", "root@ip-10-0-0-1"];
      await mustRun("ssh-keygen", [...words, "-f", on.path(file)]);
      return (await on.read(`${file}.pub`)).replace(" root@ip-10-0-0-1\n", "");
    }

    test("publishes the host key at the first boot, and the key of the day at every boot after it", async () => {
      const here = await machine();
      const aws = await startAws(here);
      ends.push(() => aws.stop());
      const value = (key: string, instanceId: string) => ({
        Name: "/harbor-cache/host-key",
        Value: `${instanceId} ${key} admin`,
        Type: "String",
        Overwrite: true,
      });
      const first = await newHostKey(here);
      const script = userData("/harbor-cache/host-key", "admin");
      await here.write("var/lib/cloud/instance/scripts/part-001", script, 0o700);
      const { instanceId } = await aws.seen();
      expect(await here.run(["/var/lib/cloud/instance/scripts/part-001"], { env })).toEqual({
        code: 0,
        stdout: `harbor-cache: published to /harbor-cache/host-key: ${instanceId} ${first} admin\n`,
        stderr: "",
      });
      const perBoot = "var/lib/cloud/scripts/per-boot/harbor-cache-host-key";
      expect(await here.read(perBoot)).toBe(script);
      expect((await stat(here.path(perBoot))).mode & 0o777).toBe(0o700);

      const second = await newHostKey(here);
      const boot = await here.run(["run-parts", "/var/lib/cloud/scripts/per-boot"], { env });
      expect(boot).toMatchObject({ code: 0, stderr: "" });
      const { put, refused } = await aws.seen();
      expect(refused).toEqual([]);
      expect(put).toEqual([value(first, instanceId), value(second, instanceId)]);
      expect(second).not.toBe(first);
    });
  });

  describe("the data volume", () => {
    test("becomes a file system where it is blank, once, and is mounted by its UUID", async () => {
      const blank = await disk(GIB);
      const here = await machineWith(blank);
      expect(await up(here)).toEqual(done);
      expect(await mounted(here)).toBe(`${blank.device} ext4`);
      const id = await uuid(here);
      const fstab = `${FSTAB}\n${entry(id, "ext4")}`;
      expect(await here.read("etc/fstab")).toBe(fstab);
      expect(await here.must("findmnt", "--verify")).not.toContain("/data");
      expect(await here.read(RULE)).toBe("[Unit]\nRequiresMountsFor=/data\n");

      await here.write("data/registry/blob", "cached");
      expect(await up(here)).toEqual(done);
      expect(await uuid(here)).toBe(id);
      expect(await here.read("etc/fstab")).toBe(fstab);
      expect(await here.read("data/registry/blob")).toBe("cached");
      expect(await here.read("run/systemctl")).toBe("daemon-reload\n");
    });

    test("is waited for where it comes late", async () => {
      const late = await disk(64 * MIB);
      const here = await machine();
      const step = up(here);
      await vi.waitUntil(waits, { timeout: 10_000, interval: 20 });
      await here.plug(late, NAME);
      expect(await step).toEqual(done);
      expect(await mounted(here)).toBe(`${late.device} ext4`);
    });

    test("is back after a reboot; one that is missing then stops no boot, and loses nothing", async () => {
      const kept = await disk(64 * MIB);
      const here = await machineWith(kept);
      expect(await up(here)).toEqual(done);
      await here.write("data/registry/blob", "cached");
      const fstab = await here.read("etc/fstab");

      await here.must("umount", "/data");
      await here.must("mount", "-a");
      expect(await here.read("data/registry/blob")).toBe("cached");
      expect(await up(here)).toEqual(done);

      await here.must("umount", "/data");
      await here.unplug(kept, NAME);
      await here.must("mount", "-a");
      expect(await mounted(here)).toBe("");
      expect(await here.must("ls", "-A", "/data")).toBe("");
      const step = up(here);
      await vi.waitUntil(waits, { timeout: 10_000, interval: 20 });
      await here.plug(kept, NAME);
      expect(await step).toEqual(done);
      expect(await here.read("data/registry/blob")).toBe("cached");
      expect(await here.read("etc/fstab")).toBe(fstab);
    });

    test("keeps its data when the machine is made anew", async () => {
      const kept = await disk(64 * MIB);
      const former = await startMachine();
      await former.plug(kept, NAME);
      expect(await up(former)).toEqual(done);
      const id = await uuid(former);
      await former.write("data/registry/blob", "cached");
      await former.end();

      const here = await machineWith(kept);
      expect(await up(here)).toEqual(done);
      expect(await uuid(here)).toBe(id);
      expect(await here.read("data/registry/blob")).toBe("cached");
      expect(await here.read("etc/fstab")).toBe(`${FSTAB}\n${entry(id, "ext4")}`);
    });

    test("may be a file system with Harbor's data already, and with nobody else's", async () => {
      const given = await disk(64 * MIB);
      const here = await machineWith(given);
      await here.must("mkfs.ext4", "-q", "-L", "former", DEVICE);
      await here.must("mount", DEVICE, "/mnt");
      await here.write("mnt/photos/1.jpg", "not Harbor's");
      await here.must("umount", "/mnt");
      const id = await uuid(here);
      expect((await up(here)).stderr).toContain("/data holds something else than Harbor's data");
      expect(await here.read("data/photos/1.jpg")).toBe("not Harbor's");
      await here.must("mv", "/data/photos", "/data/registry");
      expect(await up(here)).toEqual(done);
      expect(await uuid(here)).toBe(id);
      expect(await here.read("data/registry/1.jpg")).toBe("not Harbor's");
    });

    test("may be a blank partition", async () => {
      const divided = await disk(64 * MIB);
      const here = await machineWith(divided);
      await divided.write(0, partitionTable());
      await here.must("addpart", DEVICE, "1", `${PARTITION.start}`, `${PARTITION.sectors}`);
      try {
        const partition = `${divided.device}p1`;
        const number = await here.read(`sys/class/block/${basename(partition)}/dev`);
        await here.must("mknod", partition, "b", ...number.trim().split(":"));
        expect(await up(here, { device: partition })).toEqual(done);
        expect(await mounted(here)).toBe(`${partition} ext4`);
        await here.must("umount", "/data");
      } finally {
        await here.must("delpart", DEVICE, "1");
      }
    });

    /** Makes one of 1 GiB, and asks for two before the machine sees the second. */
    async function grow(fsType: DataVolume["fsType"]) {
      const grown = await disk(GIB);
      const here = await machineWith(grown);
      expect(await up(here, { fsType, sizeGiB: 1 })).toEqual(done);
      expect(await mounted(here)).toBe(`${grown.device} ${fsType}`);
      await here.write("data/registry/blob", "cached");
      const before = { id: await uuid(here), size: await sizeOf(here) };
      expect(await here.read("etc/fstab")).toBe(`${FSTAB}\n${entry(before.id, fsType)}`);
      const step = up(here, { fsType, sizeGiB: 2 });
      await vi.waitUntil(waits, { timeout: 10_000, interval: 20 });
      expect(await sizeOf(here)).toBe(before.size);
      await grown.grow(2 * GIB);
      const ended = await step;
      expect(await uuid(here)).toBe(before.id);
      expect(await here.read("data/registry/blob")).toBe("cached");
      return { ended, added: (await sizeOf(here)) - before.size };
    }

    test.skipIf(!xfsIsThere)("grows as xfs, as soon as the machine sees the larger disk", async () => {
      const { ended, added } = await grow("xfs");
      expect(ended).toEqual(done);
      expect(added).toBeGreaterThan(900);
    });

    if (mayGrowExt4)
      test("grows as ext4, as soon as the machine sees the larger disk", async () => {
        const { ended, added } = await grow("ext4");
        expect(ended).toEqual(done);
        expect(added).toBeGreaterThan(900);
      });
    else
      test("says why ext4 can't grow here, where root lacks CAP_SYS_RESOURCE, and loses nothing", async () => {
        const { ended, added } = await grow("ext4");
        expect(ended).toMatchObject({ code: 1, stdout: "" });
        expect(ended.stderr).toContain("Permission denied to resize filesystem");
        expect(added).toBe(0);
      });

    test.each<[string, string, (on: Machine, foreign: Disk) => Promise<unknown>]>([
      ["another file system", "holds ext2 and not ext4", (on) => on.must("mkfs.ext2", "-q", DEVICE)],
      ["swap", "holds swap and not ext4", (on) => on.must("mkswap", DEVICE)],
      [
        "an encrypted volume",
        "holds crypto_LUKS and not ext4",
        (_, foreign) => foreign.write(0, Buffer.from("LUKS\xba\xbe\0\x01", "latin1")),
      ],
      [
        "a partition table",
        "holds a partition table and not ext4",
        (_, foreign) => foreign.write(0, partitionTable()),
      ],
      [
        "a file system that shows through a partition table",
        "holds a partition table and not ext4",
        async (on, foreign) => {
          await on.must("mkfs.ext4", "-q", DEVICE);
          await foreign.write(0, partitionTable());
        },
      ],
      [
        "data that nobody knows",
        "isn't blank either: it is left alone",
        (_, foreign) => foreign.write(70_000, "raw"),
      ],
    ])("is refused and untouched where it holds %s", async (_, words, make) => {
      const foreign = await disk(16 * MIB);
      const here = await machineWith(foreign);
      await make(here, foreign);
      const before = await foreign.checksum();
      const { code, stderr } = await up(here);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(words) as string });
      expect(await foreign.checksum()).toBe(before);
      expect(await here.read("etc/fstab")).toBe(FSTAB);
      expect(await mounted(here)).toBe("");
    });
  });
});
