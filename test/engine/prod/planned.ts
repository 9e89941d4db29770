/** What a preview would do, resource by resource. */
import { z } from "zod";

import type { Stack } from "../../../tools/stack.ts";

const preview = z.object({
  diagnostics: z.array(z.object({ message: z.string(), severity: z.string() })).default([]),
  steps: z.array(
    z.object({
      op: z.string(),
      urn: z.string(),
      detailedDiff: z.record(z.string(), z.object({ kind: z.string() })).nullish(),
    }),
  ),
});

/**
 * By `type name`, the operation and the inputs that it is for: `{ "ec2:Instance host-instance": "update instanceType" }`.
 * A replacement is one entry, and what stays the same is left out. Throws with the engine's words where it refuses.
 */
export async function planned(stack: Stack): Promise<Record<string, string>> {
  const names = ["--stack", stack.options.name, "--config-file", stack.options.configFile];
  const { code, stdout } = await stack.pulumi(["preview", "--json", ...names]);
  const { steps, diagnostics } = preview.parse(JSON.parse(stdout));
  if (code !== 0) {
    const errors = diagnostics.filter(({ severity }) => severity === "error");
    throw new Error(errors.map(({ message }) => message).join("\n"));
  }
  const found: Record<string, string> = {};
  for (const { op, urn, detailedDiff } of steps) {
    // A replacement shows as three steps.
    if (["same", "create-replacement", "delete-replaced", "read"].includes(op)) continue;
    const [, , types = "", name = ""] = urn.split("::");
    const type = (types.split("$").at(-1) ?? "")
      .replace(/^aws:(\w+)\/\w+:/, "$1:")
      .replace(/^(\w+):index\/\w+:/, "$1:");
    const inputs = Object.keys(detailedDiff ?? {});
    found[`${type} ${name}`] = [op, ...inputs.sort()].join(" ");
  }
  return found;
}
