import { createPrivateKey, X509Certificate } from "node:crypto";
import { utimesSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { selfSignedScript, type SelfSigned } from "../../../components/edge/step-scripts.ts";
import { directoriesScript } from "../../../components/harbor/step-scripts.ts";
import { exampleMachine, selfSigned } from "../harbor/example-machine.ts";
import { MachineSandbox } from "../harbor/machine-sandbox.ts";

let machine: MachineSandbox;
beforeEach(async () => {
  machine = new MachineSandbox();
  await machine.run(directoriesScript({ ...settings(), tls: selfSigned }));
});
afterEach(() => {
  machine[Symbol.dispose]();
});

const settings = () => exampleMachine({}, machine.root);
const ca = "data/.harbor-cache/tls";
const run = (hostname = "registry.example.com", tls: SelfSigned = selfSigned) =>
  machine.run(selfSignedScript({ ...settings(), hostname }, tls, new Date()));
const read = (path: string) => new X509Certificate(machine.read(path));
const authority = () => read(`${ca}/ca.crt`);
const server = () => read("data/edge/server.crt");
/** All certificates that were printed, by fingerprint. */
const printed = (stdout: string) =>
  (stdout.match(/-----BEGIN[^]*?END CERTIFICATE-----/g) ?? []).map(
    (pem) => new X509Certificate(pem).fingerprint256,
  );

it("makes a CA and a server certificate for the hostname, and prints nothing but what is public", async () => {
  const { code, stdout, stderr } = await run();
  expect([code, stderr]).toEqual([0, ""]);
  const [fingerprint, ...pem] = stdout.split("\n");
  expect(fingerprint).toBe(`sha256 Fingerprint=${server().fingerprint256}`);
  expect(pem.join("\n")).toBe(machine.read(`${ca}/ca.crt`));
  expect(authority().ca).toBe(true);
  expect(server().ca).toBe(false);
  expect(server().verify(authority().publicKey)).toBe(true);
  expect(server().subjectAltName).toBe("DNS:registry.example.com");
  expect(Date.parse(authority().validTo) - Date.parse(server().validTo)).toBeGreaterThan(0);
});

it("keeps keys for root alone, and the CA's out of the folder that a container sees", async () => {
  await run();
  expect(machine.list("data/edge")).toEqual(["server.crt", "server.key"]);
  const modes = [ca, `${ca}/ca.key`, "data/edge", "data/edge/server.key", "data/edge/server.crt"];
  expect(modes.map((path) => machine.mode(path))).toEqual(["0700", "0600", "0700", "0600", "0600"]);
  expect(machine.read("data/edge/server.key")).not.toBe(machine.read(`${ca}/ca.key`));
});

it.each([
  ["10.0.0.5", "IP Address:10.0.0.5"],
  ["fd00::5", "IP Address:FD00:0:0:0:0:0:0:5"],
  ["10.example.com", "DNS:10.example.com"],
])("names %s as %s", async (hostname, name) => {
  expect((await run(hostname)).code).toBe(0);
  expect(server().subjectAltName).toBe(name);
});

it("keeps both while they are good, and renews the server's alone where it has to", async () => {
  const first = await run();
  expect((await run()).stdout).toBe(first.stdout);
  const before = authority().fingerprint256;
  const due = await run("registry.example.com", { ...selfSigned, renewBeforeDays: 91 });
  expect(due.stdout).not.toBe(first.stdout);
  await run("other.example.com");
  expect(server().subjectAltName).toBe("DNS:other.example.com");
  expect(authority().fingerprint256).toBe(before);
});

it("gives clients a CA's successor a day or more before that signs anything", async () => {
  await run();
  const [old, signed] = [authority().fingerprint256, server().fingerprint256];
  // What the CA could not outlive.
  const long = { ...selfSigned, validityDays: 5000 };
  const announced = await run("registry.example.com", long);
  const [first, next = "", ...more] = printed(announced.stdout);
  expect([first, more]).toEqual([old, []]);
  expect(next).not.toBe(old);
  expect(server().fingerprint256).toBe(signed);
  expect((await run("registry.example.com", long)).stdout).toBe(announced.stdout);

  const yesterday = Date.now() / 1000 - 90_000;
  utimesSync(machine.path(`${ca}/next-ca.crt`), yesterday, yesterday);
  const changed = await run("registry.example.com", long);
  expect(printed(changed.stdout)).toEqual([next]);
  expect(authority().fingerprint256).toBe(next);
  expect(server().verify(authority().publicKey)).toBe(true);
  expect(authority().checkPrivateKey(createPrivateKey(machine.read(`${ca}/ca.key`)))).toBe(true);
  expect(machine.exists(`${ca}/next-ca.key`)).toBe(false);
});

it("still renews the server's certificate while the successor waits", async () => {
  await run();
  const old = authority();
  await run("other.example.com", { ...selfSigned, validityDays: 5000 });
  expect(server().subjectAltName).toBe("DNS:other.example.com");
  expect(server().verify(old.publicKey)).toBe(true);
});

it("changes the CA at once where the old one is at its end", async () => {
  await run();
  const old = authority().fingerprint256;
  const { stdout } = await run("registry.example.com", { ...selfSigned, renewBeforeDays: 5000 });
  expect(printed(stdout)).toEqual([authority().fingerprint256]);
  expect(authority().fingerprint256).not.toBe(old);
});

it("finishes what broke off between key and certificate", async () => {
  await run();
  machine.remove("data/edge/server.crt");
  machine.write("data/edge/server.key.new", "half");
  expect((await run()).code).toBe(0);
  const key = createPrivateKey(machine.read("data/edge/server.key"));
  expect(server().checkPrivateKey(key)).toBe(true);
  expect(machine.list("data/edge")).toEqual(["server.crt", "server.key"]);
});

it("makes a new CA where the making of one broke off between its key and its certificate", async () => {
  await run();
  machine.remove(`${ca}/ca.crt`);
  expect(await run()).toMatchObject({ code: 0, stderr: "" });
  expect(server().verify(authority().publicKey)).toBe(true);
});

it("looks for renewal from time to time and not at every up", () => {
  const at = (day: number) => selfSignedScript(settings(), selfSigned, new Date(day * 86_400_000));
  expect(at(30)).toBe(at(44));
  expect(at(30)).not.toBe(at(45));
});
