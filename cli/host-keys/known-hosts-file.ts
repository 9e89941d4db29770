/** known_hosts files: what they say of a host, and how lines are added to one. */
import { chmod, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { KnownHosts } from "../../config/inventory/known-hosts.ts";
import type { KnownLine } from "../../config/inventory/known-hosts.ts";
import { fingerprint } from "../../provider/nodes/host-key.ts";
import { Problem } from "../problem.ts";
import type { Host } from "./host.ts";

export class KnownHostsFile {
  readonly #known: KnownHosts;
  readonly #added = new Map<string, KnownLine[]>();

  /** `label` is how people call it. */
  constructor(text: string, label: string) {
    this.#known = new KnownHosts(text, label);
  }

  /**
   * Empty where it isn't there.
   * @throws Problem where it can't be read
   */
  static async read(path: string, label: string): Promise<KnownHostsFile> {
    return new KnownHostsFile(await textOf(path), label);
  }

  linesOf(host: Host): readonly KnownLine[] {
    return [...this.#known.linesOf(nameOf(host)), ...(this.#added.get(nameOf(host)) ?? [])];
  }

  /** Notes that it gets this one too, and returns the lines for it. */
  add(host: Host, key: string): string {
    const line = { at: "another host of this address", key, revoked: false };
    this.#added.set(nameOf(host), [...(this.#added.get(nameOf(host)) ?? []), line]);
    return `# ${host.name}\n${nameOf(host)} ${key}\n`;
  }
}

/** As ssh looks for it. */
function nameOf({ address, port }: Host): string {
  const host = address.toLowerCase();
  return port === 22 ? host : `[${host}]:${port}`;
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isError(error, "ENOENT")) return "";
    throw isError(error) ? new Problem(`can't read the known host keys: ${error.message}`) : error;
  }
}

/**
 * Puts lines behind those that are there, the whole file at once.
 * @throws Problem where it can't be written
 */
export async function addToKnownHosts(file: string, lines: string): Promise<void> {
  const text = await textOf(file);
  const gap = text === "" || text.endsWith("\n") ? "" : "\n";
  try {
    // The file itself, where it is a link.
    const target = await realpath(file).catch(() => file);
    const written = `${target}.harbor-cache-new`;
    try {
      await writeFile(written, text + gap + lines);
      // Not by the call before: what the umask takes away is given here.
      await chmod(written, 0o644);
      await rename(written, target);
    } catch (error) {
      await rm(written, { force: true });
      throw error;
    }
  } catch (error) {
    throw isError(error) ? new Problem(`can't write the host keys: ${error.message}`) : error;
  }
}

function isError(error: unknown, code?: string): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && (code === undefined || error.code === code);
}

export function typeOf(key: string): string {
  return key.split(" ", 1)[0] ?? "";
}

/** `SHA256:…`, as OpenSSH prints it. */
export function fingerprintOf(key: string): string {
  return fingerprint(Buffer.from(key.split(" ")[1] ?? "", "base64"));
}

/** `ssh-ed25519 SHA256:…` */
export function describeKey(key: string): string {
  return `${typeOf(key)} ${fingerprintOf(key)}`;
}
