/** Host keys from a file in OpenSSH's form, known_hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
import { hash } from "node:crypto";

interface Line {
  readonly at: string;
  /** Algorithm and key. */
  readonly key: string;
  readonly matches: (host: string) => boolean;
}

export interface KnownLine {
  /** `known_hosts:12` */
  readonly at: string;
  /** `ssh-ed25519 AAAA…` */
  readonly key: string;
  readonly revoked: boolean;
}

/** What is known of a host: its key, or why there is none. */
export type KnownKey =
  { readonly key: string; readonly problem?: never } | { readonly key?: never; readonly problem: string };

/** The best first. */
const algorithms = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
];

export class KnownHosts {
  /** Hosts by their name in clear, as most files have them. */
  readonly #plain = new Map<string, Line[]>();
  /** Patterns and hashed names have to be tried one by one; hashed ones name one host each. */
  readonly #patterns: Line[] = [];
  readonly #hashed: Line[] = [];
  readonly #revoked: Line[] = [];
  readonly #authorities: Line[] = [];
  /** What was answered before: many nodes have one jump host. */
  readonly #keys = new Map<string, KnownKey | undefined>();
  readonly #lines = new Map<string, readonly KnownLine[]>();

  /** `file` is how problems call it. What can't be read is passed over, as OpenSSH does. */
  constructor(text: string, file: string) {
    text.split(/\r?\n/).forEach((raw, i) => {
      const words = raw.trim().split(/\s+/);
      const marker = words[0]?.startsWith("@") === true ? words.shift() : undefined;
      const [hosts = "", algorithm = "", base64 = ""] = words;
      if (hosts.startsWith("#") || !algorithms.includes(algorithm) || base64 === "") return;
      const line: Line = { at: `${file}:${i + 1}`, key: `${algorithm} ${base64}`, matches: matcher(hosts) };
      if (marker === "@revoked") this.#revoked.push(line);
      else if (marker === "@cert-authority") this.#authorities.push(line);
      else if (marker !== undefined) return;
      else if (hosts.startsWith("|")) this.#hashed.push(line);
      else if (/[*?!]/.test(hosts)) this.#patterns.push(line);
      else for (const host of hosts.split(",")) append(this.#plain, host.toLowerCase(), line);
    });
  }

  /** By its address, then by another name of it; undefined where nothing is known. */
  keyOf(address: string, port: number, name: string): KnownKey | undefined {
    for (const host of new Set([address, name].map((one) => one.toLowerCase()))) {
      // As ssh looks for them: with another port than 22 by [HOST]:PORT, then by the host alone.
      for (const wanted of port === 22 ? [host] : [`[${host}]:${port}`, host]) {
        const found = this.#keys.has(wanted) ? this.#keys.get(wanted) : this.#keyOf(wanted);
        this.#keys.set(wanted, found);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  /** Every key of a host under exactly this name: `10.0.0.11`, `[10.0.0.11]:2222`. */
  linesOf(host: string): readonly KnownLine[] {
    const wanted = host.toLowerCase();
    const lines = this.#lines.get(wanted) ?? this.#linesOf(wanted);
    this.#lines.set(wanted, lines);
    return lines;
  }

  #linesOf(wanted: string): readonly KnownLine[] {
    const here = ({ matches }: Line): boolean => matches(wanted);
    const good = [
      ...(this.#plain.get(wanted) ?? []),
      ...this.#patterns.filter(here),
      ...this.#hashed.filter(here),
    ];
    return [
      ...good.map(({ at, key }) => ({ at, key, revoked: false })),
      ...this.#revoked.filter(here).map(({ at, key }) => ({ at, key, revoked: true })),
    ];
  }

  #keyOf(host: string): KnownKey | undefined {
    const clear = [
      ...(this.#plain.get(host) ?? []),
      ...this.#patterns.filter(({ matches }) => matches(host)),
    ];
    const lines = clear.length > 0 ? clear : this.#hashedOf(host);
    const revoked = this.#revoked.filter(({ matches }) => matches(host));
    const good = lines.filter(({ key }) => !revoked.some((other) => other.key === key));
    const algorithm = algorithms.find((one) => good.some(({ key }) => key.startsWith(`${one} `)));
    if (algorithm === undefined) {
      if (lines[0] !== undefined) {
        return { problem: `its key, at ${lines[0].at}, is revoked at ${revoked[0]?.at ?? ""}` };
      }
      const authority = this.#authorities.find(({ matches }) => matches(host));
      return (
        authority && {
          problem: `${authority.at} knows its CA only, and host certificates can't be checked here: its own key is wanted`,
        }
      );
    }
    const best = good.filter(({ key }) => key.startsWith(`${algorithm} `));
    const other = best.find(({ key }) => key !== best[0]?.key);
    if (other !== undefined) {
      return {
        problem: `it has two keys of one kind, at ${best[0]?.at ?? ""} and ${other.at}: take the old one out`,
      };
    }
    return { key: best[0]?.key ?? "" };
  }

  /** Those of the best kind only: all others needn't be tried then. */
  #hashedOf(host: string): Line[] {
    for (const algorithm of algorithms) {
      const found = this.#hashed.filter(
        ({ key, matches }) => key.startsWith(`${algorithm} `) && matches(host),
      );
      if (found.length > 0) return found;
    }
    return [];
  }
}

function append(map: Map<string, Line[]>, key: string, line: Line): void {
  const lines = map.get(key);
  if (lines === undefined) map.set(key, [line]);
  else lines.push(line);
}

/** Names in clear, with * and ? and !, or one hashed name. */
function matcher(hosts: string): (host: string) => boolean {
  const [, salt = "", digest = ""] = /^\|1\|([A-Za-z0-9+/=]+)\|([A-Za-z0-9+/=]+)$/.exec(hosts) ?? [];
  if (salt !== "") return hashedName(Buffer.from(salt, "base64"), digest);
  const patterns = hosts
    .toLowerCase()
    .split(",")
    .map((pattern) => ({ not: pattern.startsWith("!"), form: glob(pattern.replace(/^!/, "")) }));
  return (host) =>
    patterns.some(({ not, form }) => !not && form.test(host)) &&
    !patterns.some(({ not, form }) => not && form.test(host));
}

/** HMAC-SHA1 (RFC 2104) by plain hashes: createHmac takes ten times as long, and each host tries each line. */
function hashedName(salt: Buffer, digest: string): (host: string) => boolean {
  const sha1 = (bytes: string, form: "binary" | "base64"): string =>
    hash("sha1", Buffer.from(bytes, "latin1"), form);
  // OpenSSH's salts are as long as the digest, 20 bytes.
  const block = Buffer.alloc(64);
  salt.copy(block);
  const padded = (pad: number): string => Buffer.from(block.map((byte) => byte ^ pad)).toString("latin1");
  const [inner, outer] = [padded(0x36), padded(0x5c)];
  return (host) => sha1(outer + sha1(inner + host, "binary"), "base64") === digest;
}

function glob(pattern: string): RegExp {
  const form = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replace(/\?/g, ".");
  return new RegExp(`^${form}$`);
}
