import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { z } from "zod";

const packageJson = z.object({
  version: z.string().default("0.0.0"),
  dependencies: z.record(z.string(), z.string()).default({}),
  pulumi: z
    .object({
      resource: z.boolean().default(false),
      name: z.string().optional(),
      version: z.string().optional(),
    })
    .optional(),
});

const read = (file: string | undefined) =>
  file === undefined ? undefined : packageJson.parse(JSON.parse(readFileSync(file, "utf8")));

/** The resource plugins that a program's direct dependencies ask for, as the official host reads them. */
export function requiredPlugins(program: string): { name: string; version: string }[] {
  const base = pathToFileURL(join(program, "index.ts"));
  return Object.keys(read(findPackageJSON("./", base))?.dependencies ?? {}).flatMap((dependency) => {
    // Only Pulumi's own packages carry a plugin here; reading every other one would cost time at each run.
    if (!dependency.startsWith("@pulumi/")) return [];
    const found = read(findPackageJSON(dependency, base));
    if (found?.pulumi?.resource !== true) return [];
    const name = found.pulumi.name ?? dependency.slice("@pulumi/".length);
    return [{ name, version: `v${(found.pulumi.version ?? found.version).replace(/^v/, "")}` }];
  });
}
