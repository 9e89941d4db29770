import { readFileSync } from "node:fs";
import { join } from "node:path";

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

const read = (folder: string) =>
  packageJson.parse(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));

/** The resource plugins that a program's direct dependencies ask for, as the official host reads them. */
export function requiredPlugins(program: string): { name: string; version: string }[] {
  return Object.keys(read(program).dependencies).flatMap((dependency) => {
    // Only Pulumi's own packages carry a plugin here; reading every other one would cost time at each run.
    if (!dependency.startsWith("@pulumi/")) return [];
    const found = read(join(program, "node_modules", dependency));
    if (found.pulumi?.resource !== true) return [];
    const name = found.pulumi.name ?? dependency.slice("@pulumi/".length);
    return [{ name, version: `v${(found.pulumi.version ?? found.version).replace(/^v/, "")}` }];
  });
}
