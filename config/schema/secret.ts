/** Settings that are secrets: Pulumi encrypts them in the stack's file, the program keeps them as secret Outputs. */
import * as pulumi from "@pulumi/pulumi";
import { text } from "./value.ts";

/** A value that the state, logs and previews show only as `[secret]`. */
export type Secret = pulumi.Output<string>;

const secretFields: ReadonlySet<PropertyKey> = new Set([
  "adminPassword",
  "authHeader",
  "databasePassword",
  "kubeconfig",
  "password",
  "privateKey",
  "secret",
  "secretAccessKey",
]);

/** Does a setting of this name hold a secret, wherever it stands? */
export function isSecretField(name: PropertyKey | undefined): boolean {
  return name !== undefined && secretFields.has(name);
}

function secret(example: string, check: (value: string) => string | undefined) {
  return text(example, check)
    .transform((value): Secret => pulumi.secret(value))
    .meta({ writeOnly: true });
}

const passwordExample = "pulumi config set --secret --path, which asks for the value";

/** Any password: one line, not empty. */
export const password = secret(passwordExample, (value) => {
  if (value === "") return "is empty";
  return /\p{Cc}/u.test(value) ? "must be one line without control characters" : undefined;
}).describe("A password, encrypted.");

/** The value of an HTTP header. */
export const header = secret(passwordExample, (value) =>
  /^[\x20-\x7e]{1,1024}$/.test(value) ? undefined : "must be one line of 1 to 1024 printable characters",
);

/** What passes unchanged through harbor.yml, Harbor's environment files and its SQL: compose reads `$`, quotes and # there. */
export const passwordCharacters = /^[A-Za-z0-9!%*+,./:=?@^_~-]+$/;
const notCarried = "has a character that Harbor's files don't carry: use letters, digits and !%*+,./:=?@^_~-";

/** Harbor's own rule for passwords of its users. */
export const harborPassword = secret(passwordExample, (value) => {
  if (/^[\x20-\x7e]{8,}$/.test(value) && !passwordCharacters.test(value)) return notCarried;
  if (value === "Harbor12345") return "is the password that every Harbor is delivered with";
  return value.length <= 128 && /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[\x20-\x7e]{8,}$/.test(value)
    ? undefined
    : "must have 8 to 128 ASCII characters, with an upper-case letter, a lower-case letter and a digit (Harbor's rule)";
}).describe("A password by Harbor's rule, encrypted.");

/** The password of Harbor's database. */
export const databasePassword = secret(passwordExample, (value) => {
  if (value === "") return "is empty";
  return passwordCharacters.test(value) ? undefined : notCarried;
}).describe("A password, encrypted.");

const pem =
  /^-----BEGIN ((?:OPENSSH |RSA |EC )?PRIVATE KEY)-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END \1-----\s*$/;

/** An OpenSSH key's cipher lies behind its magic as a text with a length of four bytes in front. */
function isEncrypted(body: string): boolean {
  const blob = Buffer.from(body, "base64");
  const magic = Buffer.from("openssh-key-v1\0");
  if (!blob.subarray(0, magic.length).equals(magic)) return false;
  return blob.subarray(magic.length + 4, magic.length + 8).toString() !== "none";
}

/** A private key as ssh-keygen writes it, without a passphrase. */
export const privateKey = secret(
  "pulumi config set --secret --path 'harbor-cache:machine.privateKey' < ~/.ssh/id_ed25519",
  (value) => {
    if (value.includes("ENCRYPTED")) return "has a passphrase: use the SSH agent, or a key without one";
    const [, kind, body] = pem.exec(value) ?? [];
    if (body === undefined) {
      return "is not a private key: the whole file is wanted, from its BEGIN line to its END line, line breaks included";
    }
    if (kind === "PRIVATE KEY") {
      return "is in PKCS#8's form, which not every SSH client of ours can read: ssh-keygen -p -N '' -f KEY rewrites the file in OpenSSH's";
    }
    return isEncrypted(body) ? "has a passphrase: use the SSH agent, or a key without one" : undefined;
  },
).describe(
  "OpenSSH private key without a passphrase, encrypted. Default: the agent at SSH_AUTH_SOCK is asked.",
);

/** The secret part of an access key of AWS's. */
export const awsSecretKey = secret(passwordExample, (value) =>
  /^[A-Za-z0-9/+=]{16,128}$/.test(value) ? undefined : "is not an access key's secret part",
).describe("Its secret part, encrypted.");

/**
 * A server's private key as text, as the certificate's issuer or openssl writes it: who reads it makes it a secret, once it
 * was compared with its certificate.
 */
export const serverKey = text(
  "pulumi config set --secret --path 'harbor-cache:tls.privateKey' < server.key",
  (value) => {
    if (value.includes("ENCRYPTED")) return "has a passphrase: Traefik could not read it";
    const [, kind] = pem.exec(value) ?? [];
    if (kind === undefined) return "is not a private key in PEM, from its BEGIN line to its END line";
    return kind.startsWith("OPENSSH") ? "is a key of SSH's: give the certificate's own" : undefined;
  },
)
  .meta({ writeOnly: true })
  .describe("The certificate's private key in PEM without a passphrase, encrypted.");
