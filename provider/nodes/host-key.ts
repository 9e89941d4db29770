/** Host keys as they are pinned in the settings and shown to people. */
import { createHash } from "node:crypto";
import type { ServerHostKeyAlgorithm } from "ssh2";

export interface HostKey {
  /** `ssh-ed25519` */
  readonly type: string;
  /** The public key as the server presents it. */
  readonly blob: Buffer;
  /** The signature algorithms that make a server present this type of key. */
  readonly algorithms: ServerHostKeyAlgorithm[];
}

// A server signs by one key only, so asking for the pinned type alone is what makes it present that key.
const ALGORITHMS: Readonly<Record<string, ServerHostKeyAlgorithm[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
};

/** The signature algorithms for every type of key: those of `first`, then the others, the best in front. */
export function hostKeyAlgorithms(first: readonly string[]): ServerHostKeyAlgorithm[] {
  return [
    ...new Set([...first.flatMap((type) => ALGORITHMS[type] ?? []), ...Object.values(ALGORITHMS).flat()]),
  ];
}

/** Reads `ssh-ed25519 AAAA… [comment]`. Throws an error that says what is wrong with the line. */
export function parseHostKey(line: string): HostKey {
  const [type = "", encoded = ""] = line.trim().split(/\s+/);
  const algorithms = ALGORITHMS[type];
  if (algorithms === undefined) {
    throw new Error(
      `a host key begins with its type, one of ${Object.keys(ALGORITHMS).join(", ")}; ` +
        "`ssh-keyscan HOST` prints it, without the host in front",
    );
  }
  const blob = Buffer.from(encoded, "base64");
  // The blob repeats the type, after its length in four bytes.
  if (blob.toString("latin1", 4, 4 + type.length) !== type || blob.length < 4 + type.length + 32) {
    throw new Error(`the host key after ${type} is cut short or not base64`);
  }
  return { type, blob, algorithms };
}

/** `SHA256:…`, as OpenSSH prints it. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}
