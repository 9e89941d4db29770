import { createPrivateKey, X509Certificate } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { certificatesScript, directoriesScript } from "../../../components/harbor/step-scripts.ts";
import { exampleMachine } from "./example-machine.ts";
import { MachineSandbox } from "./machine-sandbox.ts";

let machine: MachineSandbox;
beforeEach(async () => {
  machine = new MachineSandbox();
  await machine.run(directoriesScript(exampleMachine({}, machine.root)));
});
afterEach(() => {
  machine[Symbol.dispose]();
});

const settings = () => exampleMachine({}, machine.root);

describe("certificates", () => {
  const validity = { mode: "self-signed", validityDays: 90, renewBeforeDays: 30 } as const;
  const run = (
    hostname = "registry.example.com",
    tls: { mode: "self-signed"; validityDays: number; renewBeforeDays: number } = validity,
  ) => machine.run(certificatesScript({ ...settings(), hostname }, tls, new Date()));
  const certificate = (name: string) => new X509Certificate(machine.read(`opt/harbor/tls/${name}.crt`));

  it("makes a CA and a server certificate for the hostname, and prints nothing but what is public", async () => {
    const { code, stdout, stderr } = await run();
    expect([code, stderr]).toEqual([0, ""]);
    const [fingerprint, ...pem] = stdout.split("\n");
    expect(fingerprint).toBe(`sha256 Fingerprint=${certificate("server").fingerprint256}`);
    expect(pem.join("\n")).toBe(machine.read("opt/harbor/tls/ca.crt"));
    const [ca, server] = [certificate("ca"), certificate("server")];
    expect(ca.ca).toBe(true);
    expect(server.ca).toBe(false);
    expect(server.verify(ca.publicKey)).toBe(true);
    expect(server.subjectAltName).toBe("DNS:registry.example.com");
    expect(Date.parse(ca.validTo) - Date.parse(server.validTo)).toBeGreaterThan(0);
    expect([machine.mode("opt/harbor/tls/ca.key"), machine.mode("opt/harbor/tls/server.key")]).toEqual([
      "0600",
      "0600",
    ]);
  });

  it.each([
    ["10.0.0.5", "IP Address:10.0.0.5"],
    ["fd00::5", "IP Address:FD00:0:0:0:0:0:0:5"],
    ["10.example.com", "DNS:10.example.com"],
  ])("names %s as %s", async (hostname, name) => {
    expect((await run(hostname)).code).toBe(0);
    expect(certificate("server").subjectAltName).toBe(name);
  });

  it("keeps both while they are good, and renews the server's alone where it has to", async () => {
    const first = await run();
    expect((await run()).stdout).toBe(first.stdout);
    const ca = certificate("ca").fingerprint256;
    const due = await run("registry.example.com", { ...validity, renewBeforeDays: 91 });
    expect(due.stdout).not.toBe(first.stdout);
    expect(certificate("ca").fingerprint256).toBe(ca);
    await run("other.example.com");
    expect(certificate("server").subjectAltName).toBe("DNS:other.example.com");
    expect(certificate("ca").fingerprint256).toBe(ca);
  });

  it("makes a new CA when the old one would not outlive the next server certificate", async () => {
    await run();
    const ca = certificate("ca").fingerprint256;
    expect((await run("registry.example.com", { ...validity, validityDays: 5000 })).code).toBe(0);
    expect(certificate("ca").fingerprint256).not.toBe(ca);
    expect(certificate("server").verify(certificate("ca").publicKey)).toBe(true);
  });

  it("finishes what broke off between key and certificate", async () => {
    await run();
    machine.remove("opt/harbor/tls/server.crt");
    machine.write("opt/harbor/tls/server.key.new", "half");
    expect((await run()).code).toBe(0);
    const key = createPrivateKey(machine.read("opt/harbor/tls/server.key"));
    expect(certificate("server").checkPrivateKey(key)).toBe(true);
    expect(machine.list("opt/harbor/tls").filter((name) => name.endsWith(".new"))).toEqual([]);
  });

  it("makes a new CA where the making of one broke off between its key and its certificate", async () => {
    await run();
    machine.remove("opt/harbor/tls/ca.crt");
    expect(await run()).toMatchObject({ code: 0, stderr: "" });
    expect(certificate("server").verify(certificate("ca").publicKey)).toBe(true);
  });

  it("looks for renewal from time to time and not at every up", () => {
    const at = (day: number) => certificatesScript(settings(), validity, new Date(day * 86_400_000));
    expect(at(30)).toBe(at(44));
    expect(at(30)).not.toBe(at(45));
  });
});
