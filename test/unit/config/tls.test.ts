import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { rootCertificates } from "node:tls";
import { afterEach, describe, expect, test, vi } from "vitest";
import { errorsOf, harborOnAws, hostKey, plain, settingsOf, valid, type Tree } from "./valid.ts";

const secretTls = new Set(["harbor-cache:tls"]);

function wrong(more: Tree): string[] {
  return errorsOf({ ...valid(), ...more }, secretTls).map((line) => line.replace("harbor-cache:", ""));
}

const pem = (name: string): string =>
  readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), "utf8");

const aws = { type: "aws", defaultVpc: true, allowedCidrs: { web: ["10.0.0.0/8"] } };
const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "a".repeat(40) };
const [root = ""] = rootCertificates;

describe("letsencrypt-route53", () => {
  const letsencrypt = {
    mode: "letsencrypt-route53",
    email: "ops@example.com",
    hostedZoneId: "Z0123456789ABCDEFGHIJ",
  };

  test("on AWS is completed with every default, and has no key", () => {
    expect(settingsOf({ ...valid(), harbor: harborOnAws, machine: aws, tls: letsencrypt }).tls).toEqual({
      ...letsencrypt,
      staging: false,
      resolvers: [],
    });
  });

  test("on a machine that exists has a key, whose secret part is one", async () => {
    const given = { ...letsencrypt, credentials };
    const settings = settingsOf({ ...valid(), tls: given }, secretTls);
    expect(await plain(settings)).toMatchObject({ tls: given });
    const { tls } = settings;
    const key = tls.mode === "letsencrypt-route53" ? tls.credentials?.secretAccessKey : undefined;
    expect(pulumi.Output.isInstance(key) && (await pulumi.isSecret(key))).toBe(true);
    expect(errorsOf({ ...valid(), tls: given })).toEqual([
      "harbor-cache:tls.credentials.secretAccessKey: is a secret in clear text; this encrypts it: " +
        "pulumi config set --secret --path 'harbor-cache:tls.credentials.secretAccessKey'",
    ]);
  });

  test("takes another CA, its certificate, and resolvers", async () => {
    const tls = {
      ...letsencrypt,
      caServer: "https://acme.example.com/directory",
      caCertificate: root,
      resolvers: ["1.1.1.1:53", "[2606:4700::1111]:53"],
    };
    expect(await plain(settingsOf({ ...valid(), harbor: harborOnAws, machine: aws, tls }))).toMatchObject({
      tls,
    });
    const staging = { ...letsencrypt, staging: true, caCertificate: root };
    expect(settingsOf({ ...valid(), harbor: harborOnAws, machine: aws, tls: staging }).tls).toMatchObject({
      staging: true,
    });
  });

  test.each<[Tree, string]>([
    [{ email: "ops" }, 'email: "ops" is not an e-mail address; for example: ops@example.com'],
    [{ hostedZoneId: undefined }, "hostedZoneId: is missing; for example: Z0123456789ABCDEFGHIJ"],
    [
      { hostedZoneId: "example.com" },
      "hostedZoneId: \"example.com\" is not a hosted zone's id of Route53's; for example: Z0123456789ABCDEFGHIJ",
    ],
    [
      { resolvers: ["1.1.1.1"] },
      'resolvers[0]: "1.1.1.1" is not a DNS server with its port; for example: 1.1.1.1:53',
    ],
    [
      { caServer: "acme.example.com" },
      'caServer: "acme.example.com" is not a URL that begins with https://; for example: https://acme.example.com/directory',
    ],
    [
      { staging: true },
      "caCertificate: is missing: nodes and Pulumi trust no certificate of the staging CA without it; for example: " +
        "the roots from https://letsencrypt.org/docs/staging-environment/, as PEM",
    ],
    [
      { staging: true, caCertificate: root, caServer: "https://acme.example.com/directory" },
      "staging: true is Let's Encrypt's own CA, and caServer another one: give one of them",
    ],
    [
      { credentials },
      "credentials: can't be given for a machine on AWS: its role does the challenge, and no key exists; leave them out",
    ],
  ])("%j is refused on AWS", (more, problem) => {
    const shown = errorsOf({
      ...valid(),
      harbor: harborOnAws,
      machine: aws,
      tls: { ...letsencrypt, ...more },
    });
    expect(shown.filter((line) => !line.includes("in clear text"))).toEqual([`harbor-cache:tls.${problem}`]);
  });

  test.each<[Tree, string]>([
    [
      {},
      "credentials: is missing: a machine that exists has no role for the challenge; for example: " +
        "{ accessKeyId: AKIAIOSFODNN7EXAMPLE, secretAccessKey: { secure: … } }",
    ],
    [
      { credentials: { ...credentials, accessKeyId: "ops" } },
      "credentials.accessKeyId: is not an access key's id of AWS's; for example: AKIAIOSFODNN7EXAMPLE",
    ],
    [
      { credentials: { ...credentials, secretAccessKey: "short" } },
      "credentials.secretAccessKey: is not an access key's secret part; for example: pulumi config set --secret --path, which asks for the value",
    ],
  ])("%j is refused on a machine that exists", (more, problem) => {
    expect(wrong({ tls: { ...letsencrypt, ...more } })).toEqual([`tls.${problem}`]);
  });

  test("needs public resolvers where a private zone hides the challenge", () => {
    const on = (zone: string, more: Tree = {}): string[] =>
      errorsOf({
        ...valid(),
        harbor: harborOnAws,
        machine: { ...aws, dns: { hostedZoneId: zone } },
        tls: { ...letsencrypt, ...more },
      });
    expect(on("Z0ABCDEFGHIJ123456789")).toEqual([
      "harbor-cache:tls.resolvers: must name public DNS servers where machine.dns.hostedZoneId is another zone: the " +
        "network's own would look for the challenge there; for example: [1.1.1.1:53, 8.8.8.8:53]",
    ]);
    expect(on("Z0ABCDEFGHIJ123456789", { resolvers: ["1.1.1.1:53"] })).toEqual([]);
    expect(on(letsencrypt.hostedZoneId)).toEqual([]);
  });

  test.each(["10.0.0.10", "localhost"])("has no certificate for %s", (hostname) => {
    expect(wrong({ tls: { ...letsencrypt, credentials }, hostname })).toEqual([
      "tls.mode: needs a public DNS name as hostname, Let's Encrypt certifies nothing else; for example: mode: self-signed",
    ]);
  });
});

describe("provided", () => {
  const certificate = pem("registry.crt");
  const privateKey = pem("registry.key");
  const provided = { mode: "provided", certificate, privateKey };
  const pkcs8 = createPrivateKey(privateKey).export({ type: "pkcs8", format: "pem" }).toString();

  afterEach(() => {
    vi.useRealTimers();
  });

  test("has the key as a secret", async () => {
    const settings = settingsOf({ ...valid(), tls: { ...provided, caCertificate: root } }, secretTls);
    expect(await plain(settings)).toMatchObject({ tls: { ...provided, caCertificate: root } });
    const { tls } = settings;
    expect(tls.mode === "provided" && (await pulumi.isSecret(tls.privateKey))).toBe(true);
    expect(errorsOf({ ...valid(), tls: provided })).toEqual([
      "harbor-cache:tls.privateKey: is a secret in clear text; this encrypts it: pulumi config set --secret --path 'harbor-cache:tls.privateKey'",
    ]);
  });

  test("takes a chain, keys of openssl's forms, and what the alternative names cover", () => {
    expect(wrong({ tls: { ...provided, certificate: `${certificate}\n${root}\n` } })).toEqual([]);
    expect(wrong({ tls: { ...provided, privateKey: pkcs8 } })).toEqual([]);
    for (const hostname of ["a.cache.example.com", "10.0.0.10"])
      expect(wrong({ tls: provided, hostname })).toEqual([]);
  });

  test.each(["a.b.cache.example.com", "cache.example.com", "common.example.com", "10.0.0.11"])(
    "is refused where it does not name %s",
    (hostname) => {
      expect(wrong({ tls: provided, hostname })).toEqual([
        `tls.certificate: does not name ${hostname} (hostname) among its subject alternative names; for example: one that does`,
      ]);
    },
  );

  test("is refused where only its common name fits, which clients don't look at", () => {
    expect(wrong({ tls: { ...provided, certificate: pem("common-name-only.crt") } })).toEqual([
      expect.stringMatching(/^tls\.certificate: does not name registry\.example\.com/),
    ]);
  });

  test.each([
    ["2120-01-02", "ended on 2120-01-01; for example: a renewed one"],
    ["2019-12-31", "is not good before 2020-01-01; for example: one that is good now"],
  ])("is refused on %s", (day, problem) => {
    vi.useFakeTimers({ toFake: ["Date"], now: new Date(day) });
    expect(wrong({ tls: provided })).toEqual([`tls.certificate: ${problem}`]);
  });

  test("is refused with a certificate of the chain that has ended", () => {
    vi.useFakeTimers({ toFake: ["Date"], now: new Date("2119-01-01") });
    expect(wrong({ tls: { ...provided, certificate: `${certificate}\n${root}` } })).toEqual([
      expect.stringMatching(/^tls\.certificate: ended on \d{4}-\d\d-\d\d \(number 2\); for example/),
    ]);
  });

  const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const form = "pulumi config set --secret --path 'harbor-cache:tls.privateKey' < server.key";
  test.each<[string, Tree, string]>([
    [
      "a key of another certificate",
      { privateKey: other.export({ type: "sec1", format: "pem" }) },
      "privateKey: does not belong to the certificate; for example: the key that its request was made with",
    ],
    [
      "a chain in the wrong order",
      { certificate: `${root}\n${certificate}` },
      "privateKey: belongs to certificate number 2; for example: the server's own certificate first, then the others",
    ],
    [
      "a key that is none",
      { privateKey: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" },
      "privateKey: can't be read; for example: what openssl pkey -in server.key prints",
    ],
    [
      "a key with a passphrase",
      { privateKey: "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n" },
      `privateKey: has a passphrase: Traefik could not read it; for example: ${form}`,
    ],
    [
      "a key of SSH's",
      { privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n" },
      `privateKey: is a key of SSH's: give the certificate's own; for example: ${form}`,
    ],
    [
      "a path as key",
      { privateKey: "/etc/ssl/server.key" },
      `privateKey: is not a private key in PEM, from its BEGIN line to its END line; for example: ${form}`,
    ],
    [
      "a key as certificate",
      { certificate: privateKey },
      "certificate: has a private key in it: give the certificate only; for example: caCertificate: |, with the PEM text indented below it",
    ],
    ["no key", { privateKey: undefined }, `privateKey: is missing; for example: ${form}`],
  ])("%s is refused unseen", (_what, more, problem) => {
    const found = wrong({ tls: { ...provided, ...more } });
    expect(found[0]).toBe(`tls.${problem}`);
    expect(found.join("\n")).not.toMatch(/AAAA|MHcC/);
  });
});

describe("any mode", () => {
  test.each<[Tree, string]>([
    [{ tls: {} }, "tls.mode: is missing; for example: self-signed"],
    [
      { tls: { mode: "letsencrypt" } },
      "tls.mode: is not known; one of: self-signed, none, letsencrypt-route53, provided",
    ],
    [
      { tls: { mode: "self-signed", validityDays: 60 } },
      "tls.renewBeforeDays: must be less than validityDays; for example: 90 of 825",
    ],
  ])("%j is refused", (more, problem) => {
    expect(wrong(more)).toEqual([problem]);
  });

  test("but letsencrypt-route53 goes with either machine as it is", () => {
    const provided = { mode: "provided", certificate: pem("registry.crt"), privateKey: pem("registry.key") };
    const existing = { address: "10.0.0.10", user: "ops", hostKey };
    for (const tls of [{ mode: "none" }, { mode: "self-signed" }, provided]) {
      for (const machine of [aws, existing]) expect(wrong({ tls, machine, harbor: harborOnAws })).toEqual([]);
    }
  });
});
