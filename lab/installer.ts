/** The lab's installer package: in the form of Harbor's online installer, of which the steps run nothing. */
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

import { tar } from "./upstream/tar.ts";

export interface Installer {
  /** `file:` */
  readonly url: string;
  /** Hex. */
  readonly sha256: string;
}

export async function makeInstaller(folder: string, version: string): Promise<Installer> {
  const content = gzipSync(
    tar([
      { name: "harbor/harbor.yml.tmpl", content: "# a stand-in for Harbor's installer\n" },
      { name: "harbor/prepare", content: `docker run goharbor/prepare:v${version} prepare\n` },
    ]),
  );
  const path = join(folder, `harbor-online-installer-v${version}.tgz`);
  await mkdir(folder, { recursive: true });
  await writeFile(path, content);
  return { url: pathToFileURL(path).href, sha256: createHash("sha256").update(content).digest("hex") };
}
