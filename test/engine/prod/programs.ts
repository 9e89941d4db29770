/** Programs of the machine that would change this computer, and the disk that they see. */
import { chmod, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { PROJECT_ROOT } from "../../../tools/engine.ts";

/**
 * What the disk is lies in $MACHINE_STATE: `type` is its file system, `mounted` where it is, `gib` its size, `volume`
 * what is on it while it is mounted nowhere. It is there when the cloud says that the volume is attached.
 */
const PROGRAMS: Readonly<Record<string, string>> = {
  "cloud-init": 'echo "status: done"',
  lsblk: `for device in "$@"; do :; done
grep -q "volumeId.*vol-\${device##*_vol}" "$MACHINE_STATE/../cloud/cloud.json" || exit 32
mkdir -p "\${device%/*}"
[ -e "$device" ] || head -c 2097152 /dev/zero >"$device"
case "$*" in *SIZE*) echo " $(($(cat "$MACHINE_STATE/gib") * 1073741824))" ;; esac`,
  blkid: `[ -e "$MACHINE_STATE/type" ] || exit 2
case "$*" in *UUID*) echo 1234-5678 ;; *) echo "TYPE=$(cat "$MACHINE_STATE/type")" ;; esac`,
  "mkfs.ext4": 'printf ext4 >"$MACHINE_STATE/type"; echo made >>"$MACHINE_STATE/file-systems"',
  mount: `[ ! -d "$MACHINE_STATE/volume" ] || { rmdir "$1" && mv "$MACHINE_STATE/volume" "$1"; }
printf %s "$1" >"$MACHINE_STATE/mounted"`,
  findmnt: '[ -e "$MACHINE_STATE/mounted" ] && ls -d /dev/disk/by-id/*',
  resize2fs: 'echo grown >>"$MACHINE_STATE/grown"',
  systemctl: ":",
  usermod: ":",
};

export async function placePrograms(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, body] of Object.entries(PROGRAMS)) {
    const file = join(folder, name);
    await writeFile(file, `#!/bin/sh\n# Stand-in on the machine of the test.\n${body}\n`);
    await chmod(file, 0o755);
  }
  const lab = join(PROJECT_ROOT, "lab/machine/bin");
  for (const name of await readdir(lab))
    if (!(name in PROGRAMS)) await symlink(join(lab, name), join(folder, name));
}
