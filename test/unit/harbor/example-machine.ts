import type { HarborSettings } from "../../../config/settings.ts";
import type { HarborMachine } from "../../../components/harbor/step-scripts.ts";

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
    installDocker: false,
    requirements: { cpus: 1, memoryGiB: 0.001, diskGiB: 0.001 },
    metrics: { enabled: false, port: 9090, path: "/metrics" },
    cache: { enabled: false, expireHours: 24 },
    uploadPurging: { enabled: true, age: "168h", interval: "24h", dryRun: false },
    logLevel: "info",
    purgeData: false,
    timeouts: { step: 60, health: 1 },
    ...changes,
  };
}

export function exampleMachine(changes: Partial<HarborSettings> = {}, root = ""): HarborMachine {
  return { hostname: "registry.example.com", tls: { mode: "none" }, harbor: exampleSettings(changes, root) };
}

export const passwords = { adminPassword: "Admin-Secret-1", databasePassword: "Database-Secret-2" };
