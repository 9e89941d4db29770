/** The real programs that tests use, and how Debian's packages bring them. */
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";

import { run } from "./run.ts";

/** Debian's package by the program that it brings. */
type Packages = Readonly<Record<string, string>>;

/** What every run of the tests wants. */
const PACKAGES: Packages = {
  sshd: "openssh-server",
  "ssh-keygen": "openssh-client",
  skopeo: "skopeo",
  podman: "podman",
  "docker-registry": "docker-registry",
  dockerd: "docker.io",
  containerd: "containerd",
  openssl: "openssl",
  curl: "curl",
  sudo: "sudo",
  busybox: "busybox",
  ip: "iproute2",
  debootstrap: "debootstrap",
  losetup: "mount",
};

/** Absolute path of a program, on PATH or where Debian keeps servers. */
export async function findProgram(name: string): Promise<string | undefined> {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  for (const folder of folders) {
    const path = join(folder, name);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}

const missingOf = async (wanted: Packages): Promise<string[]> => {
  const missing: string[] = [];
  for (const name of Object.keys(wanted)) if ((await findProgram(name)) === undefined) missing.push(name);
  return missing;
};

/** Installs what is missing where that is allowed, and returns what still is. */
export async function ensureTestPrograms(
  say: (line: string) => void,
  wanted: Packages = PACKAGES,
): Promise<string[]> {
  const missing = await missingOf(wanted);
  if (missing.length === 0) return [];
  const packages = Object.entries(wanted).filter(([name]) => missing.includes(name));
  await installPackages(say, [...new Set(packages.map(([, name]) => name))]);
  return missingOf(wanted);
}

/** By apt-get, as root; nothing where that can't be. What fails is said. */
export async function installPackages(
  say: (line: string) => void,
  packages: readonly string[],
): Promise<void> {
  if (process.getuid?.() !== 0 || (await findProgram("apt-get")) === undefined) return;
  say(`installing ${packages.join(", ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...packages]]) {
    const ended = await run("apt-get", ["-q", ...args], { env, timeout: 900 });
    if (ended.code !== 0) say(`apt-get ${args[0] ?? ""} failed:\n${ended.stderr.trim()}`);
  }
}
