import { afterEach, beforeEach, expect, it } from "vitest";
import {
  directoriesScript,
  prerequisitesScript,
  type DataVolume,
} from "../../../components/harbor/step-scripts.ts";
import { exampleMachine } from "./example-machine.ts";
import { MachineSandbox } from "./machine-sandbox.ts";

let machine: MachineSandbox;
beforeEach(() => {
  machine = new MachineSandbox();
  machine.write("device", new Uint8Array(2 ** 21));
  machine.write("fstab", "UUID=root / ext4 defaults 0 1\n");
  machine.write("state/gib", "200");
  machine.program(
    "lsblk",
    `[ -e "$root/device" ] || exit 32
case "$*" in *SIZE*) echo " $(($(cat "$root/state/gib") * 1073741824))";; esac`,
  );
  machine.program(
    "blkid",
    `if [ -e "$root/state/type" ]; then case "$*" in *UUID*) echo 1234-5678;; *) echo "TYPE=$(cat "$root/state/type")";; esac; else exit 2; fi`,
  );
  machine.program("mkfs.ext4", `printf ext4 >"$root/state/type"`);
  machine.program("mkfs.xfs", `printf xfs >"$root/state/type"`);
  machine.program("mount", `: >"$root/state/mounted"`);
  machine.program("findmnt", `[ -e "$root/state/mounted" ] && echo "$root/device"`);
  machine.program("resize2fs", "");
  machine.program("xfs_growfs", "");
  machine.program("systemctl", "");
});
afterEach(() => {
  machine[Symbol.dispose]();
});

function run(changes: Partial<DataVolume> = {}, action: "up" | "down" = "up") {
  const volume = { device: machine.path("device"), fsType: "ext4" as const, ...changes };
  const files = { fstab: machine.path("fstab"), units: machine.path("units") };
  return machine.run(directoriesScript(exampleMachine({}, machine.root), volume, files), action);
}

const changing = () =>
  machine.calls().filter((call) => /^(mkfs|mount|resize2fs|xfs_growfs|systemctl)/.test(call));
const rule = "units/docker.service.d/harbor-cache.conf";

it("makes a file system on a blank device and mounts it by UUID, once", async () => {
  expect(await run()).toMatchObject({ code: 0, stderr: "" });
  expect(machine.read("fstab").replaceAll(machine.root, "")).toBe(
    "UUID=root / ext4 defaults 0 1\n" +
      "UUID=1234-5678 /data ext4 defaults,nofail,x-systemd.before=docker.service,x-systemd.device-timeout=5min 0 2\n",
  );
  expect(changing()).toEqual([
    "mkfs.ext4 -q /device",
    "mount /data",
    "resize2fs /device",
    "systemctl daemon-reload",
  ]);
  await run();
  // What is there already is left as it is by resize2fs itself.
  expect(changing()).toEqual(["resize2fs /device"]);
});

it("leaves a volume alone that is mounted in another place: two Harbors would use it", async () => {
  machine.program("findmnt", `case "$*" in *'--source '"$root"/device) echo /former ;; esac`);
  const { code, stderr } = await run();
  expect(code).toBe(1);
  expect(stderr.replaceAll(machine.root, "")).toMatch(
    /^\/device is mounted at \/former, and harbor\.dataDir is now \/data\. Nothing was changed\.\nSet it back; or stop Harbor /,
  );
  expect(changing()).toEqual([]);
  expect(machine.read("fstab")).toBe("UUID=root / ext4 defaults 0 1\n");
  expect(machine.exists("data")).toBe(false);
});

it("keeps the data of a volume that comes back, and adds no second line after a failed mount", async () => {
  machine.write("state/type", "ext4");
  machine.program("mount", "exit 32");
  expect((await run()).code).toBe(32);
  machine.program("mount", `: >"$root/state/mounted"`);
  expect((await run()).code).toBe(0);
  expect(machine.read("fstab").match(/1234-5678/g)).toHaveLength(1);
  expect(changing().filter((call) => call.startsWith("mkfs"))).toEqual([]);
});

it("takes a blank partition for what it is", async () => {
  machine.program(
    "blkid",
    `if [ ! -e "$root/state/type" ]; then printf 'DEVNAME=x\\nPART_ENTRY_SCHEME=gpt\\nPART_ENTRY_TYPE=y\\n'; else echo 1234-5678; fi`,
  );
  expect(await run()).toMatchObject({ code: 0, stderr: "" });
  expect(changing()).toContain("mkfs.ext4 -q /device");
});

it("leaves the last line of fstab alone where it has no end", async () => {
  machine.write("fstab", "UUID=root / ext4 defaults 0 1");
  await run();
  expect(machine.read("fstab")).toMatch(/^UUID=root \/ ext4 defaults 0 1\nUUID=1234-5678 .*\n$/);
});

it("takes no device for blank that it can't read", async () => {
  machine.write("device", new Uint8Array(2 ** 19));
  expect((await run()).stderr).toContain("isn't blank either: it is left alone");
  expect(changing()).toEqual([]);
});

it("touches no device that holds anything", async () => {
  machine.write("state/type", "xfs");
  expect((await run()).stderr).toContain("holds xfs and not ext4: it is left alone");
  // An old file system that shows through a newer partition table.
  machine.write("state/type", "ext4\nPTTYPE=dos");
  expect((await run()).stderr).toContain("holds a partition table and not ext4: it is left alone");
  machine.remove("state/type");
  machine.write("device", "some raw database");
  expect((await run()).stderr).toContain("isn't blank either: it is left alone");
  expect(changing()).toEqual([]);
});

it("hides no files under the mount, and mounts over nobody else's", async () => {
  machine.write("data/registry/blob", "x");
  expect((await run()).stderr).toContain("holds files that the mounted");
  machine.program("findmnt", "echo /dev/other");
  expect((await run()).stderr).toContain("/dev/other is mounted at");
});

it("waits for a disk that comes late, and says what is there where it doesn't", async () => {
  machine.remove("device");
  machine.program(
    "sleep",
    `[ "$(grep -c ^sleep "$root/calls")" -lt 3 ] || head -c 2097152 /dev/zero >"$root/device"`,
  );
  expect(await run()).toMatchObject({ code: 0, stderr: "" });
  machine.remove("device");
  machine.program("sleep", "");
  expect((await run()).stderr).toMatch(/^no block device \/.*\/device after two minutes/);
});

it("grows the file system when the disk has grown, as soon as the machine sees it", async () => {
  await run({ sizeGiB: 200 });
  changing();
  machine.program("sleep", `echo 300 >"$root/state/gib"`);
  expect(await run({ sizeGiB: 300 })).toMatchObject({ code: 0, stderr: "" });
  expect(changing()).toEqual(["resize2fs /device"]);
  machine.program("sleep", "");
  expect((await run({ sizeGiB: 400 })).stderr).toContain(
    "has 300 GiB and not the 400 GiB that were asked for",
  );
});

it("grows xfs by its mount point, and tells why it could not", async () => {
  await run({ fsType: "xfs" });
  expect(changing()).toContain("xfs_growfs /data");
  machine.program("xfs_growfs", "echo 'read-only file system' >&2; exit 1");
  expect((await run({ fsType: "xfs" })).stderr).toContain("read-only file system");
});

it("lets Docker start after a boot only with the volume mounted, until Harbor is gone", async () => {
  await run();
  expect(machine.read(rule).replaceAll(machine.root, "")).toBe("[Unit]\nRequiresMountsFor=/data\n");
  expect([machine.mode(rule), machine.mode("units/docker.service.d")]).toEqual(["0644", "0755"]);
  machine.write("opt/harbor/harbor.yml", "x");
  changing();
  expect(await run({}, "down")).toMatchObject({ code: 0, stderr: "" });
  expect(machine.exists("units/docker.service.d")).toBe(false);
  expect(changing()).toEqual(["systemctl daemon-reload"]);
  await run({}, "down");
  expect(changing()).toEqual([]);
});

it("never mounts anew over what a reboot brought back", async () => {
  await run();
  machine.write("data/registry/blob", "x");
  changing();
  expect(await run()).toMatchObject({ code: 0, stderr: "" });
  expect(changing()).toEqual(["resize2fs /device"]);
  // The disk was missing at boot: the bare folder is empty, and what is on the disk comes back.
  machine.remove("state/mounted");
  machine.remove("data");
  expect(await run()).toMatchObject({ code: 0, stderr: "" });
  expect(changing()).toEqual(["mount /data", "resize2fs /device"]);
});

it("works on a machine without systemd", async () => {
  machine.without("systemctl");
  expect(await run()).toMatchObject({ code: 0, stderr: "" });
  expect(machine.exists("units")).toBe(false);
});

it("is checked for its programs before anything is made", async () => {
  for (const program of ["mkfs.xfs", "xfs_growfs"]) machine.without(program);
  const volume = { device: machine.path("device"), fsType: "xfs" } as const;
  const { stderr } = await machine.run(prerequisitesScript(exampleMachine({}, machine.root), "ops", volume));
  expect(stderr).toContain("the program mkfs.xfs is missing");
  expect(stderr).toContain("the program xfs_growfs is missing");
});
