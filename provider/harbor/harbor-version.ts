/** Which Harbor this is, and what an older one lacks. */
import type { HarborClient } from "./client.ts";
import { systemInfo } from "./system-info.ts";

/** A part of Harbor that not every supported version has. */
export interface Feature {
  /** As the user set it: `proxyCacheLocalOnNotFound`. */
  readonly name: string;
  /** `2.15.1` */
  readonly since: string;
}

const versions = new WeakMap<HarborClient, Promise<string>>();

/** `2.15.2`; asked once for each client. */
export function harborVersion(harbor: HarborClient): Promise<string> {
  const known = versions.get(harbor);
  if (known !== undefined) return known;
  const asked = systemInfo(harbor).then(({ version }) => version);
  versions.set(harbor, asked);
  asked.catch(() => versions.delete(harbor));
  return asked;
}

/** Throws where this Harbor is too old for one of the features. */
export async function requireVersion(harbor: HarborClient, features: readonly Feature[]): Promise<void> {
  if (features.length === 0) return;
  const version = await harborVersion(harbor);
  const lacking = features.filter(({ since }) => isOlder(version, since));
  if (lacking.length === 0) return;
  const list = lacking.map(({ name, since }) => `${name} (Harbor ${since})`).join(", ");
  throw new Error(
    `This Harbor is ${version} and lacks: ${list}. Raise harbor.version and run pulumi up, or leave these settings out.`,
  );
}

function isOlder(version: string, since: string): boolean {
  const numbers = (text: string) => text.split(".").map(Number);
  const [have, need] = [numbers(version), numbers(since)];
  for (const [index, part] of need.entries()) {
    const own = have[index] ?? 0;
    if (Number.isNaN(own)) return false;
    if (own !== part) return own < part;
  }
  return false;
}
