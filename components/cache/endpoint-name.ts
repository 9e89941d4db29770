import { createHash } from "node:crypto";

/**
 * What Harbor calls an endpoint, 64 characters at the most. Another type has another name: so the new endpoint is made, and
 * thereby tried out by Harbor, before what uses the old one leaves it or goes.
 */
export function endpointName({ name, type }: { readonly name: string; readonly type: string }): string {
  const full = type === "docker-registry" ? name : `${name} (${type})`;
  if (full.length <= 64) return full;
  return `${full.slice(0, 55)}-${createHash("sha256").update(full).digest("hex").slice(0, 8)}`;
}
