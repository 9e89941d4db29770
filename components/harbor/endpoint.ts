import { isIPv6 } from "node:net";
import type { HarborSettings, Tls } from "../../config/settings.ts";

/** Where Harbor is reached, by clients that know it by its hostname. */
export interface Endpoint {
  readonly scheme: "http" | "https";
  /** Without port; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  /** `host` or `host:port`: the port is left out where it is the scheme's own. How images and mirrors name Harbor. */
  readonly registry: string;
  /** `https://registry.example.com`, without a path. */
  readonly url: string;
}

/** Harbor's external endpoint. */
export function harborEndpoint(
  hostname: string,
  tls: Tls,
  ports: Pick<HarborSettings, "httpPort" | "httpsPort">,
): Endpoint {
  const plain = tls.mode === "none";
  const scheme = plain ? "http" : "https";
  const port = plain ? ports.httpPort : ports.httpsPort;
  const host = bracketed(hostname);
  const registry = port === (plain ? 80 : 443) ? host : `${host}:${port}`;
  return { scheme, host: hostname, port, registry, url: `${scheme}://${registry}` };
}

/** The host part of a URL or of a published port. */
export function bracketed(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}

/** Where what listens on this address is asked from the machine itself. */
export function reachableFromMachine(listenAddress: string): string {
  if (listenAddress === "0.0.0.0") return "127.0.0.1";
  return listenAddress === "::" ? "::1" : listenAddress;
}
