import { readFileSync } from "node:fs";

import { stepScript } from "./step-script.ts";

const body = readFileSync(new URL("./steps/cloud-init.sh", import.meta.url), "utf8");

/** How long a first boot may still take once the host key is there. */
export const cloudInitSeconds = 900;

/** The first step on a new machine: wait until its first boot is over. */
export function cloudInitScript(output = "/var/log/cloud-init-output.log"): string {
  return stepScript({ body, settings: { output }, seconds: cloudInitSeconds });
}
