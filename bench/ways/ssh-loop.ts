/** What a shell offers: xargs, and one OpenSSH connection a node that unpacks the files and reloads. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { mustRun } from "../../tools/run.ts";
import { metered, readCost } from "../meter.ts";
import { PARALLEL, RELOAD } from "../pool.ts";
import type { StartRunner } from "./way.ts";

/** Folder, archive. */
const LOOP = `exec xargs -n 1 -P ${PARALLEL} sh "$1/one" "$1" "$2" <"$1/nodes"`;
/** Folder, archive, node. */
const ONE = `exec ssh -F "$1/config" "$3" 'tar -x && ${RELOAD}' <"$2"\n`;

export const sshLoop: StartRunner = async ({ fleet, revisions, folder }) => {
  const config = [
    "BatchMode yes",
    "StrictHostKeyChecking yes",
    `UserKnownHostsFile ${fleet.knownHosts}`,
    "GlobalKnownHostsFile none",
    `IdentityFile ${fleet.keyFile}`,
    "IdentitiesOnly yes",
    `User ${fleet.user}`,
    `Port ${fleet.port}`,
    "",
  ];
  await writeFile(join(folder, "config"), config.join("\n"));
  await writeFile(join(folder, "one"), ONE);
  await writeFile(join(folder, "nodes"), fleet.nodes.map(({ address }) => `${address}\n`).join(""));
  for (const [index, { files }] of revisions.entries()) {
    const source = join(folder, `files-${index}`);
    for (const [path, content] of files) {
      await mkdir(dirname(join(source, path)), { recursive: true });
      await writeFile(join(source, path), content);
    }
    await mustRun("tar", ["-C", source, "-cf", join(folder, `files-${index}.tar`), "."]);
  }
  return {
    // It knows no difference between them: the second time it does the same work again.
    cases: ["first", "no-op", "change-all"],
    async run(which) {
      const result = join(folder, "cost");
      const tar = join(folder, `files-${which === "change-all" ? 1 : 0}.tar`);
      const [program, ...args] = metered(result, ["sh", "-c", LOOP, "loop", folder, tar]);
      await mustRun(program, args);
      return { ...(await readCost(result)), stateBytes: 0 };
    },
    close: () => Promise.resolve(),
  };
};
