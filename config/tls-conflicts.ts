/** What the way that Harbor is reached asks of the name and of the machine. */
import { isIPv4 } from "node:net";
import type { Reader } from "./problems.ts";
import { namesHost } from "./schema/certificate.ts";
import type { Machine, Tls } from "./settings.ts";

type LetsEncrypt = Extract<Tls, { mode: "letsencrypt-route53" }>;

export function checkTls(
  reader: Reader,
  tls: Tls,
  hostname: string | undefined,
  machine: Machine | undefined,
): void {
  if (tls.mode === "letsencrypt-route53") {
    if (hostname !== undefined && !isPublicName(hostname)) {
      reader.problem(
        ["tls", "mode"],
        "needs a public DNS name as hostname, Let's Encrypt certifies nothing else; for example: mode: self-signed",
      );
    }
    if (machine !== undefined) {
      checkCredentials(reader, tls, machine);
      checkResolvers(reader, tls, machine);
    }
  }
  if (tls.mode === "self-signed" && tls.renewBeforeDays >= tls.validityDays) {
    reader.problem(["tls", "renewBeforeDays"], "must be less than validityDays; for example: 90 of 825");
  }
  if (tls.mode === "provided" && hostname !== undefined && !namesHost(tls.certificate, hostname)) {
    reader.problem(
      ["tls", "certificate"],
      `does not name ${hostname} (hostname) among its subject alternative names; for example: one that does`,
    );
  }
}

function isPublicName(hostname: string): boolean {
  return !isIPv4(hostname) && hostname.includes(".");
}

/** Only a machine that Pulumi makes has a role, and where there is a role there must be no key. */
function checkCredentials(reader: Reader, { credentials }: LetsEncrypt, machine: Machine): void {
  if (machine.type === "aws" && credentials !== undefined) {
    reader.problem(
      ["tls", "credentials"],
      "can't be given for a machine on AWS: its role does the challenge, and no key exists; leave them out",
    );
  }
  if (machine.type === "existing" && credentials === undefined) {
    reader.problem(
      ["tls", "credentials"],
      "is missing: a machine that exists has no role for the challenge; for example: " +
        "{ accessKeyId: AKIAIOSFODNN7EXAMPLE, secretAccessKey: { secure: … } }",
    );
  }
}

/** A record in another zone means a private one, which hides the challenge from the network's own resolver. */
function checkResolvers(reader: Reader, { hostedZoneId, resolvers }: LetsEncrypt, machine: Machine): void {
  if (machine.type !== "aws" || machine.dns === undefined || resolvers.length > 0) return;
  if (machine.dns.hostedZoneId === hostedZoneId) return;
  reader.problem(
    ["tls", "resolvers"],
    "must name public DNS servers where machine.dns.hostedZoneId is another zone: the network's own would look for " +
      "the challenge there; for example: [1.1.1.1:53, 8.8.8.8:53]",
  );
}
