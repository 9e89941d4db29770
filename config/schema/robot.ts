/** Accounts for machines. */
import type * as z from "zod";
import { projectName } from "./registry.ts";
import { flag, integer, list, mapping, text } from "./value.ts";

export const robot = mapping("{ name: ci, projects: [platform] }", {
  name: text("ci", (value) => {
    if (value.startsWith("harbor-cache")) return "begins as the names of the program's own robots do";
    return /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(value) && value.length <= 255
      ? undefined
      : "must be lower-case letters and digits, with single . _ or - between them";
  }).describe("Without Harbor's prefix."),
  description: text("pulls for CI", (value) =>
    value === "" || value.length > 1024 ? "must have 1 to 1024 characters" : undefined,
  ).exactOptional(),
  projects: list("[platform]", projectName)
    .exactOptional()
    .describe("Projects that it may pull from, caches by their project's name. Default: all."),
  push: flag().default(false).describe("May push to them as well. Default false."),
  expiresAfterDays: integer(1, 36_500, "365").exactOptional().describe("Default: never."),
  rotateAfterDays: integer(1, 36_500, "90")
    .exactOptional()
    .describe("An `up` makes a new secret where the last one is older. Default: never."),
  rotation: text("2026-11", (value) => (value === "" ? "is empty" : undefined))
    .exactOptional()
    .describe("Any text: a change of it makes a new secret at once."),
});
export type RobotSettings = z.output<typeof robot>;
