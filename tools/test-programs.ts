/** The real programs that tests use, and how Debian's packages bring them. */
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";

import { run } from "./run.ts";

/** Program by the Debian package that holds it. */
const PACKAGES = {
  sshd: "openssh-server",
  "ssh-keygen": "openssh-client",
  skopeo: "skopeo",
  podman: "podman",
  "docker-registry": "docker-registry",
  dockerd: "docker.io",
  openssl: "openssl",
  curl: "curl",
  ip: "iproute2",
} as const;

export type TestProgram = keyof typeof PACKAGES;

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

const missingPrograms = async (): Promise<TestProgram[]> => {
  const missing: TestProgram[] = [];
  for (const name of Object.keys(PACKAGES) as TestProgram[])
    if ((await findProgram(name)) === undefined) missing.push(name);
  return missing;
};

/** Installs what is missing where that is allowed, and returns what still is. */
export async function ensureTestPrograms(say: (line: string) => void): Promise<TestProgram[]> {
  const missing = await missingPrograms();
  if (missing.length === 0) return [];
  if (process.getuid?.() !== 0 || (await findProgram("apt-get")) === undefined) return missing;
  const packages = [...new Set(missing.map((name) => PACKAGES[name]))];
  say(`installing ${packages.join(", ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...packages]]) {
    const ended = await run("apt-get", ["-q", ...args], { env, timeout: 900 });
    if (ended.code !== 0) say(`apt-get ${args[0] ?? ""} failed:\n${ended.stderr.trim()}`);
  }
  return missingPrograms();
}
