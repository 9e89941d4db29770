/** What Harbor's and its edge's files say otherwise, where every setting that only starts them anew has changed. */
import { ZONES } from "./environment.ts";
import type { Prod } from "./environment.ts";

export function toldOtherwise({ https, loopback }: Prod["ports"]): Record<string, string[]> {
  return {
    "docker-compose.override.yml": [
      `- - "127.0.0.1:${loopback}:8080"`,
      `- - 0.0.0.0:${https}:443`,
      "- AWS_HOSTED_ZONE_ID: Z0123456789ABCDEFGHIJ",
      `- - --entrypoints.web.http.redirections.entrypoint.to=:${https}`,
      "- - --accesslog=true",
      "- - --accesslog.format=json",
      "- - --accesslog.fields.headers.defaultmode=drop",
      "- - --accesslog.fields.headers.names.User-Agent=keep",
      "- - --accesslog.fields.queryparameters.defaultmode=drop",
      "- - --certificatesresolvers.letsencrypt.acme.email=platform@example.com",
      "- - --certificatesresolvers.letsencrypt.acme.caserver=https://acme-staging-v02.api.letsencrypt.org/directory",
      "- - --certificatesresolvers.letsencrypt.acme.dnschallenge.resolvers=1.1.1.1:53,8.8.8.8:53",
      '+ - "127.0.0.1:18080:8080"',
      "+ - 0.0.0.0:8443:443",
      `+ AWS_HOSTED_ZONE_ID: ${ZONES.otherPublic}`,
      "+ - --entrypoints.web.http.redirections.entrypoint.to=:8443",
      "+ - --certificatesresolvers.letsencrypt.acme.email=ops@example.com",
      "+ - --certificatesresolvers.letsencrypt.acme.caserver=https://acme.example.com/directory",
      "+ - --certificatesresolvers.letsencrypt.acme.cacertificates=/etc/traefik/edge/acme-ca.crt",
      "+ - --certificatesresolvers.letsencrypt.acme.casystemcertpool=true",
      "+ - --certificatesresolvers.letsencrypt.acme.dnschallenge.resolvers=9.9.9.9:53",
    ],
    "edge/tls.yml": ["- stsSeconds: 31536000", "+ stsSeconds: 100"],
    "harbor.yml": [
      `- external_url: https://registry.example.com:${https}`,
      `- port: ${loopback}`,
      "- level: info",
      ...["- enabled: true", "- age: 168h", "- interval: 24h", "- dryrun: false"],
      ...["- enabled: true", "- expire_hours: 24"],
      "+ external_url: https://registry.example.com:8443",
      "+ port: 18080",
      ...["+ storage_service:", "+ s3:", "+ region: eu-west-1", "+ bucket: layers"],
      ...["+ rootdirectory: /harbor", "+ redirect:", "+ disable: true"],
      "+ level: debug",
      ...["+ trivy:", "+ ignore_unfixed: true", "+ skip_update: true", "+ skip_java_db_update: true"],
      ...["+ offline_scan: true", "+ security_check: vuln", "+ insecure: false", "+ timeout: 7m0s"],
      ...["+ enabled: false", "+ age: 48h", "+ interval: 12h", "+ dryrun: true"],
      ...["+ enabled: false", "+ expire_hours: 48"],
    ],
  };
}
