/** OpenSSH host keys, one line as in known_hosts without the host. */
import { text } from "./value.ts";

/** What lies behind the algorithm's name inside a key: how many parts, and how long the last one is. */
const shapes: Readonly<Record<string, { readonly parts: number; readonly last?: number }>> = {
  "ssh-ed25519": { parts: 2, last: 32 },
  "ecdsa-sha2-nistp256": { parts: 3, last: 65 },
  "ecdsa-sha2-nistp384": { parts: 3, last: 97 },
  "ecdsa-sha2-nistp521": { parts: 3, last: 133 },
  "ssh-rsa": { parts: 3 },
};

/** The parts of a key's blob: each has its length in four bytes in front (RFC 4253, section 6.6). */
function parts(blob: Buffer): Buffer[] | undefined {
  const found: Buffer[] = [];
  let at = 0;
  while (at < blob.length) {
    if (at + 4 > blob.length) return undefined;
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) return undefined;
    found.push(blob.subarray(at + 4, end));
    at = end;
  }
  return found;
}

function hostKeyProblem(value: string): string | undefined {
  const [algorithm = "", base64 = ""] = value.trim().split(/\s+/);
  if (value.trim().includes("\n")) return "must be one line";
  if (value.includes("PRIVATE KEY")) return "is a private key: the machine's public host key is wanted";
  const shape = Object.hasOwn(shapes, algorithm) ? shapes[algorithm] : undefined;
  if (shape === undefined) {
    if (Object.hasOwn(shapes, base64))
      return "has a host in front: leave it out, the key begins with its algorithm";
    return `must begin with its algorithm, one of ${Object.keys(shapes).join(", ")}`;
  }
  const blob = Buffer.from(base64, "base64");
  const found = base64 !== "" && blob.toString("base64") === base64 ? parts(blob) : undefined;
  if (found === undefined) return "is cut off or mistyped: the text behind the algorithm can't be read";
  if (found[0]?.toString("latin1") !== algorithm) return "names another algorithm than the key inside it has";
  if (found.length !== shape.parts || (shape.last !== undefined && found.at(-1)?.length !== shape.last)) {
    return "is cut off or mistyped: the key inside it has the wrong length";
  }
  return undefined;
}

const example =
  "ssh-ed25519 AAAA… (ssh-keyscan -t ed25519 HOST prints it behind the host; compare it on the machine)";

const withoutComment = (value: string): string => value.trim().split(/\s+/, 2).join(" ");

/** A host key that our own SSH client can check. */
export const hostKey = text(example, hostKeyProblem)
  .transform(withoutComment)
  .describe("The machine's public host key: algorithm and key, as in known_hosts without the host.");

/** A host key that @pulumi/command can check: with an RSA key it fails on every present sshd. */
export const modernHostKey = text(example, (value) =>
  value.trim().startsWith("ssh-rsa ")
    ? "is an RSA key, which the Harbor machine's SSH client can't use: give its ed25519 or ecdsa key"
    : hostKeyProblem(value),
)
  .transform(withoutComment)
  .describe("The machine's public host key, ed25519 or ecdsa: as in known_hosts without the host.");
