import { stringify } from "yaml";
import { certificatesMount, type EdgeMachine } from "./edge-machine.ts";

/** The middleware's name as labels give it. */
export const hsts = "hsts";

/**
 * tls.yml, which Traefik watches: TLS options for every router, and the certificate where Traefik doesn't get it itself.
 *
 * @param certificate fingerprint of the server certificate. Traefik reads the certificate's files whenever this file
 * changes, so a renewed certificate has to change it.
 */
export function renderTlsYml({ tls, edge }: EdgeMachine, certificate: string): string {
  const files = {
    certFile: `${certificatesMount}/server.crt`,
    keyFile: `${certificatesMount}/server.key`,
  };
  const head =
    "# Made by harbor-cache, and read by Traefik whenever it changes. Changes here are overwritten.\n" +
    (tls.mode === "letsencrypt-route53" ? "" : `# Certificate: ${certificate}\n`);
  return (
    head +
    stringify(
      {
        tls: {
          options: { default: { minVersion: "VersionTLS12" } },
          // The default one: a client that knows Harbor by its IP address names no host when it connects.
          ...(tls.mode === "letsencrypt-route53"
            ? {}
            : { stores: { default: { defaultCertificate: files } } }),
        },
        ...(edge.hstsSeconds === 0
          ? {}
          : { http: { middlewares: { [hsts]: { headers: { stsSeconds: edge.hstsSeconds } } } } }),
      },
      { lineWidth: 0 },
    )
  );
}
