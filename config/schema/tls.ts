/** How Harbor is reached: plain, with an own CA, or with a certificate of Let's Encrypt. */
import * as z from "zod";
import { zoneId } from "./aws.ts";
import { flag, integer, list, mapping, text, variant } from "./value.ts";

const resolver = text("1.1.1.1:53", (value) =>
  /^(\[[0-9a-f:]+\]|[a-z0-9.-]+):\d{1,5}$/i.test(value) ? undefined : "is not a DNS server with its port",
);

const none = mapping("{ mode: none }", {
  mode: z.literal("none").describe("Plain HTTP: loopback or a trusted network only."),
});

const selfSigned = mapping("{ mode: self-signed }", {
  mode: z.literal("self-signed").describe("An own CA, made on the machine and given to the nodes."),
  validityDays: integer(2, 3650, "825")
    .default(825)
    .describe("Days a server certificate is good for, default 825."),
  renewBeforeDays: integer(1, 3649, "90")
    .default(90)
    .describe("An `up` within these last days renews it, default 90."),
});

const letsencrypt = mapping("{ mode: letsencrypt-route53, email: ops@example.com }", {
  mode: z.literal("letsencrypt-route53").describe("Let's Encrypt by DNS-01 through Route53."),
  email: text("ops@example.com", (value) =>
    /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value) ? undefined : "is not an e-mail address",
  ).describe("Let's Encrypt writes here when a certificate is about to end."),
  staging: flag()
    .default(false)
    .describe("Ask the staging CA, whose certificates nobody trusts. Default false."),
  hostedZoneId: zoneId
    .exactOptional()
    .describe("Public zone of the challenge. Default: looked up by hostname."),
  resolvers: list("[1.1.1.1:53]", resolver)
    .default([])
    .describe("DNS servers that check the challenge. Default: the machine's own."),
});

export const tls = variant("mode", ["self-signed", "none", "letsencrypt-route53"], "{ mode: self-signed }", [
  none,
  selfSigned,
  letsencrypt,
]);
