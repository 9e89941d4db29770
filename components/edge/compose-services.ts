import {
  certificatesMount,
  filesMount,
  resolver,
  type EdgeMachine,
  type EdgeObjects,
} from "./edge-machine.ts";
import { hsts } from "./tls-yml.ts";
import { pingFlags, traefikFlags } from "./traefik-flags.ts";

/** Port of Harbor's nginx inside its container. */
export const harborPort = 8080;

/** AWS credentials for the challenge, where the machine has no role; beside the compose files, mode 0600. */
export const acmeEnvFile = "./edge/acme.env";

/** For both containers: nothing that they don't need, and logs that can't fill the disk. */
const confined = {
  restart: "always",
  read_only: true,
  cap_drop: ["ALL"],
  security_opt: ["no-new-privileges:true"],
  logging: { driver: "json-file", options: { "max-size": "50m", "max-file": "5" } },
};

const healthcheck = { interval: "10s", timeout: "5s", retries: 3, start_period: "10s" };

/** The edge's part of docker-compose.override.yml: two services, what they are connected to, and what `proxy` gets. */
export function edgeServices(machine: EdgeMachine, objects: EdgeObjects) {
  const { tls, harbor } = machine;
  return {
    proxy: { networks: ["edge"], labels: proxyLabels(machine) },
    services: {
      traefik: {
        image: objects.traefikImage,
        ...confined,
        cap_add: ["NET_BIND_SERVICE"],
        depends_on: ["socket-proxy"],
        networks: ["edge", "socket"],
        ports: [
          `${harbor.listenAddress}:${harbor.httpPort}:80`,
          `${harbor.listenAddress}:${harbor.httpsPort}:443`,
        ],
        volumes: [
          `certs:${certificatesMount}${tls.mode === "letsencrypt-route53" ? "" : ":ro"}`,
          `./edge:${filesMount}:ro`,
        ],
        tmpfs: ["/tmp"],
        ...challengeEnvironment(machine, objects),
        command: traefikFlags(machine, objects.network).map(literal),
        healthcheck: { test: ["CMD", "traefik", "healthcheck", ...pingFlags], ...healthcheck },
      },
      "socket-proxy": {
        image: objects.socketProxyImage,
        ...confined,
        networks: ["socket"],
        // What Traefik's provider reads, and nothing else; events, ping and version are on by default.
        environment: {
          CONTAINERS: "1",
          EVENTS: "1",
          PING: "1",
          VERSION: "1",
          POST: "0",
          LOG_LEVEL: "warning",
          // It doesn't start where the kernel has no IPv6, and Docker's own networks need none.
          DISABLE_IPV6: "1",
        },
        volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro"],
        tmpfs: ["/run", "/tmp"],
        healthcheck: {
          test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:2375/_ping"],
          ...healthcheck,
        },
      },
    },
    // Both kept by the engine itself, where `docker compose down -v` doesn't reach.
    networks: { edge: { name: objects.network, external: true }, socket: { internal: true } },
    volumes: { certs: { name: objects.volume, external: true } },
  };
}

/** What Traefik's docker provider reads on Harbor's nginx. */
function proxyLabels({ hostname, tls, edge }: EdgeMachine): Record<string, string> {
  const router = "traefik.http.routers.harbor";
  return {
    "traefik.enable": "true",
    [`${router}.rule`]: `Host(\`${hostname}\`)`,
    [`${router}.entrypoints`]: "websecure",
    ...(tls.mode === "letsencrypt-route53"
      ? { [`${router}.tls.certresolver`]: resolver }
      : { [`${router}.tls`]: "true" }),
    ...(edge.hstsSeconds === 0 ? {} : { [`${router}.middlewares`]: `${hsts}@file` }),
    "traefik.http.services.harbor.loadbalancer.server.port": String(harborPort),
  };
}

function challengeEnvironment({ tls, harbor }: EdgeMachine, { region }: EdgeObjects) {
  if (tls.mode !== "letsencrypt-route53") return {};
  const { httpsProxy, noProxy } = harbor.proxy ?? { noProxy: [] };
  return {
    environment: {
      AWS_REGION: region,
      AWS_HOSTED_ZONE_ID: tls.hostedZoneId,
      // For https only: Traefik would ask Harbor and the socket proxy through an HTTP_PROXY too.
      ...(httpsProxy === undefined
        ? {}
        : { HTTPS_PROXY: literal(httpsProxy), NO_PROXY: literal(noProxy.join(",")) }),
    },
    ...(tls.credentials === undefined ? {} : { env_file: [acmeEnvFile] }),
  };
}

/** Compose takes a dollar for a variable. */
function literal(text: string): string {
  return text.replaceAll("$", "$$$$");
}
