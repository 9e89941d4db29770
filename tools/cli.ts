/** How the Pulumi CLI comes to a machine: the official launcher first, else its Go module. */
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { buildGoProgram } from "./go-module.ts";
import { run } from "./run.ts";

/** The same as `@pulumi/pulumi` and `pulumi` in package.json. */
export const PULUMI_VERSION = "3.259.0";
/** Tried in this order where a Go module proxy refuses a version. */
const MODULE_VERSIONS = [PULUMI_VERSION, "3.255.0", "3.250.0"];
const CLI_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";

/**
 * Makes sure that `<home>/versions/<version>/bin/pulumi` is there, where the launcher itself keeps it, and returns
 * that folder. `say` is told what takes time.
 */
export async function ensureCli(
  root: string,
  home: string,
  say: (line: string) => void,
): Promise<{ bin: string; fromModule: boolean }> {
  const bin = join(home, "versions", PULUMI_VERSION, "bin");
  const builtMark = join(bin, "built-from-go-module");
  if (!existsSync(join(bin, "pulumi"))) {
    say(`getting the Pulumi CLI ${PULUMI_VERSION}: the official launcher first`);
    const launched = await run(
      process.execPath,
      [join(root, "node_modules/pulumi/run.js"), "version"],
      // Without a network the launcher fails at once; the bound is for one that swallows packets.
      { env: { ...process.env, PULUMI_HOME: home }, timeout: 300 },
    );
    if (launched.code !== 0) {
      say(`the launcher could not download it (${launched.stderr.trim().split("\n").at(-1) ?? ""})`);
      await buildFromModule(root, bin, builtMark, say);
    }
  }
  return { bin, fromModule: existsSync(builtMark) };
}

async function buildFromModule(
  root: string,
  bin: string,
  mark: string,
  say: (line: string) => void,
): Promise<void> {
  await checkGo();
  const refused: string[] = [];
  for (const version of MODULE_VERSIONS) {
    say(`building the Pulumi CLI ${version} from its Go module: some minutes, once`);
    try {
      await mkdir(bin, { recursive: true });
      await writeFile(mark, `${version}\n`);
      await buildGoProgram({
        module: join(root, "tools/engine"),
        package: CLI_PACKAGE,
        ...(version === PULUMI_VERSION ? {} : { version }),
        variables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": `v${version}` },
        output: join(bin, "pulumi"),
      });
      return;
    } catch (error) {
      refused.push(error instanceof Error ? error.message : String(error));
    }
  }
  await rm(mark, { force: true });
  throw new Error(`no Pulumi CLI could be had. Install it from https://pulumi.com.\n${refused.join("\n")}`);
}

/** From 1.21 on, Go fetches the newer Go that a module asks for by itself. */
async function checkGo(): Promise<void> {
  const found = await run("go", ["version"], { timeout: 60 }).catch(() => undefined);
  const minor = /\bgo1\.(\d+)/.exec(found?.stdout ?? "")?.[1];
  if (Number(minor) >= 21) return;
  throw new Error(
    "no Pulumi CLI could be had: its launcher can't download it, and building it from its Go module needs " +
      `the program go, 1.21 or newer, which ${minor === undefined ? "is missing" : `is 1.${minor} here`}. ` +
      "Install Go from https://go.dev/dl (or a package such as golang-go where it is new enough), or Pulumi itself from " +
      "https://www.pulumi.com/docs/install.",
  );
}
