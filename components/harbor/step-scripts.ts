import { readFileSync } from "node:fs";
import type { HarborSettings, Tls } from "../../config/settings.ts";
import { stepScript } from "../host/step-script.ts";
import { renderComposeOverride } from "./compose-override.ts";
import { bracketed, harborEndpoint } from "./endpoint.ts";
import { renderHarborYml } from "./harbor-yml.ts";

/** What the steps on the Harbor machine are made of; secrets are plain text here. */
export interface HarborMachine {
  readonly hostname: string;
  readonly tls: Tls;
  readonly harbor: HarborSettings;
}

export type SelfSigned = Extract<Tls, { mode: "self-signed" }>;

export interface Passwords {
  readonly adminPassword: string;
  readonly databasePassword: string;
}

/** Checks that the machine can become Harbor, and reports everything that is missing at once. */
export function prerequisitesScript({ tls, harbor }: HarborMachine): string {
  return stepScript({
    body: part("proxy") + part("prerequisites"),
    settings: {
      data_dir: harbor.dataDir,
      ...dataVolume(harbor),
      min_cpus: harbor.requirements.cpus,
      min_memory_gib: harbor.requirements.memoryGiB,
      min_disk_gib: harbor.requirements.diskGiB,
      self_signed: tls.mode === "self-signed",
      cosign: harbor.installer.cosign,
      install_docker: harbor.installDocker,
      ...proxy(harbor),
    },
    seconds: harbor.timeouts.step,
  });
}

/** Mounts the data volume and claims Harbor's folders; `down` stops Harbor and removes what is not to be kept. */
export function directoriesScript({ harbor }: HarborMachine, fstab = "/etc/fstab"): string {
  return stepScript({
    body: part("directories"),
    settings: {
      install_dir: harbor.installDir,
      data_dir: harbor.dataDir,
      ...dataVolume(harbor),
      fstab,
      purge_data: harbor.purgeData,
    },
    seconds: harbor.timeouts.step,
  });
}

/** Brings the installer package and verifies it before it is unpacked. */
export function packageScript({ harbor }: HarborMachine): string {
  return stepScript({
    body: part("proxy") + part("package"),
    settings: {
      install_dir: harbor.installDir,
      version: harbor.version,
      url: harbor.installer.url,
      sha256: harbor.installer.sha256?.toLowerCase() ?? "",
      cosign: harbor.installer.cosign,
      ...proxy(harbor),
    },
    seconds: harbor.timeouts.step,
  });
}

/**
 * Makes or renews the CA and the server certificate.
 *
 * @param now decides how often the step looks whether a renewal is due: it runs again when half of
 * `renewBeforeDays` has gone by, and not at every `pulumi up`.
 */
export function certificatesScript({ hostname, harbor }: HarborMachine, tls: SelfSigned, now: Date): string {
  const period = (tls.renewBeforeDays * 86_400_000) / 2;
  return stepScript({
    body: part("certificates"),
    settings: {
      install_dir: harbor.installDir,
      hostname,
      validity_days: tls.validityDays,
      renew_before_days: tls.renewBeforeDays,
      renewal_check: Math.floor(now.getTime() / period),
    },
    seconds: harbor.timeouts.step,
  });
}

/**
 * Installs the configuration, runs `prepare` where it changed, and starts Harbor.
 *
 * @param serverCertificate fingerprint of the server certificate, where there is one
 */
export function startScript(machine: HarborMachine, passwords: Passwords, serverCertificate: string): string {
  const { tls, harbor } = machine;
  return stepScript({
    body: part("start"),
    settings: {
      install_dir: harbor.installDir,
      data_dir: harbor.dataDir,
      version: harbor.version,
      harbor_yml: renderHarborYml({ ...machine, ...passwords }),
      compose_override: renderComposeOverride(tls, harbor),
      database_password: passwords.databasePassword,
      server_certificate: serverCertificate,
    },
    seconds: harbor.timeouts.step,
  });
}

/** How long the step on health may take beyond the wait itself, seconds: signing in, and asking for last words. */
const afterHealth = 60;

export function healthSeconds({ timeouts }: HarborSettings): number {
  return timeouts.health + afterHealth;
}

/**
 * Waits until Harbor is healthy, asked from the machine itself, and until it takes the admin's password.
 *
 * @param started changes whenever Harbor was started anew
 */
export function healthScript(
  { hostname, tls, harbor }: HarborMachine,
  passwords: Passwords,
  started: string,
): string {
  const { scheme, port } = harborEndpoint(hostname, tls, harbor);
  return stepScript({
    body: part("health"),
    settings: {
      install_dir: harbor.installDir,
      data_dir: harbor.dataDir,
      base_url: `${scheme}://${bracketed(hostname)}:${port}`,
      connect_to: `::${bracketed(reachableFromMachine(harbor.listenAddress))}:${port}`,
      ca_file: tls.mode === "self-signed" ? `${harbor.installDir}/tls/ca.crt` : "",
      health_seconds: harbor.timeouts.health,
      admin_password: passwords.adminPassword,
      database_password: passwords.databasePassword,
      started,
    },
    seconds: healthSeconds(harbor),
  });
}

function reachableFromMachine(listenAddress: string): string {
  if (listenAddress === "0.0.0.0") return "127.0.0.1";
  return listenAddress === "::" ? "::1" : listenAddress;
}

function dataVolume({ dataVolume: volume }: HarborSettings) {
  return { data_device: volume?.device ?? "", data_fs_type: volume?.fsType ?? "" };
}

function proxy({ proxy: settings }: HarborSettings) {
  return {
    http_proxy_url: settings?.httpProxy ?? "",
    https_proxy_url: settings?.httpsProxy ?? "",
    no_proxy_list: settings?.noProxy.join(",") ?? "",
  };
}

function part(name: string): string {
  return readFileSync(new URL(`./steps/${name}.sh`, import.meta.url), "utf8");
}
