import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { HarborSettings } from "../../../config/settings.ts";
import { allSecret, errorsOf, settingsOf, valid, type Tree } from "./valid.ts";

function harborOf(harbor: Tree): HarborSettings {
  return settingsOf({ ...valid(), harbor }).harbor;
}

function wrong(harbor: Tree, more: Tree = {}): string[] {
  return errorsOf({ ...valid(), ...more, harbor }).map((line) => line.replace("harbor-cache:harbor", ""));
}

const digest = "a948904f2f0f479b8fffc8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a";
const url = "https://files.example.com/harbor.tgz";

describe("the installer is always verified", () => {
  const online =
    "https://github.com/goharbor/harbor/releases/download/v2.16.1/harbor-online-installer-v2.16.1.tgz";

  test("by cosign where nothing is said, since a release has a signature beside it", () => {
    expect(harborOf({ version: "2.16.1" }).installer).toEqual({ url: online, cosign: true });
    expect(harborOf({ version: "2.16.1", installer: { sha256: digest.toUpperCase() } }).installer).toEqual({
      url: online,
      sha256: digest,
      cosign: false,
    });
    expect(harborOf({ installer: { url, sha256: digest, cosign: true } }).installer).toEqual({
      url,
      sha256: digest,
      cosign: true,
    });
    expect(harborOf({ installer: { url: "file:///root/harbor.tgz", cosign: true } }).installer.cosign).toBe(
      true,
    );
  });

  test("a signed URL is taken as it is, but has no signature beside it", () => {
    const signed = `${url}?X-Amz-Signature=0123/`;
    expect(harborOf({ installer: { url: signed, sha256: digest } }).installer.url).toBe(signed);
    const secret = settingsOf(
      { ...valid(), harbor: { installer: { url: signed, sha256: digest } } },
      allSecret,
    );
    expect(secret.harbor.installer.url).toBe(signed);
    const refused = [
      ".installer.cosign: needs a URL without a query: that one is good for the package only, and not for its " +
        ".sigstore.json; for example: sha256 (sha256sum FILE prints it)",
    ];
    expect(wrong({ installer: { url: signed, cosign: true } })).toEqual(refused);
    expect(wrong({ installer: { url: signed, cosign: true, sha256: digest } })).toEqual(refused);
    expect(wrong({ installer: { url: `${signed}#part`, sha256: digest } })).toEqual([
      '.installer.url: "https://files.example.com/harbor.tgz?…" must end without a part that begins with #; ' +
        "for example: https://files.example.com/harbor-offline-installer-v2.15.2.tgz",
    ]);
  });

  test("an own package needs a choice, and no choice is none", () => {
    const unverified =
      ".installer: has nothing that verifies the package; for example: sha256 (sha256sum FILE prints it), " +
      "or cosign: true where URL.sigstore.json lies beside it";
    expect(wrong({ installer: { url } })).toEqual([unverified]);
    expect(wrong({ installer: { cosign: false } })).toEqual([unverified]);
  });
});

test.each<[Tree, string]>([
  [{ version: "v2.15.2" }, '.version: "v2.15.2" must have no v in front; for example: 2.15.2'],
  [{ version: "2.15" }, '.version: "2.15" is not a version of Harbor; for example: 2.15.2'],
  [{ version: 2.15 }, ".version: 2.15 must be text, but is a number; for example: 2.15.2"],
  [{ version: "2.14.9" }, '.version: "2.14.9" must be 2.15.0 or a later 2.x; for example: 2.15.2'],
  [{ version: "3.15.0" }, '.version: "3.15.0" must be 2.15.0 or a later 2.x; for example: 2.15.2'],
  [
    { installer: { sha256: `sha256:${digest}` } },
    `.installer.sha256: "sha256:${digest}" must be the hex digits only: leave sha256: out; for example: ${digest} (sha256sum FILE prints it)`,
  ],
  [
    { installer: { sha256: "abc" } },
    `.installer.sha256: "abc" is not 64 hex digits; for example: ${digest} (sha256sum FILE prints it)`,
  ],
  [
    { installer: { url: "/root/harbor.tgz", sha256: digest } },
    '.installer.url: "/root/harbor.tgz" is not a URL that begins with https:// or http:// or file://; for example: https://files.example.com/harbor-offline-installer-v2.15.2.tgz',
  ],
  [{ installDir: "opt" }, '.installDir: "opt" must be an absolute path; for example: /opt/harbor'],
  [{ dataDir: "/data/../etc" }, '.dataDir: "/data/../etc" must not go up by ..; for example: /data'],
  [{ dataDir: "/data/./x" }, '.dataDir: "/data/./x" must have no . as a name; for example: /data'],
  [
    { dataDir: "/data/" },
    '.dataDir: "/data/" must be /names/parted/by/slashes of letters, digits and . _ - + @, with no slash at its end; for example: /data',
  ],
  [
    { dataDir: "/my data" },
    '.dataDir: "/my data" must be /names/parted/by/slashes of letters, digits and . _ - + @, with no slash at its end; for example: /data',
  ],
  [
    { dataDir: "/var/lib/docker" },
    '.dataDir: "/var/lib/docker" belongs to the system: give Harbor a folder of its own; for example: /data',
  ],
  [
    { installDir: "/opt" },
    '.installDir: "/opt" belongs to the system: give Harbor a folder of its own; for example: /opt/harbor',
  ],
  [
    { dataVolume: { device: "/mnt/disk" } },
    '.dataVolume.device: "/mnt/disk" is not a block device under /dev; for example: /dev/disk/by-id/scsi-0QEMU_data, which names the same disk after every boot',
  ],
  [
    { listenAddress: "localhost" },
    '.listenAddress: "localhost" must be an IPv4 address of the machine; for example: 0.0.0.0 (all) or 127.0.0.1',
  ],
  [{ httpsPort: 70000 }, ".httpsPort: 70000 must be a whole number from 1 to 65535; for example: 8080"],
  [
    { requirements: { cpus: 0.5 } },
    ".requirements.cpus: 0.5 must be a whole number from 1 to 1024; for example: 2",
  ],
  [
    { uploadPurging: { age: "7d" } },
    '.uploadPurging.age: "7d" must be whole hours, 2h at the least; for example: 168h',
  ],
  [
    { uploadPurging: { interval: "0h" } },
    '.uploadPurging.interval: "0h" must be whole hours, 2h at the least; for example: 168h',
  ],
  [
    { uploadPurging: { interval: "1h" } },
    '.uploadPurging.interval: "1h" must be whole hours, 2h at the least; for example: 168h',
  ],
  [
    { proxy: { httpsProxy: "http://me:hidden@proxy.example.com:3128" } },
    '.proxy.httpsProxy: "http://…@proxy.example.com:3128" must have no user and password in it, which Harbor\'s containers would show: let the proxy know the machine by its address, or name a proxy on the machine that signs in there; for example: http://proxy.example.com:3128',
  ],
  [
    { proxy: {} },
    ".proxy: needs httpProxy or httpsProxy; for example: { httpsProxy: http://proxy.example.com:3128 }",
  ],
  [
    { proxy: { httpProxy: "http://p:3128", components: ["core", "Core"] } },
    '.proxy.components[1]: "Core" is not known; did you mean core?',
  ],
  [{ logLevel: "warn" }, '.logLevel: "warn" is not known; one of: debug, info, warning, error, fatal'],
  [{ purgeData: "yes" }, '.purgeData: "yes" must be true or false, but is text; for example: true'],
  [{ timeouts: { step: 1 } }, ".timeouts.step: 1 must be a whole number from 10 to 7200; for example: 900"],
])("%j is refused", (harbor, problem) => {
  expect(wrong(harbor)).toEqual([problem]);
});

const ofTheSystem = [
  "/etc/ssh",
  "/usr/local/harbor",
  "/boot/harbor",
  "/proc/self",
  "/sys/fs",
  "/dev/shm/harbor",
  "/run/harbor",
  "/var/run/harbor",
  "/bin/harbor",
  "/lib/harbor",
  "/lib64",
  "/sbin/harbor",
  "/var/lib/docker/volumes/harbor",
  "/var/lib/containerd/harbor",
  "/var/lib/containers/storage",
  "/var/lib/kubelet/harbor",
  "/root",
  "/root/.ssh",
  "/home/ops/.ssh/harbor",
  "/home",
  "/srv",
  "/var/lib",
  "/var/log",
  "/media",
];

test.each(ofTheSystem)("the folder %s is refused", (folder) => {
  const refused = "belongs to the system: give Harbor a folder of its own";
  expect(wrong({ dataDir: folder })).toEqual([`.dataDir: "${folder}" ${refused}; for example: /data`]);
  expect(wrong({ installDir: folder })).toEqual([
    `.installDir: "${folder}" ${refused}; for example: /opt/harbor`,
  ]);
});

test.each([
  "/data",
  "/data/etc",
  "/srv/harbor",
  "/opt/data",
  "/mnt/disk/usr",
  "/var/lib/harbor",
  "/var/lib/docker-registry",
  "/home/ops/harbor",
  "/root/harbor",
  "/library",
  "/devices",
  "/tmp/lab/harbor",
])("the folder %s is Harbor's", (dataDir) => {
  expect(wrong({ dataDir })).toEqual([]);
});

test.each([
  [
    "short1A",
    "must have 8 to 128 ASCII characters, with an upper-case letter, a lower-case letter and a digit (Harbor's rule)",
  ],
  [
    "alllowercase1",
    "must have 8 to 128 ASCII characters, with an upper-case letter, a lower-case letter and a digit (Harbor's rule)",
  ],
  ["Harbor12345", "is the password that every Harbor is delivered with"],
  [
    "Abc$12345xyz",
    "has a character that Harbor's files don't carry: use letters, digits and !%*+,./:=?@^_~-",
  ],
])("the password %s is refused unseen", (adminPassword, problem) => {
  expect(errorsOf({ ...valid(), harbor: { adminPassword } }, allSecret)).toEqual([
    `harbor-cache:harbor.adminPassword: ${problem}; for example: pulumi config set --secret --path, which asks for the value`,
  ]);
});

describe("conflicts", () => {
  test("folders inside each other", () => {
    const nested =
      ".dataDir: and harbor.installDir must not lie in each other; for example: /data and /opt/harbor";
    expect(wrong({ dataDir: "/opt/harbor/data" })).toEqual([nested]);
    expect(wrong({ installDir: "/data/harbor" })).toEqual([nested]);
    expect(wrong({ installDir: "/data" })).toEqual([nested]);
    expect(wrong({ installDir: "/data-harbor" })).toEqual([]);
  });

  test("one port for two things", () => {
    const same = (first: string): string =>
      `is the port of harbor-cache:harbor.${first} too; for example: 80, 443, 8080 and 9090`;
    expect(wrong({ httpPort: 8443, httpsPort: 8443 })).toEqual([`.httpsPort: ${same("httpPort")}`]);
    expect(wrong({ httpPort: 443 }, { tls: { mode: "none" } })).toEqual([]);
    expect(wrong({ httpPort: 8080 })).toEqual([`.loopbackPort: ${same("httpPort")}`]);
    expect(wrong({ httpPort: 8080, loopbackPort: 8081 })).toEqual([]);
    expect(wrong({ httpsPort: 8443, loopbackPort: 8443 })).toEqual([`.loopbackPort: ${same("httpsPort")}`]);
    expect(wrong({ httpPort: 8080 }, { tls: { mode: "none" } })).toEqual([]);
    expect(wrong({ metrics: { enabled: true, port: 8080 } })).toEqual([
      `.metrics.port: ${same("loopbackPort")}`,
    ]);
    expect(wrong({ metrics: { enabled: true, port: 8080 } }, { tls: { mode: "none" } })).toEqual([]);
    expect(wrong({ metrics: { enabled: true, port: 443 } })).toEqual([`.metrics.port: ${same("httpsPort")}`]);
    expect(wrong({ metrics: { enabled: false, port: 443 } })).toEqual([]);
  });
});

test("CAs are certificates, and never a key", () => {
  const pem = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), "utf8");
  expect(harborOf({ caCertificate: pem("localhost.crt") }).caCertificate).toBe(pem("localhost.crt"));
  expect(wrong({ caCertificate: pem("localhost.key") })).toEqual([
    expect.stringContaining("has a private key in it"),
  ]);
  expect(wrong({ caCertificate: "/etc/ssl/ca.crt" })).toEqual([expect.stringContaining("is not a list of")]);
});

test("a database password that Harbor's files don't carry is refused before anything is made", () => {
  const errors = errorsOf({ ...valid(), harbor: { databasePassword: "pass#word" } }, allSecret);
  expect(errors).toHaveLength(1);
  expect(errors[0]).toContain("harbor.databasePassword: has a character that Harbor's files don't carry");
  expect(errors[0]).not.toContain("pass#word");
});
