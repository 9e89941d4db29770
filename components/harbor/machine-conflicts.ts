import { isIP } from "node:net";
import type { HarborMachine } from "./step-scripts.ts";

/** Warnings about what works but is dangerous. */
export function machineWarnings({ tls, harbor: { listenAddress } }: HarborMachine): string[] {
  if (tls.mode === "none" && !isLoopback(listenAddress)) {
    return [
      `harbor-cache:tls.mode is none and Harbor listens on ${listenAddress}: passwords and images cross the network in ` +
        "clear, and anyone on the way can change them. For a trusted network only; otherwise use self-signed.",
    ];
  }
  return [];
}

function isLoopback(address: string): boolean {
  return address === "::1" || (isIP(address) === 4 && address.startsWith("127."));
}
