/** How Harbor is reached: plain, with an own CA, with a certificate of Let's Encrypt, or with one of yours. */
import * as pulumi from "@pulumi/pulumi";
import * as z from "zod";
import { zoneId } from "./aws.ts";
import { certificates, chainProblem, keyProblem } from "./certificate.ts";
import { url } from "./network.ts";
import { awsSecretKey, serverKey } from "./secret.ts";
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

const letsencrypt = mapping(
  "{ mode: letsencrypt-route53, email: ops@example.com, hostedZoneId: Z0123456789ABCDEFGHIJ }",
  {
    mode: z.literal("letsencrypt-route53").describe("Let's Encrypt by DNS-01 through Route53."),
    email: text("ops@example.com", (value) =>
      /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value) ? undefined : "is not an e-mail address",
    ).describe("The CA's account; it may write here when a certificate is about to end."),
    hostedZoneId: zoneId.describe(
      "Public zone that holds the challenge's record, also where hostname's is private.",
    ),
    staging: flag()
      .default(false)
      .describe("Ask Let's Encrypt's staging CA, whose certificates nobody trusts. Default false."),
    caServer: url(["https"], "https://acme.example.com/directory")
      .exactOptional()
      .describe("Directory of another ACME CA. Default: Let's Encrypt's."),
    caCertificate: certificates
      .exactOptional()
      .describe("PEM that clients have to trust; wanted with staging. Default: the CA is publicly trusted."),
    resolvers: list("[1.1.1.1:53]", resolver)
      .default([])
      .describe("DNS servers that check the challenge. Default: the machine's own."),
    credentials: mapping("{ accessKeyId: AKIAIOSFODNN7EXAMPLE, secretAccessKey: … }", {
      accessKeyId: text("AKIAIOSFODNN7EXAMPLE", (value) =>
        /^(AKIA|ASIA)[A-Z0-9]{12,}$/.test(value) ? undefined : "is not an access key's id of AWS's",
      ).describe("Access key of a user that may do nothing but the challenge."),
      secretAccessKey: awsSecretKey,
    })
      .exactOptional()
      .describe("For a machine that exists. On AWS the machine's role is used, and no key exists."),
  },
).superRefine(({ staging, caServer, caCertificate }, context) => {
  const problem = (key: string, message: string): void => {
    context.addIssue({ code: "custom", path: [key], message });
  };
  if (staging && caServer !== undefined)
    problem("staging", "is Let's Encrypt's own CA, and caServer another one: give one of them");
  if (staging && caCertificate === undefined) {
    problem(
      "caCertificate",
      "is missing: nodes and Pulumi trust no certificate of the staging CA without it; for example: the roots from " +
        "https://letsencrypt.org/docs/staging-environment/, as PEM",
    );
  }
});

const provided = mapping("{ mode: provided, certificate: …, privateKey: … }", {
  mode: z.literal("provided").describe("A certificate of yours."),
  certificate: certificates.describe("PEM: the server's certificate, then the intermediate ones."),
  privateKey: serverKey,
  caCertificate: certificates
    .exactOptional()
    .describe("PEM that clients have to trust. Default: the CA is publicly trusted."),
})
  .superRefine(({ certificate, privateKey }, context) => {
    const problems = {
      certificate: chainProblem(certificate),
      privateKey: keyProblem(certificate, privateKey),
    };
    for (const [key, message] of Object.entries(problems)) {
      if (message !== undefined) context.addIssue({ code: "custom", path: [key], message });
    }
  })
  // Only here: nothing can be compared with a secret.
  .transform((settings) => ({ ...settings, privateKey: pulumi.secret(settings.privateKey) }));

export const tls = variant(
  "mode",
  ["self-signed", "none", "letsencrypt-route53", "provided"],
  "{ mode: self-signed }",
  [none, selfSigned, letsencrypt, provided],
);
