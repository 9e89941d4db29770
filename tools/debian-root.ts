/** A small system of this machine's own distribution in a folder, made by debootstrap from the mirror that apt uses. */
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

import { pulumiHome } from "./engine.ts";
import { mustRun, run } from "./run.ts";
import { findProgram } from "./test-programs.ts";

/** Beyond the packages that every system has: what the images have that a machine is made of. */
const PACKAGES = ["e2fsprogs", "python3", "xfsprogs"];

/** Absolute path; a whole system is there after `ensureDebianRoot`. */
export const debianRoot = () =>
  join(pulumiHome(), "tools", `${codename() ?? "unknown"}-with-${PACKAGES.join("-")}`);

/** Makes it for a minute, once, as root; where that can't be, it says why. */
export async function ensureDebianRoot(say: (line: string) => void): Promise<void> {
  const root = debianRoot();
  if (existsSync(root) || process.getuid?.() !== 0 || (await missing())) return;
  const suite = codename();
  const mirror = suite === undefined ? undefined : await mirrorOf(suite);
  if (suite === undefined || mirror === undefined) {
    say("apt has no mirror of this system's own release: no small system can be made from it");
    return;
  }
  say(`making a small system of ${suite} from ${mirror}: a minute, once`);
  const building = `${root}.building-${process.pid}`;
  try {
    await mkdir(dirname(root), { recursive: true });
    const options = ["--variant=minbase", `--include=${PACKAGES.join()}`];
    // What it mounts in the folder goes with it, however it ends.
    const made = await run("unshare", ["--mount", "debootstrap", ...options, suite, building, mirror], {
      env: { ...process.env, ...(await proxies()) },
      timeout: 900,
    });
    if (made.code === 0) await rename(building, root);
    else
      say(
        `debootstrap failed:\n${`${made.stdout}\n${made.stderr}`.trim().split("\n").slice(-20).join("\n")}`,
      );
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

async function missing(): Promise<boolean> {
  return (await Promise.all(["apt-get", "debootstrap"].map(findProgram))).includes(undefined);
}

function codename(): string | undefined {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  return /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(release)?.[1];
}

async function mirrorOf(suite: string): Promise<string | undefined> {
  const format = "$(CODENAME) $(COMPONENT) $(REPO_URI)";
  const targets = await mustRun("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
  const uri = targets
    .split("\n")
    .find((line) => line.startsWith(`${suite} main `))
    ?.split(" ")[2];
  // A list of mirrors, as machines in a cloud have it.
  const list = uri?.startsWith("mirror+file:/") === true ? uri.slice("mirror+file:".length) : undefined;
  return list === undefined ? uri : /^https?:\S+/m.exec(await readFile(list, "utf8"))?.[0];
}

/** As apt is told to reach its mirrors. */
async function proxies(): Promise<NodeJS.ProcessEnv> {
  const found: NodeJS.ProcessEnv = {};
  for (const scheme of ["http", "https"]) {
    const args = ["dump", "--no-empty", "--format", "%v%n", `Acquire::${scheme}::Proxy`];
    const [proxy] = (await mustRun("apt-config", args)).split("\n");
    if (proxy) found[`${scheme}_proxy`] = proxy;
  }
  return found;
}
