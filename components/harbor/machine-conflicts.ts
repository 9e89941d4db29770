import { isIP } from "node:net";
import { RunError } from "@pulumi/pulumi";
import type { HarborMachine } from "./step-scripts.ts";

/**
 * Settings of the Harbor machine that don't go together.
 *
 * @returns warnings about what works but is dangerous
 * @throws RunError for what can't work, with the configuration path
 */
export function checkMachine({ hostname, tls, harbor }: HarborMachine): string[] {
  const { installDir, dataDir, listenAddress } = harbor;
  if (tls.mode === "letsencrypt-route53") {
    throw new RunError(
      "harbor-cache:tls.mode: letsencrypt-route53 needs the edge, which this version doesn't have. Use none or self-signed.",
    );
  }
  // Destroy deletes the one and keeps the other.
  if (contains(installDir, dataDir) || contains(dataDir, installDir)) {
    throw new RunError(
      `harbor-cache:harbor.dataDir (${dataDir}) and harbor.installDir (${installDir}) must not lie in each other, ` +
        "as removing Harbor would remove its data. For example /data and /opt/harbor.",
    );
  }
  if (hostname === "127.0.0.1") {
    throw new RunError(
      "harbor-cache:hostname: Harbor itself refuses 127.0.0.1. Use the machine's name or another address of it.",
    );
  }
  if (tls.mode === "none" && !isLoopback(listenAddress)) {
    return [
      `harbor-cache:tls.mode is none and Harbor listens on ${listenAddress}: passwords and images cross the network in ` +
        "clear, and anyone on the way can change them. For a trusted network only; otherwise use self-signed.",
    ];
  }
  return [];
}

function contains(outer: string, inner: string): boolean {
  return `${inner}/`.startsWith(`${outer}/`);
}

function isLoopback(address: string): boolean {
  return address === "::1" || (isIP(address) === 4 && address.startsWith("127."));
}
