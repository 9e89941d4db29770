import {
  certificatesMount,
  filesMount,
  hasOwnAcmeServer,
  resolver,
  type EdgeMachine,
} from "./edge-machine.ts";

const letsencryptStaging = "https://acme-staging-v02.api.letsencrypt.org/directory";

/** Answers on the container's own loopback only; the healthcheck is given these flags too. */
export const pingFlags = [
  "--ping=true",
  "--ping.entrypoint=ping",
  "--entrypoints.ping.address=127.0.0.1:8082",
] as const;

/** Traefik's static configuration: what its container is started with. */
export function traefikFlags({ tls, harbor, edge }: EdgeMachine, network: string): string[] {
  return [
    "--global.checknewversion=false",
    "--global.sendanonymoususage=false",
    "--log.level=INFO",
    "--log.nocolor=true",
    ...pingFlags,
    "--providers.docker=true",
    "--providers.docker.endpoint=tcp://socket-proxy:2375",
    "--providers.docker.exposedbydefault=false",
    `--providers.docker.network=${network}`,
    `--providers.file.filename=${filesMount}/tls.yml`,
    "--providers.file.watch=true",
    "--entrypoints.web.address=:80",
    // The port as clients see it, which need not be the one inside the container.
    `--entrypoints.web.http.redirections.entrypoint.to=:${harbor.httpsPort}`,
    "--entrypoints.web.http.redirections.entrypoint.scheme=https",
    "--entrypoints.websecure.address=:443",
    // 60 s by default for a whole request: a large layer over a slow line takes longer.
    "--entrypoints.websecure.transport.respondingtimeouts.readtimeout=0s",
    // Harbor's API names repositories with an encoded slash, and encodes it twice.
    "--entrypoints.websecure.http.encodedcharacters.allowencodedslash=true",
    "--entrypoints.websecure.http.encodedcharacters.allowencodedpercent=true",
    ...(edge.accessLog ? accessLogFlags : []),
    ...acmeFlags(tls),
  ];
}

/**
 * Headers hold passwords, tokens and cookies: only the one that tells CRI-O from a browser is kept. Queries hold the code
 * that a login comes back with, and the state of an upload: known since Traefik 3.6.19 and 3.7.3.
 */
const accessLogFlags = [
  "--accesslog=true",
  "--accesslog.format=json",
  "--accesslog.fields.headers.defaultmode=drop",
  "--accesslog.fields.headers.names.User-Agent=keep",
  "--accesslog.fields.queryparameters.defaultmode=drop",
];

function acmeFlags(tls: EdgeMachine["tls"]): string[] {
  if (tls.mode !== "letsencrypt-route53") return [];
  const caServer = tls.caServer ?? (tls.staging ? letsencryptStaging : undefined);
  return Object.entries({
    email: tls.email,
    storage: `${certificatesMount}/acme.json`,
    keytype: "EC256",
    ...(caServer === undefined ? {} : { caserver: caServer }),
    ...(hasOwnAcmeServer(tls)
      ? { cacertificates: `${filesMount}/acme-ca.crt`, casystemcertpool: "true" }
      : {}),
    "dnschallenge.provider": "route53",
    ...(tls.resolvers.length === 0 ? {} : { "dnschallenge.resolvers": tls.resolvers.join(",") }),
  }).map(([option, value]) => `--certificatesresolvers.${resolver}.acme.${option}=${value}`);
}
