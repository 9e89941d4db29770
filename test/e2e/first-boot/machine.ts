/**
 * A machine after its first boot: the small system with files, mounts, devices and network of its own. It lives in
 * memory and in the kernel's namespaces of one process, and nothing is left of it when that process ends.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, rmdir, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

import { debianRoot } from "../../../tools/debian-root.ts";
import { mustRun, run, type Ended } from "../../../tools/run.ts";
import type { Disk } from "./disk.ts";
import { firstLine } from "./first-line.ts";

/** Where AWS's instances find their metadata service. */
export const METADATA_ADDRESS = "169.254.169.254";

const boot = `set -eu
work=$1
mount -t tmpfs -o mode=0755 machine "$work"
mkdir "$work/upper" "$work/work" "$work/root"
mount -t overlay -o "lowerdir=$2,upperdir=$work/upper,workdir=$work/work" machine "$work/root"
cd "$work/root"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=0755 devices dev
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/urandom c 1 9
mkdir -p dev/disk/by-id
mount -t tmpfs run run
ip link set lo up
ip address add ${METADATA_ADDRESS}/32 dev lo
exec chroot . sh -c 'echo up; exec cat >/dev/null'`;

export interface Machine {
  /** Process id of one that is on the machine. */
  readonly pid: number;
  /** Where the machine's files are, for this process. */
  path(name: string): string;
  read(name: string): Promise<string>;
  write(name: string, text: string, mode?: number): Promise<void>;
  /** Runs a program on the machine as root, with exactly this environment. */
  run(command: readonly string[], options?: { env?: Record<string, string>; stdin?: string }): Promise<Ended>;
  /** As `run`, but a failure is an error. */
  must(...command: readonly string[]): Promise<string>;
  /** Runs a step as sshd would. */
  step(script: string, action?: "up" | "down"): Promise<Ended>;
  /** Plugs the disk in by that name of /dev/disk/by-id, as udev would. */
  plug(disk: Disk, name: string): Promise<void>;
  unplug(disk: Disk, name: string): Promise<void>;
  end(): Promise<void>;
}

/** What sshd gives to root. */
const session = { HOME: "/root", PATH: "/usr/local/bin:/usr/bin:/bin:/usr/games", SHELL: "/bin/bash" };

export async function startMachine(): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), `first-boot-${process.pid}-machine-`));
  const holder = spawn("unshare", ["--mount", "--net", "sh", "-c", boot, "sh", folder, debianRoot()], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = once(holder, "close");
  const end = async () => {
    holder.stdin.end();
    await ended;
    // Never deletes what would still be mounted there.
    await rmdir(folder);
  };
  try {
    await firstLine(holder);
  } catch (error) {
    await end();
    throw error;
  }
  const pid = holder.pid ?? 0;
  const path = (name: string) => join(`/proc/${pid}/root`, name);
  const on = (command: readonly string[], env: Record<string, string>) => [
    ...[`--target=${pid}`, "--mount", "--net", "--root", "--wd"],
    ...["/usr/bin/env", "-i", ...Object.entries(env).map(([name, value]) => `${name}=${value}`), ...command],
  ];
  const write = async (name: string, text: string, mode = 0o644) => {
    await mkdir(dirname(path(name)), { recursive: true });
    await writeFile(path(name), text, { mode });
  };
  return {
    pid,
    path,
    read: (name) => readFile(path(name), "utf8"),
    write,
    run: (command, { env = session, stdin = "" } = {}) =>
      run("nsenter", on(command, env), { stdin, timeout: 60 }),
    must: (...command) =>
      mustRun("nsenter", on(command, { PATH: `${session.PATH}:/usr/sbin` }), { timeout: 60 }),
    step: (script, action = "up") =>
      run("nsenter", on(["sh", "-s", action, "identity"], session), { stdin: script, timeout: 60 }),
    plug: async (disk, name) => {
      await mustRun("cp", ["--archive", disk.device, path(disk.device)]);
      await symlink(`../../${basename(disk.device)}`, path(`dev/disk/by-id/${name}`));
    },
    unplug: async (disk, name) => {
      await rm(path(`dev/disk/by-id/${name}`));
      await rm(path(disk.device));
    },
    end,
  };
}
