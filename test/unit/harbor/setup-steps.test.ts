import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { directoriesScript, prerequisitesScript } from "../../../components/harbor/step-scripts.ts";
import type { HarborSettings } from "../../../config/settings.ts";
import { exampleMachine } from "./example-machine.ts";
import { MachineSandbox } from "./machine-sandbox.ts";

let machine: MachineSandbox;
beforeEach(() => {
  machine = new MachineSandbox();
});
afterEach(() => {
  machine[Symbol.dispose]();
});

const settings = (changes: Partial<HarborSettings> = {}) => exampleMachine(changes, machine.root);

describe("prerequisites", () => {
  const run = (changes: Partial<HarborSettings> = {}) => machine.run(prerequisitesScript(settings(changes)));

  it("passes on a fit machine, changes nothing there and leaves nothing behind", async () => {
    expect(await run()).toEqual({ code: 0, stdout: "the machine has what Harbor needs\n", stderr: "" });
    expect(machine.calls()).toEqual([
      "docker version --format {{.Server.Version}}",
      "docker compose version --short",
    ]);
    expect(machine.list("tmp")).toEqual([".keep"]);
  });

  it("reports everything that is missing at once", async () => {
    machine.write("state/docker-version", "19.03.15");
    machine.write("state/compose-version", "v2.23.3");
    machine.program("uname", "echo aarch64");
    machine.program("getconf", "echo 1");
    machine.without("curl");
    const requirements = { cpus: 2, memoryGiB: 100_000, diskGiB: 1_000_000 };
    const { code, stderr } = await run({ requirements, installer: { url: "https://x", cosign: true } });
    expect(code).toBe(1);
    const lines = stderr.trimEnd().split("\n");
    expect(lines[0]).toBe("this machine can't become Harbor yet:");
    expect(lines.slice(1)).toEqual([
      "  - the processor is aarch64: Harbor's images need x86_64",
      "  - 1 CPUs, 2 are needed (harbor.requirements.cpus)",
      expect.stringMatching(
        /^ {2}- [\d.]+ GiB memory, 100000 GiB are needed \(harbor\.requirements\.memoryGiB\)$/,
      ),
      expect.stringMatching(
        /^ {2}- [\d.]+ GiB disk free at .*, 1000000 GiB are needed \(harbor\.requirements\.diskGiB\)$/,
      ),
      "  - the program curl is missing: install it",
      "  - the program cosign is missing: install it",
      "  - Docker is 19.03.15, 20.10 or newer is needed",
      "  - docker compose is v2.23.3, 2.24 or newer is needed",
    ]);
  });

  it("counts the whole disk where Harbor runs already, as its cache may have filled it", async () => {
    machine.program("df", `printf 'Filesystem 1024-blocks Used Available\\n/dev/x 52428800 52428799 1\\n'`);
    const requirements = { cpus: 1, memoryGiB: 0.001, diskGiB: 40 };
    expect((await run({ requirements })).stderr).toContain("0.0 GiB disk free at");
    machine.write("data/.harbor-cache/x", "");
    expect((await run({ requirements })).code).toBe(0);
  });

  it("tells a missing Docker from one whose daemon is down", async () => {
    machine.write(
      "state/fail-version",
      "Cannot connect to the Docker daemon at unix:///var/run/docker.sock.\n",
    );
    expect((await run()).stderr).toContain(
      "Docker's daemon doesn't answer: Cannot connect to the Docker daemon at unix:///var/run/docker.sock.",
    );
    machine.without("docker");
    expect((await run()).stderr).toContain(
      "Docker is missing, 20.10 or newer is needed: install it, or set harbor.installDocker",
    );
  });

  it("installs what is missing by apt where asked", async () => {
    machine.without("docker");
    machine.program(
      "apt-cache",
      `case $2 in docker-compose) echo 'Version: 1.29.2-3';; docker-compose-v2) echo 'Version: 2.40.3+ds1-0ubuntu1';; esac`,
    );
    machine.program("systemctl", "");
    machine.program(
      "apt-get",
      `[ "$DEBIAN_FRONTEND" = noninteractive ] || exit 1
case "$*" in *install*) printf '#!/bin/sh\\ncase "$1" in version) echo 28.1.1;; *) echo 2.40.3;; esac\\n' >"$root/bin/docker"; chmod +x "$root/bin/docker";; esac`,
    );
    expect(await run({ installDocker: true })).toMatchObject({ code: 0, stderr: "" });
    expect(machine.calls().filter((call) => !call.startsWith("apt-cache"))).toEqual([
      "apt-get -q -o DPkg::Lock::Timeout=120 update",
      "apt-get -q -y -o DPkg::Lock::Timeout=120 --no-install-recommends install docker.io docker-compose-v2",
      "systemctl enable --now docker",
    ]);
    expect(await run({ installDocker: true })).toMatchObject({ code: 0 });
    expect(machine.calls()).toEqual([]);
  });
});

describe("directories", () => {
  const run = (changes: Partial<HarborSettings> = {}, action: "up" | "down" = "up") =>
    machine.run(directoriesScript(settings(changes), machine.path("fstab")), action);

  it("claims both folders, once", async () => {
    expect(await run()).toMatchObject({ code: 0, stderr: "" });
    expect(machine.read("opt/harbor/.harbor-cache")).toBe(machine.path("data"));
    expect([machine.mode("opt/harbor"), machine.mode("data"), machine.mode("data/.harbor-cache")]).toEqual([
      "0755",
      "0755",
      "0700",
    ]);
    machine.write("opt/harbor/harbor.yml", "x");
    expect(await run()).toMatchObject({ code: 0, stderr: "" });
    expect(machine.read("opt/harbor/harbor.yml")).toBe("x");
  });

  it("never takes a folder of somebody else", async () => {
    machine.write("opt/harbor/harbor.yml", "hand-made");
    expect((await run()).stderr).toContain("/opt/harbor is not empty and was not made by harbor-cache");
    machine.remove("opt");
    machine.write("data/photos/1.jpg", "x");
    expect((await run()).stderr).toContain("/data holds something else than Harbor's data");
    expect(await run({ purgeData: true }, "down")).toMatchObject({ code: 0 });
    expect(machine.exists("data/photos/1.jpg")).toBe(true);
  });

  it("refuses to run Harbor on other data than before", async () => {
    await run();
    const { code, stderr } = await run({ dataDir: machine.path("other") });
    expect(code).toBe(1);
    expect(stderr).toContain(
      `keeps its data in ${machine.path("data")}, and harbor.dataDir is now ${machine.path("other")}`,
    );
    expect(machine.exists("other")).toBe(false);
  });

  it("stops Harbor at destroy, removes its files and keeps its data", async () => {
    await run();
    machine.write("opt/harbor/docker-compose.yml", "services: {}");
    machine.write("data/registry/blob", "x");
    expect(await run({}, "down")).toMatchObject({ code: 0, stderr: "" });
    expect(machine.calls()).toEqual(["docker compose down --remove-orphans --timeout 60"]);
    expect(machine.exists("opt/harbor")).toBe(false);
    expect(machine.list("data")).toEqual([".harbor-cache", "registry"]);
    expect(await run({}, "down")).toMatchObject({ code: 0 });
  });

  it("purges the data where asked, and nothing else", async () => {
    await run();
    machine.write("data/registry/blob", "x");
    machine.write("data/.hidden", "x");
    machine.write("beside", "x");
    expect(await run({ purgeData: true }, "down")).toMatchObject({
      code: 0,
      stdout: "Harbor is gone, with its data\n",
    });
    expect(machine.list("data")).toEqual([]);
    expect(machine.exists("beside")).toBe(true);
    expect(machine.calls()).toEqual([]);
  });

  it("finds the containers by the project's name where the compose files are broken", async () => {
    await run();
    machine.write("opt/harbor/docker-compose.yml", "broken");
    machine.program(
      "docker",
      `case "$*" in *--project-name*) exit 0;; *) echo 'env file not found' >&2; exit 14;; esac`,
    );
    expect(await run({}, "down")).toMatchObject({ code: 0 });
    expect(machine.calls()).toEqual([
      "docker compose down --remove-orphans --timeout 60",
      "docker compose --project-name harbor down --remove-orphans --timeout 60",
    ]);
  });

  it("keeps everything where Harbor can't be stopped, and says why", async () => {
    await run();
    machine.write("opt/harbor/docker-compose.yml", "services: {}");
    machine.write("state/fail-down", "Cannot connect to the Docker daemon\n");
    const { code, stderr } = await run({ purgeData: true }, "down");
    expect(code).toBe(1);
    expect(stderr).toContain("Cannot connect to the Docker daemon");
    expect(machine.exists("opt/harbor/docker-compose.yml")).toBe(true);
  });

  describe("with a data volume", () => {
    const volume = () => ({ dataVolume: { device: machine.path("device"), fsType: "ext4" as const } });

    beforeEach(() => {
      machine.write("device", new Uint8Array(2 ** 21));
      machine.write("fstab", "UUID=root / ext4 defaults 0 1\n");
      machine.program("lsblk", `[ -e "$root/device" ]`);
      machine.program(
        "blkid",
        `if [ -e "$root/state/type" ]; then case "$*" in *UUID*) echo 1234-5678;; *) echo "TYPE=$(cat "$root/state/type")";; esac; else exit 2; fi`,
      );
      machine.program("mkfs.ext4", `printf ext4 >"$root/state/type"`);
      machine.program("mount", `: >"$root/state/mounted"`);
      machine.program("findmnt", `[ -e "$root/state/mounted" ] && echo "$root/device"`);
    });

    it("makes a file system on a blank device, mounts it by UUID, and does it once", async () => {
      expect(await run(volume())).toMatchObject({ code: 0, stderr: "" });
      expect(machine.read("fstab").replaceAll(machine.root, "")).toBe(
        "UUID=root / ext4 defaults 0 1\nUUID=1234-5678 /data ext4 defaults,nofail,x-systemd.before=docker.service 0 2\n",
      );
      expect(machine.calls().filter((call) => call.startsWith("m"))).toEqual([
        "mkfs.ext4 -q /device",
        "mount /data",
      ]);
      await run(volume());
      expect(machine.calls().filter((call) => call.startsWith("m"))).toEqual([]);
    });

    it("keeps the data of a volume that comes back, and adds no second line after a failed mount", async () => {
      machine.write("state/type", "ext4");
      machine.program("mount", "exit 32");
      expect((await run(volume())).code).toBe(32);
      machine.program("mount", `: >"$root/state/mounted"`);
      expect((await run(volume())).code).toBe(0);
      expect(machine.read("fstab").match(/1234-5678/g)).toHaveLength(1);
      expect(machine.calls().filter((call) => call.startsWith("mkfs"))).toEqual([]);
    });

    it("touches no device that holds anything", async () => {
      machine.write("state/type", "xfs");
      expect((await run(volume())).stderr).toContain("holds xfs and not ext4: it is left alone");
      machine.remove("state/type");
      machine.write("device", "some raw database");
      expect((await run(volume())).stderr).toContain("isn't blank either: it is left alone");
      expect(machine.calls().filter((call) => call.startsWith("m"))).toEqual([]);
    });

    it("hides no files under the mount, and mounts over nobody else's", async () => {
      machine.write("data/registry/blob", "x");
      expect((await run(volume())).stderr).toContain("holds files that the mounted");
      machine.program("findmnt", "echo /dev/other");
      expect((await run(volume())).stderr).toContain("/dev/other is mounted at");
    });
  });
});
