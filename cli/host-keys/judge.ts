/** What a shown host key is, by what is known of its host. */
import { describeKey, typeOf } from "./known-hosts-file.ts";
import type { KnownHostsFile } from "./known-hosts-file.ts";
import type { Host } from "./host.ts";

export interface Answer {
  readonly host: Host;
  /** `ssh-ed25519 AAAA…`; absent where none was shown. */
  readonly key?: string;
  /**
   * new: nobody knows this host's key; known: it is the one that is known; changed: another one is known, or it is revoked;
   * unreached: none was shown.
   */
  readonly standing: "new" | "known" | "changed" | "unreached";
  /** Why it is changed or unreached. */
  readonly problem?: string;
}

export function judge(host: Host, key: string, files: readonly KnownHostsFile[]): Answer {
  const changed = (problem: string): Answer => ({ host, key, standing: "changed", problem });
  const lines = files.flatMap((file) => file.linesOf(host));
  const revoked = lines.find((line) => line.revoked && line.key === key);
  if (revoked !== undefined) return changed(`${revoked.at} revokes it`);
  const pinned = host.hostKey;
  if (pinned !== undefined && pinned !== key) return changed(`the configuration has ${describeKey(pinned)}`);
  const good = lines.filter((line) => !line.revoked);
  if (good.some((line) => line.key === key)) return { host, key, standing: "known" };
  // A key of another type is no other key of this one, where the settings know this one.
  const other = good.find((line) => pinned === undefined || typeOf(line.key) === typeOf(key));
  if (other !== undefined) return changed(`${other.at} has ${describeKey(other.key)}`);
  return { host, key, standing: pinned === undefined ? "new" : "known" };
}

/** The types of key that are known of a host, which it is asked for first. */
export function knownTypes(host: Host, files: readonly KnownHostsFile[]): string[] {
  const lines = files.flatMap((file) => file.linesOf(host)).filter(({ revoked }) => !revoked);
  return [...(host.hostKey === undefined ? [] : [host.hostKey]), ...lines.map(({ key }) => key)].map(typeOf);
}
