import { readFileSync } from "node:fs";
import type { EdgeSettings, HarborSettings, Tls } from "../../config/settings.ts";
import { edgeFiles, type ChallengeCredentials } from "../edge/edge-files.ts";
import type { EdgeMachine, EdgeObjects } from "../edge/edge-machine.ts";
import { stepScript } from "../host/step-script.ts";
import { renderComposeOverride } from "./compose-override.ts";
import { bracketed, harborEndpoint, reachableFromMachine } from "./endpoint.ts";
import { renderHarborYml } from "./harbor-yml.ts";

/** What the steps on the Harbor machine are made of; secrets are plain text here. */
export interface HarborMachine {
  readonly hostname: string;
  readonly tls: Tls;
  readonly harbor: HarborSettings;
  readonly edge: EdgeSettings;
}

/** The block device for `dataDir`. */
export interface DataVolume {
  readonly device: string;
  readonly fsType: "ext4" | "xfs";
  /** The device is waited for until it has this size. Default: it has the size that it has. */
  readonly sizeGiB?: number;
}

export interface Passwords {
  readonly adminPassword: string;
  readonly databasePassword: string;
}

/** What stands before Harbor, with all that is only known when the machine is there. */
export interface Front {
  readonly objects: EdgeObjects;
  /** Fingerprint of the server certificate; empty where Traefik gets it itself. */
  readonly certificate: string;
  readonly credentials: ChallengeCredentials | undefined;
}

/** The machine as the edge's parts see it; undefined where Harbor has no edge. */
export function edgeMachine({ tls, ...rest }: HarborMachine): EdgeMachine | undefined {
  return tls.mode === "none" ? undefined : { ...rest, tls };
}

/**
 * Checks that the machine can become Harbor, and reports everything that is missing at once.
 *
 * @param user who signs in; with an edge it has to reach Docker without sudo
 */
export function prerequisitesScript(
  { tls, harbor }: HarborMachine,
  user: string,
  volume?: DataVolume,
): string {
  return stepScript({
    body: part("proxy") + part("prerequisites"),
    settings: {
      data_dir: harbor.dataDir,
      ...dataVolume(volume),
      min_cpus: harbor.requirements.cpus,
      min_memory_gib: harbor.requirements.memoryGiB,
      min_disk_gib: harbor.requirements.diskGiB,
      openssl: tls.mode === "self-signed" || tls.mode === "provided",
      cosign: harbor.installer.cosign,
      docker_user: tls.mode === "none" ? "" : user,
      install_docker: harbor.installDocker,
      os_release: "/etc/os-release",
      ...proxy(harbor),
    },
    seconds: harbor.timeouts.step,
  });
}

/** Files of the system that mount the data volume. */
const systemFiles = { fstab: "/etc/fstab", units: "/etc/systemd/system" };

/** Mounts and grows the data volume and claims Harbor's folders; `down` removes what is not to be kept. */
export function directoriesScript(
  { tls, harbor }: HarborMachine,
  volume?: DataVolume,
  files = systemFiles,
): string {
  return stepScript({
    body: part("data-volume") + part("directories"),
    settings: {
      install_dir: harbor.installDir,
      data_dir: harbor.dataDir,
      ...dataVolume(volume),
      ...files,
      edge: tls.mode !== "none",
      purge_data: harbor.purgeData,
    },
    seconds: harbor.timeouts.step,
  });
}

/** `down` stops Harbor; `up` does nothing, so that it is there to be undone before Harbor is started. */
export function stopScript({ harbor }: HarborMachine): string {
  return stepScript({
    body: part("stop"),
    settings: { install_dir: harbor.installDir },
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

/** Installs the configuration, runs `prepare` where it changed, and starts Harbor with its edge. */
export function startScript(machine: HarborMachine, passwords: Passwords, front?: Front): string {
  const { harbor } = machine;
  const before = edgeMachine(machine);
  const edge = before && front && { ...front, machine: before };
  const files = edgeFiles(edge);
  return stepScript({
    body: part("start"),
    settings: {
      install_dir: harbor.installDir,
      data_dir: harbor.dataDir,
      version: harbor.version,
      prepare_options: harbor.trivy.enabled ? "--with-trivy" : "",
      harbor_yml: renderHarborYml({ ...machine, ...passwords }),
      trusted_ca: harbor.caCertificate ?? "",
      compose_override: renderComposeOverride(harbor, edge),
      database_password: passwords.databasePassword,
      storage: storageOf(harbor),
      tls_yml: files["tls.yml"],
      acme_env: files["acme.env"],
      acme_ca: files["acme-ca.crt"],
    },
    seconds: harbor.timeouts.step,
  });
}

/** Where the layers lie that the database names, as the machine records it beside the data. */
function storageOf({ s3 }: HarborSettings): string {
  return s3 === undefined ? "dir" : `s3:${s3.bucket}${s3.rootDirectory ?? ""}`;
}

/** How long the step on health may take beyond the wait itself, seconds: signing in, and asking for last words. */
const afterHealth = 60;

export function healthSeconds({ timeouts }: HarborSettings): number {
  return timeouts.health + afterHealth;
}

/**
 * Waits until Harbor itself is healthy, asked from the machine and past its edge, until it takes the admin's password, and
 * proves that its bucket takes layers where it has one.
 *
 * @param started changes whenever Harbor was started anew
 */
export function healthScript(machine: HarborMachine, passwords: Passwords, started: string): string {
  const { hostname, tls, harbor } = machine;
  const [address, port] =
    tls.mode === "none" ? [harbor.listenAddress, harbor.httpPort] : ["127.0.0.1", harbor.loopbackPort];
  return stepScript({
    body: part("await-health") + part("health"),
    settings: {
      install_dir: harbor.installDir,
      data_dir: harbor.dataDir,
      base_url: `http://${bracketed(hostname)}:${port}`,
      connect_to: `::${bracketed(reachableFromMachine(address))}:${port}`,
      ca_file: "",
      health_seconds: harbor.timeouts.health,
      version: harbor.version,
      bucket: harbor.s3?.bucket ?? "",
      admin_password: passwords.adminPassword,
      database_password: passwords.databasePassword,
      url: harborEndpoint(hostname, tls, harbor).url,
      started,
    },
    seconds: healthSeconds(harbor),
  });
}

/**
 * Waits until Harbor answers through its edge, with a certificate that proves its hostname.
 *
 * @param caCertificate PEM to trust; undefined: what the machine trusts
 * @param started changes whenever Harbor was started anew
 */
export function edgeHealthScript(
  { hostname, tls, harbor }: HarborMachine,
  caCertificate: string | undefined,
  started: string,
): string {
  const { url, port } = harborEndpoint(hostname, tls, harbor);
  return stepScript({
    body: part("await-health") + part("work-folder") + part("edge-health"),
    settings: {
      install_dir: harbor.installDir,
      base_url: url,
      connect_to: `::${bracketed(reachableFromMachine(harbor.listenAddress))}:${port}`,
      ca_certificate: caCertificate ?? "",
      health_seconds: harbor.timeouts.health,
      started,
    },
    seconds: healthSeconds(harbor),
  });
}

function dataVolume(volume: DataVolume | undefined) {
  return {
    data_device: volume?.device ?? "",
    data_fs_type: volume?.fsType ?? "",
    data_size_gib: volume?.sizeGiB ?? "",
  };
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
