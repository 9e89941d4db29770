import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { providedScript } from "../../../components/edge/step-scripts.ts";
import { directoriesScript } from "../../../components/harbor/step-scripts.ts";
import { exampleMachine, selfSigned } from "../harbor/example-machine.ts";
import { MachineSandbox } from "../harbor/machine-sandbox.ts";

const name = "registry.example.com";
let good: Pair;
let machine: MachineSandbox;

interface Pair {
  readonly certificate: string;
  readonly privateKey: string;
}

/** A pair with this alternative name, good for so many days. */
function pair(alternative: string, days = 90): Pair {
  const sandbox = new MachineSandbox();
  try {
    const [key, certificate] = [sandbox.path("key"), sandbox.path("crt")];
    execFileSync(
      "openssl",
      [
        ...[
          "req",
          "-x509",
          "-newkey",
          "ec",
          "-pkeyopt",
          "ec_paramgen_curve:P-256",
          "-nodes",
          "-subj",
          "/CN=x",
        ],
        ...[
          "-days",
          String(days),
          "-addext",
          `subjectAltName=${alternative}`,
          "-keyout",
          key,
          "-out",
          certificate,
        ],
      ],
      { stdio: "ignore" },
    );
    return { certificate: readFileSync(certificate, "utf8"), privateKey: readFileSync(key, "utf8") };
  } finally {
    sandbox[Symbol.dispose]();
  }
}

beforeAll(() => {
  good = pair(`DNS:${name}`);
});
beforeEach(async () => {
  machine = new MachineSandbox();
  await machine.run(directoriesScript({ ...exampleMachine({}, machine.root), tls: selfSigned }));
});
afterEach(() => {
  machine[Symbol.dispose]();
});

const run = (given: Pair, hostname = name) =>
  machine.run(providedScript({ ...exampleMachine({}, machine.root), hostname }, given));

it("installs the pair for root alone and prints the fingerprint", async () => {
  const { fingerprint256 } = new X509Certificate(good.certificate);
  expect(await run(good)).toEqual({
    code: 0,
    stdout: `sha256 Fingerprint=${fingerprint256}\n`,
    stderr: "",
  });
  expect(machine.list("data/edge")).toEqual(["server.crt", "server.key"]);
  expect(machine.read("data/edge/server.crt").trim()).toBe(good.certificate.trim());
  expect(machine.read("data/edge/server.key").trim()).toBe(good.privateKey.trim());
  expect([machine.mode("data/edge/server.key"), machine.list("tmp")]).toEqual(["0600", [".keep"]]);
});

it("writes nothing anew for the same pair, and everything for another one", async () => {
  await run(good);
  const inode = () => statSync(machine.path("data/edge/server.key")).ino;
  const before = inode();
  await run(good);
  expect(inode()).toBe(before);
  const other = pair(`DNS:*.example.com`);
  const { stdout } = await run(other);
  expect(stdout).toContain(new X509Certificate(other.certificate).fingerprint256);
  expect(machine.read("data/edge/server.key").trim()).toBe(other.privateKey.trim());
});

it("takes a certificate for an address", async () => {
  const address = pair("IP:10.0.0.5");
  expect(await run(address, "10.0.0.5")).toMatchObject({ code: 0 });
  expect((await run(address, "10.0.0.6")).stderr).toContain("is not for 10.0.0.6 (hostname)");
});

it("refuses what would not be trusted, keeps what is served and shows no key", async () => {
  await run(good);
  const bad: readonly [Pair, string][] = [
    [{ ...good, privateKey: pair(`DNS:${name}`).privateKey }, "is not that of the first certificate"],
    [pair("DNS:other.example.com"), `is not for ${name} (hostname)`],
    [{ ...good, privateKey: "-----BEGIN PRIVATE KEY-----\nTopSecret\n" }, "can't read the private key"],
    [{ ...good, certificate: "nonsense" }, "can't read the certificate"],
  ];
  for (const [given, words] of bad) {
    const { code, stdout, stderr } = await run(given);
    expect([code, stderr]).toEqual([1, expect.stringContaining(words)]);
    for (const line of given.privateKey.trim().split("\n").slice(1, 2))
      expect(stdout + stderr).not.toContain(line);
    expect(machine.read("data/edge/server.crt").trim()).toBe(good.certificate.trim());
    expect(machine.list("data/edge")).toEqual(["server.crt", "server.key"]);
  }
});

it("refuses a certificate that has ended", async () => {
  const openssl = execFileSync("sh", ["-c", "command -v openssl"], { encoding: "utf8" }).trim();
  // As it would answer a year later.
  machine.program(
    "openssl",
    `case "$*" in *'-checkend 0') set -- x509 -in "$3" -noout -checkend 31536000 ;; esac
exec '${openssl}' "$@"`,
  );
  expect((await run(good)).stderr).toContain("the certificate (tls.certificate) has ended: notAfter=");
});
