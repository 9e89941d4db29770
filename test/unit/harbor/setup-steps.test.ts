import { execFileSync } from "node:child_process";
import { chmodSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { directoriesScript, prerequisitesScript } from "../../../components/harbor/step-scripts.ts";
import type { HarborSettings } from "../../../config/settings.ts";
import { exampleMachine, selfSigned } from "./example-machine.ts";
import { MachineSandbox, type Ended } from "./machine-sandbox.ts";

let machine: MachineSandbox;
beforeEach(() => {
  machine = new MachineSandbox();
});
afterEach(() => {
  machine[Symbol.dispose]();
});

const settings = (changes: Partial<HarborSettings> = {}) => exampleMachine(changes, machine.root);

describe("prerequisites", () => {
  const run = (changes: Partial<HarborSettings> = {}) =>
    machine.run(prerequisitesScript(settings(changes), "ops"));

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

  it("refuses Docker as a snap, which could not reach Harbor's folders", async () => {
    machine.write("usr/bin/snap", machine.read("bin/docker"));
    chmodSync(machine.path("usr/bin/snap"), 0o755);
    machine.without("docker");
    symlinkSync(machine.path("usr/bin/snap"), machine.path("bin/docker"));
    expect((await run()).stderr).toContain(
      "  - Docker is a snap, which reaches no folder outside /home: replace",
    );
  });

  describe("with an edge", () => {
    const runAs = (user: string, changes: Partial<HarborSettings> = {}) =>
      machine.run(prerequisitesScript({ ...settings(changes), tls: selfSigned }, user));

    beforeEach(() => {
      // Root by sudo, for a user in these groups.
      machine.program("id", `case "$1" in -un) echo root;; *) cat "$root/state/groups";; esac`);
      machine.program("usermod", "");
      machine.write("state/groups", "ops adm\n");
    });

    it("wants the user that signs in to reach Docker without sudo", async () => {
      expect((await runAs("ops")).stderr).toContain(
        "- the user ops is not in the group docker: run usermod -aG docker ops, or set harbor.installDocker: true",
      );
      machine.write("state/groups", "ops docker adm\n");
      expect(await runAs("ops")).toMatchObject({ code: 0, stderr: "" });
      machine.write("state/groups", "ops dockers adm\n");
      expect((await runAs("ops")).code).toBe(1);
      expect(await runAs("root")).toMatchObject({ code: 0, stderr: "" });
      expect(machine.calls().filter((call) => call.startsWith("usermod"))).toEqual([]);
    });

    it("adds the user where it may install Docker", async () => {
      for (const program of ["apt-get", "apt-cache"]) machine.program(program, "exit 1");
      expect(await runAs("ops", { installDocker: true })).toMatchObject({ code: 0, stderr: "" });
      expect(machine.calls()).toContain("usermod -aG docker ops");
    });

    it("asks nothing of the user where there is no edge", async () => {
      expect(await run()).toMatchObject({ code: 0 });
    });

    it("needs openssl for certificates of its own and given ones only", async () => {
      machine.without("openssl");
      machine.write("state/groups", "docker\n");
      expect((await runAs("ops")).stderr).toContain("the program openssl is missing");
      expect(await run()).toMatchObject({ code: 0 });
    });
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

  /** apt as Debian 13 has it: docker.io without a client, which is a package of its own, and compose 2.26. */
  function debian13(): void {
    machine.program(
      "apt-cache",
      `case $2 in docker-cli) echo 'Version: 26.1.5+dfsg1-9+b9';; docker-compose) echo 'Version: 2.26.1-4';; esac`,
    );
    machine.program("systemctl", "");
    machine.program(
      "apt-get",
      `case "$*" in *install*docker-cli*) printf '#!/bin/sh\\ncase "$1" in version) echo 26.1.5;; *) echo 2.26.1;; esac\\n' >"$root/bin/docker"; chmod +x "$root/bin/docker";; esac`,
    );
  }
  const installed = (): string[] =>
    machine.calls().flatMap((call) => /^apt-get .* install (.*)$/.exec(call)?.[1] ?? []);

  it("installs Docker's client too where the distribution keeps it apart", async () => {
    debian13();
    machine.without("docker");
    expect(await run({ installDocker: true })).toMatchObject({ code: 0, stderr: "" });
    expect(installed()).toEqual(["docker.io docker-cli docker-compose"]);
  });

  it("installs compose alone where Docker is there", async () => {
    debian13();
    machine.write("state/compose-version", "");
    expect((await run({ installDocker: true })).stderr).toContain("docker compose is missing");
    expect(installed()).toEqual(["docker-compose"]);
  });

  describe("by dnf", () => {
    /** As Amazon Linux 2023: Docker, and no package of compose. */
    function dnf(id: string): Promise<Ended> {
      machine.without("docker");
      machine.write("etc/os-release", `NAME="A distribution"\nID=${id}\n`);
      machine.program("systemctl", "");
      machine.program(
        "dnf",
        `compose=
case "$*" in *docker-compose-plugin*) compose=2.40.3;; esac
case "$*" in
  *"repoquery "*" docker") echo 25.0.8;;
  *" install "*) printf '#!/bin/sh\\ncase "$1" in version) echo 25.0.8;; *) echo %s;; esac\\n' "$compose" >"$root/bin/docker"; chmod +x "$root/bin/docker";;
esac`,
      );
      const script = prerequisitesScript(settings({ installDocker: true }), "ops");
      return machine.run(script.replace("'/etc/os-release'", `'${machine.path("etc/os-release")}'`));
    }
    const transactions = (): string[] => machine.calls().filter((call) => call.includes(" install "));

    it("takes compose from Docker itself on Amazon Linux, which has none", async () => {
      expect(await dnf('"amzn"')).toMatchObject({ code: 0, stderr: "" });
      expect(transactions()).toEqual([
        "dnf -q -y --repofrompath=docker-ce,https://download.docker.com/linux/centos/9/x86_64/stable " +
          "--setopt=docker-ce.gpgcheck=1 --setopt=docker-ce.gpgkey=https://download.docker.com/linux/centos/gpg " +
          "install docker docker-compose-plugin",
      ]);
    });

    it("adds no repository to another distribution, and says what is missing", async () => {
      expect((await dnf("fedora")).stderr).toContain("docker compose is missing, 2.24 or newer is needed");
      expect(transactions()).toEqual(["dnf -q -y install docker"]);
    });
  });
});

describe("directories", () => {
  const run = (changes: Partial<HarborSettings> = {}, action: "up" | "down" = "up") =>
    machine.run(directoriesScript(settings(changes)), action);

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

  it("refuses a second Harbor on the same data, until the first was moved or is gone", async () => {
    await run();
    const moved = { installDir: machine.path("srv/harbor") };
    const { code, stderr } = await run(moved);
    expect(code).toBe(1);
    expect(stderr.replaceAll(machine.root, "")).toBe(
      "the data in /data belongs to Harbor in /opt/harbor, and harbor.installDir is now /srv/harbor. Nothing was changed.\n" +
        "Set it back; or move Harbor first, as root on the machine, and run pulumi up again:\n" +
        "  cd /opt/harbor && docker compose down && mkdir -p /srv && mv /opt/harbor /srv/harbor\n",
    );
    expect(machine.exists("srv")).toBe(false);
    expect(await run()).toMatchObject({ code: 0 });

    execFileSync("sh", ["-c", stderr.split("\n")[2] ?? ""], { env: { PATH: machine.path("bin") } });
    expect(machine.calls()).toEqual(["docker compose down"]);
    expect(await run(moved)).toMatchObject({ code: 0, stderr: "" });
    expect(machine.exists("opt/harbor")).toBe(false);
    expect(machine.read("data/.harbor-cache/install-dir")).toBe(moved.installDir);

    expect(await run(moved, "down")).toMatchObject({ code: 0 });
    expect(await run()).toMatchObject({ code: 0, stderr: "" });
  });

  it("takes no notice of a folder that was Harbor's and now serves other data", async () => {
    await run();
    machine.write("opt/harbor/.harbor-cache", "/another");
    expect(await run({ installDir: machine.path("srv/harbor") })).toMatchObject({ code: 0, stderr: "" });
  });

  it("goes on where a full disk broke off the claim", async () => {
    // What write_file leaves behind then.
    machine.write("opt/harbor/.harbor-cache.new", "");
    expect(await run()).toMatchObject({ code: 0, stderr: "" });
    expect(machine.list("opt/harbor")).toEqual([".harbor-cache", "log"]);
  });

  it("needs no space for what is claimed already", async () => {
    await run();
    machine.program("mv", "echo 'No space left on device' >&2; exit 1");
    expect(await run()).toMatchObject({ code: 0, stderr: "" });
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

  it("removes Harbor's files at destroy and keeps its data and certificates", async () => {
    const withEdge = () => directoriesScript({ ...settings(), tls: selfSigned });
    await machine.run(withEdge());
    expect(machine.mode("data/edge")).toBe("0700");
    machine.write("opt/harbor/docker-compose.yml", "services: {}");
    machine.write("data/registry/blob", "x");
    machine.write("data/edge/acme.json", "x");
    expect(await machine.run(withEdge(), "down")).toMatchObject({ code: 0, stderr: "" });
    expect(machine.calls()).toEqual([]);
    expect(machine.exists("opt/harbor")).toBe(false);
    expect(machine.list("data")).toEqual([".harbor-cache", "edge", "registry"]);
    expect(machine.list("data/edge")).toEqual(["acme.json"]);
    expect(await machine.run(withEdge(), "down")).toMatchObject({ code: 0 });
  });

  it("makes no folder for certificates where there is no edge", async () => {
    await run();
    expect(machine.list("data")).toEqual([".harbor-cache"]);
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
});
