import { isIPv4 } from "node:net";

/** Does this host, as in a URL, mean the machine itself? */
export function isLoopback(host: string): boolean {
  return (
    host === "localhost" ||
    host.endsWith(".localhost") ||
    host === "[::1]" ||
    (isIPv4(host) && host.startsWith("127."))
  );
}
