/** What every resource that goes over SSH is told of a machine, and its offline checks. */
import ssh2 from "ssh2";
import { z } from "zod";
import { parseHostKey } from "./host-key.ts";

/** A rule of zod's from a function that says what is wrong. */
export function refine<T>(problem: (value: T) => string | undefined) {
  return (value: T, context: z.RefinementCtx): void => {
    const message = problem(value);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  };
}

/** The way to one machine, reached directly. */
export const sshInputs = {
  address: z.string().regex(/^[A-Za-z0-9._:%-]+$/, "must be a host name or an IP address"),
  port: z.number().int().min(1).max(65535).default(22),
  user: z.string().min(1),
  privateKey: z.string().superRefine(refine(privateKeyProblem)).optional(),
  hostKey: z.string().superRefine(refine(hostKeyProblem)),
};

function hostKeyProblem(value: string): string | undefined {
  try {
    parseHostKey(value);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : "is no host key";
  }
}

// The parser's messages tell of the format and never quote the key.
function privateKeyProblem(value: string): string | undefined {
  const key = ssh2.utils.parseKey(value);
  if (key instanceof Error) return `is no private key that can be used: ${key.message}`;
  return key.isPrivateKey() ? undefined : "is a public key";
}
