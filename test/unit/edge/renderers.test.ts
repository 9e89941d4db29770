import { describe, expect, it } from "vitest";
import { parse, parseDocument } from "yaml";
import { z } from "zod";
import { edgeFiles } from "../../../components/edge/edge-files.ts";
import type { EdgeMachine, EdgeTls } from "../../../components/edge/edge-machine.ts";
import { renderTlsYml } from "../../../components/edge/tls-yml.ts";
import { traefikFlags } from "../../../components/edge/traefik-flags.ts";
import { renderComposeOverride } from "../../../components/harbor/compose-override.ts";
import type { EdgeSettings, HarborSettings } from "../../../config/settings.ts";
import {
  exampleEdge,
  exampleSettings,
  front,
  selfSigned,
  letsEncrypt as acme,
} from "../harbor/example-machine.ts";

const { objects } = front;

function machine(
  tls: EdgeTls,
  harbor: Partial<HarborSettings> = {},
  edge: Partial<EdgeSettings> = {},
): EdgeMachine {
  return {
    hostname: "registry.example.com",
    tls,
    harbor: exampleSettings(harbor),
    edge: { ...exampleEdge, ...edge },
  };
}

const service = z.looseObject({
  image: z.string().optional(),
  ports: z.array(z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  networks: z.array(z.string()),
  environment: z.record(z.string(), z.string()).optional(),
  env_file: z.array(z.string()).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  command: z.array(z.string()).optional(),
});
const compose = z.object({
  services: z.object({ proxy: service, traefik: service, "socket-proxy": service }),
  networks: z.unknown(),
  volumes: z.unknown(),
});

function override(from: EdgeMachine) {
  const text = renderComposeOverride(from.harbor, { machine: from, objects });
  const document = parseDocument(text, { customTags: [{ tag: "!override", collection: "seq" }] });
  expect([...document.errors, ...document.warnings]).toEqual([]);
  return { text, ...compose.parse(document.toJS()) };
}

const staticFlags = [
  "--global.checknewversion=false",
  "--global.sendanonymoususage=false",
  "--log.level=INFO",
  "--log.nocolor=true",
  "--ping=true",
  "--ping.entrypoint=ping",
  "--entrypoints.ping.address=127.0.0.1:8082",
  "--providers.docker=true",
  "--providers.docker.endpoint=tcp://socket-proxy:2375",
  "--providers.docker.exposedbydefault=false",
  "--providers.docker.network=harbor-cache-edge-0123abcd",
  "--providers.file.filename=/etc/traefik/edge/tls.yml",
  "--providers.file.watch=true",
  "--entrypoints.web.address=:80",
  "--entrypoints.web.http.redirections.entrypoint.to=:443",
  "--entrypoints.web.http.redirections.entrypoint.scheme=https",
  "--entrypoints.websecure.address=:443",
  "--entrypoints.websecure.transport.respondingtimeouts.readtimeout=0s",
  "--entrypoints.websecure.http.encodedcharacters.allowencodedslash=true",
  "--entrypoints.websecure.http.encodedcharacters.allowencodedpercent=true",
];
const accessLog = [
  "--accesslog=true",
  "--accesslog.format=json",
  "--accesslog.fields.headers.defaultmode=drop",
  "--accesslog.fields.headers.names.User-Agent=keep",
  "--accesslog.fields.queryparameters.defaultmode=drop",
];
const resolver = (...options: string[]) =>
  options.map((option) => `--certificatesresolvers.letsencrypt.acme.${option}`);

describe("Traefik's flags", () => {
  const flags = (...of: Parameters<typeof machine>) => traefikFlags(machine(...of), objects.network);

  it("are these for a certificate of our own CA", () => {
    expect(flags(selfSigned)).toEqual([...staticFlags, ...accessLog]);
  });

  it("order a certificate of Let's Encrypt by DNS-01 where asked", () => {
    expect(flags(acme, {}, { accessLog: false })).toEqual([
      ...staticFlags,
      ...resolver(
        "email=ops@example.com",
        "storage=/certs/acme.json",
        "keytype=EC256",
        "dnschallenge.provider=route53",
      ),
    ]);
  });

  it("ask the staging CA, or one of one's own, which is trusted beside the public ones", () => {
    const staging = flags({
      ...acme,
      staging: true,
      caCertificate: "ROOT",
      resolvers: ["1.1.1.1:53", "[::1]:53"],
    });
    expect(staging).toEqual(
      expect.arrayContaining(
        resolver(
          "caserver=https://acme-staging-v02.api.letsencrypt.org/directory",
          "dnschallenge.resolvers=1.1.1.1:53,[::1]:53",
        ),
      ),
    );
    expect(staging.join("\n")).not.toContain("cacertificates");
    expect(flags({ ...acme, caServer: "https://ca.example.com/directory", caCertificate: "ROOT" })).toEqual(
      expect.arrayContaining(
        resolver(
          "caserver=https://ca.example.com/directory",
          "cacertificates=/etc/traefik/edge/acme-ca.crt",
          "casystemcertpool=true",
        ),
      ),
    );
  });

  it("redirect to the port that clients see", () => {
    expect(flags(selfSigned, { httpsPort: 8443 })).toContain(
      "--entrypoints.web.http.redirections.entrypoint.to=:8443",
    );
  });

  it("never have a dashboard, and log no header that holds a secret", () => {
    const all = flags(acme).join("\n");
    expect(all).not.toMatch(/--api|dashboard|insecure|docker\.sock|--metrics/);
    expect(all).not.toMatch(/headers\.names\.(?!User-Agent=)/);
  });
});

describe("docker-compose.override.yml with an edge", () => {
  it("puts Traefik before Harbor's own port, which is on loopback only", () => {
    const { services, networks, volumes } = override(
      machine(selfSigned, { httpPort: 8000, httpsPort: 8443 }),
    );
    expect(services.proxy).toEqual({
      ports: ["127.0.0.1:8080:8080"],
      networks: ["edge"],
      labels: {
        "traefik.enable": "true",
        "traefik.http.routers.harbor.rule": "Host(`registry.example.com`)",
        "traefik.http.routers.harbor.entrypoints": "websecure",
        "traefik.http.routers.harbor.tls": "true",
        "traefik.http.routers.harbor.middlewares": "hsts@file",
        "traefik.http.services.harbor.loadbalancer.server.port": "8080",
      },
    });
    expect(services.traefik.ports).toEqual(["0.0.0.0:8000:80", "0.0.0.0:8443:443"]);
    expect(services["socket-proxy"].ports).toBeUndefined();
    expect(networks).toEqual({
      edge: { name: "harbor-cache-edge-0123abcd", external: true },
      socket: { internal: true },
    });
    expect(volumes).toEqual({ certs: { name: "harbor-cache-certs-0123abcd", external: true } });
  });

  it("confines both containers, and pins their images", () => {
    const { services } = override(machine(acme));
    const { traefik, "socket-proxy": socketProxy } = services;
    for (const one of [traefik, socketProxy]) {
      expect(one).toMatchObject({
        image: expect.stringMatching(/@sha256:[0-9a-f]{64}$/) as string,
        restart: "always",
        read_only: true,
        cap_drop: ["ALL"],
        security_opt: ["no-new-privileges:true"],
        logging: { driver: "json-file", options: { "max-size": "50m", "max-file": "5" } },
        healthcheck: { test: expect.arrayContaining(["CMD"]) as string[] },
      });
      expect(one).not.toHaveProperty("privileged");
    }
    expect(traefik["cap_add"]).toEqual(["NET_BIND_SERVICE"]);
    expect(traefik["depends_on"]).toEqual(["socket-proxy"]);
    expect(socketProxy).not.toHaveProperty("cap_add");
  });

  it("shows Docker's socket to the proxy alone, on a network that leads nowhere else", () => {
    const { services } = override(machine(acme));
    expect(services["socket-proxy"].volumes).toEqual(["/var/run/docker.sock:/var/run/docker.sock:ro"]);
    expect(services["socket-proxy"].networks).toEqual(["socket"]);
    expect(services["socket-proxy"].environment).toEqual({
      CONTAINERS: "1",
      EVENTS: "1",
      PING: "1",
      VERSION: "1",
      POST: "0",
      LOG_LEVEL: "warning",
      DISABLE_IPV6: "1",
    });
    expect(services.traefik.networks).toEqual(["edge", "socket"]);
    expect(JSON.stringify([services.traefik, services.proxy])).not.toContain("docker.sock");
    expect(services.proxy.networks).not.toContain("socket");
  });

  it("lets Traefik write certificates only where it gets them itself", () => {
    const files = "./edge:/etc/traefik/edge:ro";
    expect(override(machine(acme)).services.traefik.volumes).toEqual(["certs:/certs", files]);
    expect(override(machine(selfSigned)).services.traefik.volumes).toEqual(["certs:/certs:ro", files]);
  });

  it("asks Route53 by the machine's role, or by a key from a file, and never by a key in the environment", () => {
    const role = override(machine(acme)).services.traefik;
    expect(role.environment).toEqual({ AWS_REGION: "eu-west-1", AWS_HOSTED_ZONE_ID: "Z0123456789" });
    expect(role.env_file).toBeUndefined();
    expect(role.labels).toBeUndefined();
    const key = { accessKeyId: "AKIAEXAMPLE0000", secretAccessKey: "never shown" as never };
    const { text, services } = override(machine({ ...acme, credentials: key }));
    expect(services.traefik.env_file).toEqual(["./edge/acme.env"]);
    expect(services.traefik.environment).toEqual(role.environment);
    expect(text).not.toMatch(/never shown|AKIA/);
    expect(services.proxy.labels).toMatchObject({
      "traefik.http.routers.harbor.tls.certresolver": "letsencrypt",
    });
    expect(override(machine(selfSigned)).services.traefik).not.toHaveProperty("environment");
  });

  it("reaches the ACME server through an outgoing proxy, and Harbor without it", () => {
    const proxy = {
      httpProxy: "http://p:1",
      httpsProxy: "http://p:2",
      noProxy: ["ca.corp", ".x"],
      components: [],
    };
    expect(override(machine(acme, { proxy })).services.traefik.environment).toEqual({
      AWS_REGION: "eu-west-1",
      AWS_HOSTED_ZONE_ID: "Z0123456789",
      HTTPS_PROXY: "http://p:2",
      NO_PROXY: "ca.corp,.x",
    });
  });

  it("keeps compose from reading a dollar as a variable", () => {
    const { services } = override(machine({ ...acme, email: "a$HOME@example.com" }));
    expect(services.traefik.command).toContain(
      "--certificatesresolvers.letsencrypt.acme.email=a$$HOME@example.com",
    );
  });

  it("has no HSTS where it is off", () => {
    const labels = override(machine(selfSigned, {}, { hstsSeconds: 0 })).services.proxy.labels;
    expect(Object.keys(labels ?? {})).not.toContain("traefik.http.routers.harbor.middlewares");
  });
});

describe("tls.yml", () => {
  it("names the certificate by its fingerprint, and its files as Traefik sees them", () => {
    expect(renderTlsYml(machine(selfSigned), "sha256 Fingerprint=AB:CD"))
      .toBe(`# Made by harbor-cache, and read by Traefik whenever it changes. Changes here are overwritten.
# Certificate: sha256 Fingerprint=AB:CD
tls:
  options:
    default:
      minVersion: VersionTLS12
  stores:
    default:
      defaultCertificate:
        certFile: /certs/server.crt
        keyFile: /certs/server.key
http:
  middlewares:
    hsts:
      headers:
        stsSeconds: 31536000
`);
  });

  it("names no certificate where Traefik gets it itself, and no HSTS where it is off", () => {
    expect(parse(renderTlsYml(machine(acme, {}, { hstsSeconds: 0 }), ""))).toEqual({
      tls: { options: { default: { minVersion: "VersionTLS12" } } },
    });
  });
});

describe("the files of the edge", () => {
  const credentials = { accessKeyId: "AKIAEXAMPLE0000", secretAccessKey: "a/b+c=" };
  const files = (tls: EdgeTls, key?: typeof credentials) =>
    edgeFiles({ machine: machine(tls), certificate: "X", credentials: key });

  it("hold a key in one of them, where there is one", () => {
    const { "acme.env": env, ...others } = files(acme, credentials);
    expect(env).toBe("AWS_ACCESS_KEY_ID=AKIAEXAMPLE0000\nAWS_SECRET_ACCESS_KEY=a/b+c=\n");
    expect(JSON.stringify(others)).not.toMatch(/AKIA|a\/b/);
    expect(files(acme)["acme.env"]).toBe("");
  });

  it("hold the CA of an ACME server of one's own, and not what clients of the staging CA trust", () => {
    const caServer = "https://ca.example.com/directory";
    expect(files({ ...acme, caServer, caCertificate: "ROOT" })["acme-ca.crt"]).toBe("ROOT");
    expect(files({ ...acme, staging: true, caCertificate: "ROOT" })["acme-ca.crt"]).toBe("");
    expect(files(selfSigned)["acme-ca.crt"]).toBe("");
  });

  it("are none without an edge", () => {
    expect(edgeFiles(undefined)).toEqual({ "tls.yml": "", "acme.env": "", "acme-ca.crt": "" });
  });
});
