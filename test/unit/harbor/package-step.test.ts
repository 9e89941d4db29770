import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { packageScript } from "../../../components/harbor/step-scripts.ts";
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

describe("package", () => {
  const tarball = (files: Record<string, string>) => {
    for (const [name, text] of Object.entries(files)) machine.write(`source/harbor/${name}`, text);
    execFileSync("tar", ["-czf", machine.path("installer.tgz"), "-C", machine.path("source"), "harbor"]);
    return createHash("sha256")
      .update(readFileSync(machine.path("installer.tgz")))
      .digest("hex");
  };
  const files = {
    "harbor.yml.tmpl": "hostname: reg.mydomain.com\n",
    prepare: "docker run goharbor/prepare:v2.15.2 prepare\n",
  };
  const run = (sha256: string, changes: Partial<HarborSettings> = {}) =>
    machine.run(
      packageScript(
        settings({
          installer: { url: `file://${machine.path("installer.tgz")}`, sha256, cosign: false },
          ...changes,
        }),
      ),
    );

  beforeEach(() => {
    machine.write("opt/harbor/log/.keep", "");
  });

  it("brings, verifies and unpacks it once", async () => {
    const sha256 = tarball(files);
    expect(await run(sha256)).toMatchObject({ code: 0, stderr: "" });
    expect(machine.calls()).toEqual([
      expect.stringMatching(/^curl --config - --fail .*--output \/opt\/harbor\/package\.part$/),
    ]);
    expect(machine.list("opt/harbor/package/harbor")).toEqual(["harbor.yml.tmpl", "prepare"]);
    expect(machine.list("opt/harbor")).toEqual(["log", "package"]);
    expect(await run(sha256.toUpperCase())).toMatchObject({
      code: 0,
      stdout: "the package of Harbor 2.15.2 is there\n",
    });
    expect(machine.calls()).toEqual([]);
  });

  it("unpacks nothing that isn't what was pinned, and keeps the old package", async () => {
    await run(tarball(files));
    const old = machine.read("opt/harbor/package/.stamp");
    const { code, stderr } = await run("f".repeat(64));
    expect(code).toBe(1);
    expect(stderr).toMatch(/is not the one that was pinned:\n {2}sha256 [0-9a-f]{64}\n {2}wanted f{64}/);
    expect(machine.exists("opt/harbor/package.part")).toBe(false);
    expect(machine.exists("opt/harbor/package.new")).toBe(false);
    expect(machine.read("opt/harbor/package/.stamp")).toBe(old);
  });

  it("goes on with a download that broke off, and begins anew where that doesn't fit", async () => {
    const sha256 = tarball(files);
    const whole = readFileSync(machine.path("installer.tgz"));
    machine.write("opt/harbor/package.part", whole.subarray(0, 100));
    machine.write("opt/harbor/package.part.of", `2.15.2 ${sha256}`);
    expect((await run(sha256)).code).toBe(0);
    expect(machine.calls()).toEqual([expect.stringContaining("--continue-at -")]);

    machine.remove("opt/harbor/package");
    machine.write("opt/harbor/package.part", "of another package");
    machine.write("opt/harbor/package.part.of", "2.14.0 aaaa");
    expect((await run(sha256)).code).toBe(0);
    expect(machine.calls()).toEqual([expect.not.stringContaining("--continue-at -")]);
  });

  it("gives up within bounds, with curl's words, and gives no password or signature in the address away", async () => {
    machine.program("sleep", "");
    machine.program("curl", `cat >"$root/state/config"; echo 'curl: (28) Operation too slow' >&2; exit 28`);
    const installer = {
      url: "https://user:hunter2@mirror.corp/h.tgz?X-Amz-Signature=hunter2",
      sha256: "f".repeat(64),
      cosign: false,
    };
    const { code, stderr } = await run("", { installer });
    expect([code, stderr]).toEqual([
      1,
      "can't download https://mirror.corp/h.tgz (harbor.installer.url):\ncurl: (28) Operation too slow\n",
    ]);
    const calls = machine.calls().filter((call) => call.startsWith("curl"));
    expect(calls).toHaveLength(5);
    expect(calls.join()).not.toContain("hunter2");
    expect(machine.read("state/config")).toBe(
      'url = "https://user:hunter2@mirror.corp/h.tgz?X-Amz-Signature=hunter2"\n',
    );
  });

  it("keeps a package whose signed address was signed anew", async () => {
    const sha256 = tarball(files);
    machine.program(
      "curl",
      `while [ "$1" != --output ]; do shift; done; cp "$root/installer.tgz" "$2"; cat >"$root/state/config"`,
    );
    const signed = (signature: string) => ({
      installer: { url: `https://mirror.corp/h.tgz?sig=${signature}`, sha256, cosign: false },
    });
    expect(await run("", signed("hunter2"))).toMatchObject({ code: 0, stderr: "" });
    expect(machine.read("opt/harbor/package/.stamp")).toBe(`2.15.2 ${sha256}`);
    machine.calls();
    expect((await run("", signed("hunter3"))).stdout).toBe("the package of Harbor 2.15.2 is there\n");
    expect(machine.calls()).toEqual([]);
  });

  it("asks once for what isn't there", async () => {
    expect((await run("f".repeat(64))).stderr).toContain("curl: (37) couldn't open file");
    expect(machine.calls()).toHaveLength(1);
  });

  it("refuses an archive that isn't Harbor's installer, or is another version's", async () => {
    expect((await run(tarball({ README: "x" }))).stderr).toContain("is not Harbor's installer");
    machine.remove("source");
    const { stderr } = await run(
      tarball({ ...files, prepare: "docker run goharbor/prepare:v2.14.1 prepare" }),
    );
    expect(stderr).toContain("is Harbor 2.14.1, and harbor.version is 2.15.2");
    expect(machine.exists("opt/harbor/package")).toBe(false);
  });

  it("loads the images of the offline installer, and repeats what failed", async () => {
    const sha256 = tarball({ ...files, "harbor.v2.15.2.tar.gz": "images" });
    machine.write("state/fail-load", "no space left on device\n");
    const { code, stderr } = await run(sha256);
    expect([code, stderr]).toEqual([1, expect.stringContaining("no space left on device")]);
    machine.remove("state/fail-load");
    machine.calls();
    expect((await run(sha256)).code).toBe(0);
    expect(machine.calls()).toEqual(["docker load -i /opt/harbor/package.new/harbor/harbor.v2.15.2.tar.gz"]);
    expect(machine.exists("opt/harbor/package/harbor/harbor.v2.15.2.tar.gz")).toBe(false);
  });

  it("asks cosign where wanted, before unpacking", async () => {
    tarball(files);
    machine.write("installer.tgz.sigstore.json", "{}");
    machine.program(
      "cosign",
      `[ ! -e "$root/opt/harbor/package.new" ] || exit 9; echo 'no matching signatures' >&2; exit 5`,
    );
    const installer = { url: `file://${machine.path("installer.tgz")}`, cosign: true };
    const { code, stderr } = await machine.run(packageScript(settings({ installer })));
    expect(code).toBe(1);
    expect(stderr).toContain(
      `cosign does not accept the package from file://${machine.path("installer.tgz")} as a release of Harbor:\n` +
        "no matching signatures\nIt was thrown away.",
    );
    expect(machine.list("opt/harbor")).toEqual(["log", "package.part.of"]);
    expect(machine.calls().at(-1)).toContain(
      "cosign verify-blob --bundle /opt/harbor/package.part.sigstore.json",
    );
    machine.program("cosign", "exit 0");
    expect((await machine.run(packageScript(settings({ installer })))).code).toBe(0);
  });
});
