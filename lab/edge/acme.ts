/**
 * The stand-in's ACME: a CA that the lab has put on the machine gives the certificate at once. It counts orders, as a real CA
 * limits them, and what it gave lies in acme.json, so that the next Traefik there needs no other.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { z } from "zod";

import { EdgeError } from "./configuration.ts";

const stored = z.record(z.string(), z.object({ certFile: z.string(), keyFile: z.string() }));

/** Folder below the machine's own with ca.crt and ca.key, to be made by who wants certificates there. */
export const acmeFolder = (machine: string) => join(machine, "acme");
/** One line for each order. */
export const ordersFile = (machine: string) => join(acmeFolder(machine), "orders");

/** Files of the certificate for `hostname`, ordered where `storage` (acme.json) has none. */
export function acmeCertificate(storage: string, hostname: string) {
  const kept = existsSync(storage) ? stored.parse(JSON.parse(readFileSync(storage, "utf8"))) : {};
  const files = kept[hostname] ?? order(storage, hostname);
  writeFileSync(storage, JSON.stringify({ ...kept, [hostname]: files }), { mode: 0o600 });
  return files;
}

function order(storage: string, hostname: string) {
  const machine = process.env["LAB_MACHINE"] ?? "";
  const [ca, key] = ["ca.crt", "ca.key"].map((name) => join(acmeFolder(machine), name)) as [string, string];
  if (!existsSync(ca)) {
    throw new EdgeError(`Unable to obtain ACME certificate for domains: the stand-in has no CA at ${ca}`);
  }
  const files = { certFile: `${storage}.${hostname}.crt`, keyFile: `${storage}.${hostname}.key` };
  const work = mkdtempSync(join(tmpdir(), "lab-acme-"));
  try {
    const request = join(work, "request");
    const extensions = join(work, "extensions");
    writeFileSync(extensions, `subjectAltName=DNS:${hostname}\nextendedKeyUsage=serverAuth\n`);
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    openssl("req", "-new", ...curve, "-subj", `/CN=${hostname}`, "-keyout", files.keyFile, "-out", request);
    const signer = ["-CA", ca, "-CAkey", key, "-set_serial", String(Date.now()), "-extfile", extensions];
    openssl("x509", "-req", "-days", "90", "-in", request, ...signer, "-out", files.certFile);
  } finally {
    rmSync(work, { recursive: true });
  }
  appendFileSync(ordersFile(machine), `${hostname}\n`);
  return files;
}

function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  if (status !== 0) throw new EdgeError(`stand-in: openssl ${args[0] ?? ""}: ${stderr}`);
}
