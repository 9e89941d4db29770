/** X.509 certificates as PEM text, and what makes one unfit to be served. */
import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { isIPv4 } from "node:net";
import { text } from "./value.ts";

const pemBlock = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** One or more certificates as PEM text. */
export const certificates = text("caCertificate: |, with the PEM text indented below it", (value) => {
  if (value.includes("PRIVATE KEY")) return "has a private key in it: give the certificate only";
  const blocks = value.match(pemBlock) ?? [];
  if (blocks.length === 0 || value.replace(pemBlock, "").trim() !== "") {
    return "is not a list of certificates in PEM form";
  }
  const bad = blocks.findIndex((block) => certificateIn(block) === undefined);
  return bad === -1 ? undefined : `has a certificate that can't be read (number ${bad + 1})`;
});

function certificateIn(block: string): X509Certificate | undefined {
  try {
    return new X509Certificate(block);
  } catch {
    return undefined;
  }
}

function chainOf(pem: string): X509Certificate[] {
  return (pem.match(pemBlock) ?? []).flatMap((block) => certificateIn(block) ?? []);
}

function keyIn(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** Why clients would refuse this chain, the server's own certificate first, whoever it is for. */
export function chainProblem(pem: string): string | undefined {
  const now = Date.now();
  const number = (i: number): string => (i === 0 ? "" : ` (number ${i + 1})`);
  for (const [i, { validFromDate, validToDate }] of chainOf(pem).entries()) {
    if (validToDate.getTime() < now)
      return `ended on ${dayOf(validToDate)}${number(i)}; for example: a renewed one`;
    if (validFromDate.getTime() > now)
      return `is not good before ${dayOf(validFromDate)}${number(i)}; for example: one that is good now`;
  }
  return undefined;
}

/** Why this key is not the one of the chain's first certificate. */
export function keyProblem(pem: string, keyPem: string): string | undefined {
  const key = keyIn(keyPem);
  if (key === undefined) return "can't be read; for example: what openssl pkey -in server.key prints";
  const at = chainOf(pem).findIndex((certificate) => certificate.checkPrivateKey(key));
  if (at === 0) return undefined;
  return at === -1
    ? "does not belong to the certificate; for example: the key that its request was made with"
    : `belongs to certificate number ${at + 1}; for example: the server's own certificate first, then the others`;
}

/** Does the chain's first certificate name this host? Its common name doesn't count: clients look at the SAN only. */
export function namesHost(pem: string, hostname: string): boolean {
  const [own] = chainOf(pem);
  if (own === undefined) return false;
  const named = isIPv4(hostname) ? own.checkIP(hostname) : own.checkHost(hostname, { subject: "never" });
  return named !== undefined;
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
