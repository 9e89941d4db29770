/** skopeo pulling as a node would, by the node's own files; a small client of ours where it is missing. */
import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";

import { mustRun } from "../../tools/run.ts";
import { findProgram } from "../../tools/test-programs.ts";
import { loadRegistries } from "../machine/crio/registries-conf.ts";
import { pullImage } from "./pull.ts";

export interface PullClient {
  readonly name: string;
  /** Whether it is a stand-in for the real ones. */
  readonly standIn: boolean;
  /** Pulls everything of `reference` for linux/amd64, by the files in `containers` (a node's /etc/containers). */
  pull(containers: string, reference: string): Promise<void>;
}

/** `scratch` is a folder that the client may use. */
export async function pullClient(scratch: string): Promise<PullClient> {
  const skopeo = await findProgram("skopeo");
  if (skopeo !== undefined) return skopeoClient(skopeo, scratch);
  return {
    name: "a small pull client of ours (skopeo is not installed)",
    standIn: true,
    pull: async (containers, reference) => {
      await pullImage({ registries: loadRegistries(containers), containers }, reference);
    },
  };
}

async function skopeoClient(program: string, scratch: string): Promise<PullClient> {
  const version = (await mustRun(program, ["--version"])).trim();
  return {
    name: version,
    standIn: false,
    pull: async (containers, reference) => {
      // A user's own registries.conf takes the place of the system's, with its drop-ins: here it is the node's.
      const home = join(scratch, "home");
      const target = join(scratch, "image");
      await rm(scratch, { recursive: true, force: true });
      await mkdir(join(home, ".config"), { recursive: true });
      await symlink(containers, join(home, ".config/containers"));
      const platform = ["--override-os=linux", "--override-arch=amd64"];
      await mustRun(
        program,
        ["--insecure-policy", ...platform, "copy", "--quiet", `docker://${reference}`, `dir:${target}`],
        { env: { PATH: process.env["PATH"], HOME: home, TMPDIR: scratch }, timeout: 120 },
      );
    },
  };
}
