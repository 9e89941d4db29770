import { gunzipSync } from "node:zlib";

import * as z from "zod";

import { read, type Rule } from "./rule.ts";

/** EC2's limit, before base64. */
const MOST_BYTES = 16 * 1024;

/** What a secret looks like, in words for the message: the secret itself is never repeated. */
const FORMS: readonly { readonly is: string; readonly form: RegExp }[] = [
  { is: "a private key", form: /-----BEGIN [A-Z ]*PRIVATE KEY-----/ },
  { is: "an access key of AWS", form: /\b(AKIA|ASIA)[A-Z0-9]{16}\b/ },
  { is: "a secret key of AWS", form: /aws_?(secret|session)/i },
];
const PASSWORDS = /(?:password|passwd|passphrase)["']?[ \t]*[=:][ \t]*["']?([^\s"']+)/gi;
/** A variable or a flag in a password's place. */
const NO_PASSWORD = /^(\$(\w+$|[({])|\{|(true|false|yes|no)$)/i;

function secretsIn(text: string): string[] {
  const found = FORMS.filter(({ form }) => form.test(text)).map(({ is }) => is);
  const passwords = [...text.matchAll(PASSWORDS)].filter(([, value = ""]) => !NO_PASSWORD.test(value));
  return passwords.length > 0 ? [...found, "a password"] : found;
}

const instance = z.object({ userData: z.string().optional(), userDataBase64: z.string().optional() });
const parameter = z.object({
  type: z.string(),
  value: z.string().optional(),
  insecureValue: z.string().optional(),
});

/** User data as the machine sees it: EC2 takes it gzipped too. */
function userDataOf(props: unknown): { readonly bytes: number; readonly text: string } {
  const { userData, userDataBase64 } = read(instance, props);
  const raw =
    userDataBase64 === undefined ? Buffer.from(userData ?? "") : Buffer.from(userDataBase64, "base64");
  const text = raw.subarray(0, 2).toString("hex") === "1f8b" ? gunzipSync(raw) : raw;
  return { bytes: raw.length, text: text.toString("utf8") };
}

export const noSecretsInUserData: Rule = {
  name: "no-secrets-in-user-data",
  description:
    "User data holds no secret, since every process on the machine reads it, and fits into EC2's 16 KiB.",
  *check({ type, props }) {
    if (type !== "aws:ec2/instance:Instance") return;
    const { bytes, text } = userDataOf(props);
    if (bytes > MOST_BYTES) yield `user data has ${bytes} bytes, and EC2 takes ${MOST_BYTES}`;
    for (const secret of secretsIn(text))
      yield `user data seems to hold ${secret}: bring it over SSH, once the machine runs`;
  },
};

export const noPlainSecrets: Rule = {
  name: "no-plain-secrets",
  description: "There is no access key for an AWS user, and no SSM parameter with a secret in clear.",
  *check({ type, props }) {
    if (type === "aws:iam/accessKey:AccessKey")
      yield "an access key never ends and lies in the state: use a role";
    if (type !== "aws:ssm/parameter:Parameter") return;
    const { type: kind, value = "", insecureValue = "" } = read(parameter, props);
    const shown = kind === "SecureString" ? insecureValue : `${value}\n${insecureValue}`;
    for (const secret of secretsIn(shown))
      yield `the parameter seems to hold ${secret}: make its type SecureString`;
  },
};
