import type { EdgeSettings, HarborSettings } from "../../../config/settings.ts";
import type { Front, HarborMachine } from "../../../components/harbor/step-scripts.ts";

/** Settings as the loader completes them, for a machine whose folders lie under `root`. */
export function exampleSettings(changes: Partial<HarborSettings> = {}, root = ""): HarborSettings {
  return {
    version: "2.15.2",
    installer: { url: `file://${root}/installer.tgz`, sha256: "0".repeat(64), cosign: false },
    installDir: `${root}/opt/harbor`,
    dataDir: `${root}/data`,
    listenAddress: "0.0.0.0",
    httpPort: 80,
    httpsPort: 443,
    loopbackPort: 8080,
    installDocker: false,
    requirements: { cpus: 1, memoryGiB: 0.001, diskGiB: 0.001 },
    metrics: { enabled: false, port: 9090, path: "/metrics" },
    cache: { enabled: false, expireHours: 24 },
    trivy: { enabled: false, ignoreUnfixed: false, skipUpdate: false, offlineScan: false, timeoutMinutes: 5 },
    uploadPurging: { enabled: true, age: "168h", interval: "24h", dryRun: false },
    logLevel: "info",
    purgeData: false,
    timeouts: { step: 60, health: 1 },
    ...changes,
  };
}

export const letsEncrypt = {
  mode: "letsencrypt-route53",
  email: "ops@example.com",
  hostedZoneId: "Z0123456789",
  staging: false,
  resolvers: [],
} as const;

export const selfSigned = { mode: "self-signed", validityDays: 90, renewBeforeDays: 30 } as const;

/** What is known of the edge when the machine is there. */
export const front: Front = {
  objects: {
    network: "harbor-cache-edge-0123abcd",
    volume: "harbor-cache-certs-0123abcd",
    traefikImage: `traefik@sha256:${"1".repeat(64)}`,
    socketProxyImage: `tecnativa/docker-socket-proxy@sha256:${"2".repeat(64)}`,
    region: "eu-west-1",
  },
  certificate: "sha256 Fingerprint=AB:CD",
  credentials: undefined,
};

export const exampleEdge: EdgeSettings = {
  traefikImage: "docker.io/library/traefik:v3.7.10",
  socketProxyImage: "docker.io/tecnativa/docker-socket-proxy:v0.4.2",
  accessLog: true,
  hstsSeconds: 31_536_000,
};

export function exampleMachine(changes: Partial<HarborSettings> = {}, root = ""): HarborMachine {
  return {
    hostname: "registry.example.com",
    tls: { mode: "none" },
    harbor: exampleSettings(changes, root),
    edge: exampleEdge,
  };
}

export const passwords = { adminPassword: "Admin-Secret-1", databasePassword: "Database-Secret-2" };
