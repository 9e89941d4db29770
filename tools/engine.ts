/**
 * The real Pulumi engine on any machine: official parts where they can be had, else the CLI from its Go module and
 * strict stand-ins for the language host and the plugins. Users with Pulumi installed need none of this.
 */
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { ensureCli } from "./cli.ts";
import { run } from "./run.ts";

export const PROJECT_ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

interface PluginNeeded {
  readonly name: string;
  /** That of the package which asks for it. */
  readonly version: string;
  /** What its stand-in under lab/plugins does. */
  readonly standIn: string;
  /** Never downloaded: what runs on this engine has no account to make anything in. */
  readonly onlyStandIn?: boolean;
}

const PLUGINS: readonly PluginNeeded[] = [
  { name: "command", version: "1.2.1", standIn: "runs its commands for real" },
  { name: "kubernetes", version: "4.34.2", standIn: "acts for real on the configured API server" },
  { name: "docker", version: "5.2.0", standIn: "acts for real on the machine's Docker engine" },
  { name: "aws", version: "7.48.0", standIn: "checks everything and makes nothing", onlyStandIn: true },
];
/** A machine that had no network may have one tomorrow. */
const TRY_OFFICIAL_AGAIN_AFTER_MS = 24 * 3600 * 1000;

export interface Engine {
  /** Absolute path of the CLI. */
  readonly pulumi: string;
  /** What it must be run with; the whole environment. */
  readonly env: Record<string, string>;
  /** Parts that are not the official ones, each in words for people. */
  readonly standIns: readonly string[];
}

/** Where the CLI and its plugins lie, kept between runs and shared by clones. */
export const pulumiHome = () =>
  process.env["HARBOR_CACHE_PULUMI_HOME"] ??
  join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "harbor-cache", "pulumi");

/** Brings everything that the engine needs, once. `say` is told what takes time. */
export async function ensureEngine(say: (line: string) => void = console.error): Promise<Engine> {
  const home = pulumiHome();
  await mkdir(home, { recursive: true });
  const { bin, fromModule } = await ensureCli(PROJECT_ROOT, home, say);
  const standIns: string[] = [];
  if (fromModule) {
    standIns.push(
      "Pulumi CLI: the real one, built from its Go module",
      "language host: stand-in (tools/language-host)",
    );
    await writeWrapper(join(bin, "pulumi-language-nodejs"), "tools/language-host/pulumi-language-nodejs");
  }
  const env: Record<string, string> = {
    ...ownEnvironment(),
    PATH: [bin, join(PROJECT_ROOT, "node_modules/.bin"), process.env["PATH"] ?? ""].join(delimiter),
    PULUMI_HOME: home,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK: "true",
    HARBOR_CACHE_ROOT: PROJECT_ROOT,
    // Each operation starts half a dozen Node processes, which would spend most of their time compiling.
    NODE_COMPILE_CACHE: join(PROJECT_ROOT, ".cache/compiled"),
  };
  const pulumi = join(bin, "pulumi");
  const official = await Promise.all(PLUGINS.map((plugin) => ensurePlugin(pulumi, home, env, plugin, say)));
  for (const [index, { name, standIn }] of PLUGINS.entries())
    if (official[index] !== true) standIns.push(`plugin ${name}: stand-in (lab/plugins/${name}), ${standIn}`);
  return { pulumi, env, standIns };
}

/** The caller's environment without settings that would lead a run to somebody's real stacks. */
function ownEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith("PULUMI_"),
  );
  return Object.fromEntries(entries);
}

/** True where the official plugin is there. */
async function ensurePlugin(
  pulumi: string,
  home: string,
  env: Record<string, string>,
  { name, version, onlyStandIn = false }: PluginNeeded,
  say: (line: string) => void,
): Promise<boolean> {
  const folder = join(home, "plugins", `resource-${name}-v${version}`);
  const mark = await stat(join(folder, "stand-in")).catch(() => undefined);
  if (mark === undefined && (await stat(folder).catch(() => undefined)) !== undefined) {
    if (onlyStandIn) throw new Error(`${folder} is not the stand-in: set HARBOR_CACHE_PULUMI_HOME elsewhere`);
    return true;
  }
  if (mark !== undefined && (onlyStandIn || Date.now() - mark.mtimeMs < TRY_OFFICIAL_AGAIN_AFTER_MS))
    return false;
  if (!onlyStandIn) {
    const args = ["plugin", "install", "resource", name, version, ...(mark ? ["--reinstall"] : [])];
    if ((await run(pulumi, args, { env, timeout: 300 })).code === 0) return true;
    say(`the plugin ${name} ${version} could not be downloaded: its stand-in is used`);
  }
  await placeStandIn(folder, name);
  return false;
}

async function placeStandIn(folder: string, name: string): Promise<void> {
  // Another run may look at the same moment, and a folder without the mark is the official plugin's.
  const written = join(dirname(dirname(folder)), `stand-in-${name}.${process.pid}`);
  await mkdir(written, { recursive: true });
  await writeWrapper(join(written, `pulumi-resource-${name}`), `lab/plugins/${name}/pulumi-resource-${name}`);
  await writeFile(join(written, "stand-in"), "not the official plugin\n");
  await mkdir(dirname(folder), { recursive: true });
  await rm(folder, { recursive: true, force: true });
  // Fails where the other run was first.
  await rename(written, folder).catch(() => rm(written, { recursive: true, force: true }));
}

/** A program in the shared home that leads to the clone which runs the engine. */
async function writeWrapper(path: string, target: string): Promise<void> {
  const text = `#!/bin/sh\nexec "\${HARBOR_CACHE_ROOT:?run it by make}/${target}" "$@"\n`;
  if ((await readFile(path, "utf8").catch(() => "")) === text) return;
  // Another run may be executing it: it is replaced, never written to.
  const written = `${path}.${process.pid}`;
  await writeFile(written, text, { mode: 0o755 });
  await rename(written, path);
}
