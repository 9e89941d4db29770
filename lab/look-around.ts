/** For `KEEP=1 make lab`: how to look around in a lab that is left running. */
import { userInfo } from "node:os";
import { relative } from "node:path";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { PROJECT_ROOT } from "../tools/engine.ts";
import type { EmbeddedLab } from "./embedded.ts";
import { CLIENT_KEY, CONFIG_FILE, LAB } from "./folder.ts";

const VARIABLES = /^(PATH|PULUMI_\w+|HARBOR_CACHE_ROOT|SSH_AUTH_SOCK)$/;

/** Writes `.lab/env.sh` and returns what to tell. */
export async function lookAround(lab: EmbeddedLab): Promise<string[]> {
  const file = join(LAB, "env.sh");
  const variables = Object.entries(lab.stack.env).filter(([name]) => VARIABLES.test(name));
  const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const lines = variables.map(([name, value]) => `export ${name}=${quoted(value)}`);
  await writeFile(file, `${lines.join("\n")}\n`, { mode: 0o600 });
  const short = (path: string): string => relative(PROJECT_ROOT, path);
  const config = `--config-file ${short(CONFIG_FILE)}`;
  const ssh = Object.entries(lab.machines).map(
    ([name, { port }]) =>
      `  ${name.padEnd(8)} ssh -i ${short(CLIENT_KEY)} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null ` +
      `-p ${port} ${userInfo().username}@127.0.0.1 ls`,
  );
  return [
    "The lab is left running. To look around:",
    `  . ${short(file)}`,
    "  pulumi stack --stack lab",
    `  pulumi preview --stack lab ${config}    (also up, refresh, destroy)`,
    `Harbor: http://${lab.harbor.registry}, user admin; the password:`,
    "  pulumi stack output --stack lab --show-secrets harborAdminPassword",
    `Harbor's access log: ${short(lab.harbor.accessLog)}`,
    `The upstream: http://${lab.upstream.registry}, image ${lab.upstream.repository}:${lab.upstream.tags.pulled}`,
    "The machines take commands, but no terminal:",
    ...ssh,
    "To stop it and remove everything: make lab-down",
  ];
}
