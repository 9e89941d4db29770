import type { EdgeSettings, HarborSettings, Tls } from "../../config/settings.ts";

/** Every way of TLS that has an edge before Harbor. */
export type EdgeTls = Exclude<Tls, { mode: "none" }>;

/** Settings that the edge's files and steps are made of. */
export interface EdgeMachine {
  /** Name that clients reach Harbor by, without scheme and port. */
  readonly hostname: string;
  readonly tls: EdgeTls;
  readonly harbor: HarborSettings;
  readonly edge: EdgeSettings;
}

/** What the machine's Docker engine keeps for the edge, and where it runs: known once the machine is there. */
export interface EdgeObjects {
  /** Name of the Docker network that Traefik and Harbor's `proxy` share. */
  readonly network: string;
  /** Name of the Docker volume that shows `edgeFolder(dataDir)`. */
  readonly volume: string;
  /** Image references with digests. */
  readonly traefikImage: string;
  readonly socketProxyImage: string;
  /** AWS region that Route53 is asked through. */
  readonly region: string;
}

/** Where Traefik's container sees the volume, and the folder `edge` beside the compose files. */
export const certificatesMount = "/certs";
export const filesMount = "/etc/traefik/edge";

/** What has to outlive machine and containers: acme.json, server.crt, server.key. Mode 0700. */
export function edgeFolder(dataDir: string): string {
  return `${dataDir}/edge`;
}

/** The ACME resolver's name in Traefik, and so in acme.json. */
export const resolver = "letsencrypt";

/** Does the ACME server itself, and not only what it issues, have to be trusted by `caCertificate`? */
export function hasOwnAcmeServer(tls: EdgeTls): boolean {
  return tls.mode === "letsencrypt-route53" && tls.caServer !== undefined && tls.caCertificate !== undefined;
}
