/** The CA that signed Harbor's certificate, where runtimes look for it. */
import type { HarborEndpoint } from "./node-mirrors.ts";

/** `certs.d/HOST[:PORT]/ca.crt` */
export function caPath(harbor: HarborEndpoint, certsDir: string): string {
  return `${certsDir}/${harbor.registry}/ca.crt`;
}

/** The certificate under lines of comment; text before a certificate is ignored by its readers. */
export function caFile(caCertificate: string, head: readonly string[]): string {
  return [...head, `${caCertificate.trim()}\n`].join("\n");
}
