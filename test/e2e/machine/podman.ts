import { mkdir, mkdtemp, symlink } from "node:fs/promises";
import { join } from "node:path";

import type { PullClient } from "../../../lab/client/clients.ts";
import { mustRun } from "../../../tools/run.ts";

/** A real client beside skopeo. `scratch` takes its storage. */
export function podmanClient(scratch: string): PullClient {
  return {
    name: "podman",
    standIn: false,
    pull: async (containers, reference) => {
      await mkdir(scratch, { recursive: true });
      const home = await mkdtemp(join(scratch, "podman-"));
      await mkdir(join(home, ".config"));
      // A user's own registries.conf takes the place of the system's, with its drop-ins: here it is the node's.
      await symlink(containers, join(home, ".config/containers"));
      const storage = [
        ...["--root", join(home, "storage"), "--runroot", join(home, "run"), "--storage-driver", "vfs"],
      ];
      await mustRun("podman", [...storage, "pull", "--quiet", reference], {
        env: { PATH: process.env["PATH"], HOME: home },
        timeout: 60,
      });
    },
  };
}
