import { stringify } from "yaml";
import { passwordCharacters } from "../../config/schema/secret.ts";
import type { HarborSettings, Tls } from "../../config/settings.ts";
import { OutputError } from "../host/output-error.ts";
import { harborEndpoint } from "./endpoint.ts";

export interface HarborYmlArgs {
  readonly hostname: string;
  readonly tls: Tls;
  readonly harbor: HarborSettings;
  readonly adminPassword: string;
  readonly databasePassword: string;
}

/** Where Harbor's machine has what nginx before Harbor was asked, pulls among them. */
export function accessLogPath(harbor: Pick<HarborSettings, "dataDir">): string {
  return `${logFolder(harbor)}/proxy.log`;
}

function logFolder({ dataDir }: Pick<HarborSettings, "dataDir">): string {
  return `${dataDir}/log`;
}

/**
 * harbor.yml with every key that `prepare` of Harbor 2.15 needs, and none of the template's placeholders.
 *
 * @throws OutputError for a password that Harbor would not read as it stands. The password is not in the message.
 */
export function renderHarborYml({
  hostname,
  tls,
  harbor,
  adminPassword,
  databasePassword,
}: HarborYmlArgs): string {
  checkPassword("adminPassword", adminPassword);
  checkPassword("databasePassword", databasePassword);
  return stringify(
    {
      // The format's version, which changes with Harbor's minor versions only.
      _version: harbor.version.replace(/^(\d+\.\d+)\..*$/, "$1.0"),
      hostname,
      external_url: harborEndpoint(hostname, tls, harbor).url,
      // No https: behind the edge it is the edge that ends TLS.
      http: { port: tls.mode === "none" ? harbor.httpPort : harbor.loopbackPort },
      harbor_admin_password: adminPassword,
      database: {
        password: databasePassword,
        max_idle_conns: 100,
        max_open_conns: 900,
        conn_max_lifetime: "5m",
        conn_max_idle_time: 0,
      },
      data_volume: harbor.dataDir,
      ...storageService(harbor),
      jobservice: {
        max_job_workers: 10,
        max_job_duration_hours: 24,
        job_loggers: ["STD_OUTPUT", "FILE"],
        logger_sweeper_duration: 1,
      },
      notification: { webhook_job_max_retry: 3, webhook_job_http_client_timeout: 3 },
      log: {
        level: harbor.logLevel,
        local: { rotate_count: 10, rotate_size: "100M", location: logFolder(harbor) },
      },
      ...(harbor.trivy.enabled ? { trivy: scanner(harbor.trivy) } : {}),
      ...(harbor.proxy === undefined ? {} : { proxy: outgoingProxy(harbor.proxy) }),
      metric: harbor.metrics,
      upload_purging: {
        enabled: harbor.uploadPurging.enabled,
        age: harbor.uploadPurging.age,
        interval: harbor.uploadPurging.interval,
        dryrun: harbor.uploadPurging.dryRun,
      },
      cache: { enabled: harbor.cache.enabled, expire_hours: harbor.cache.expireHours },
    },
    // `prepare` reads YAML 1.1: what is a number or a boolean there has to be quoted.
    { version: "1.1", lineWidth: 0 },
  );
}

/** Where the CAs lie that `prepare` hands to all containers. */
export const trustedCaPath = ({ installDir }: HarborSettings): string => `${installDir}/trusted-ca.crt`;

function storageService(harbor: HarborSettings) {
  if (harbor.s3 === undefined && harbor.caCertificate === undefined) return {};
  return {
    storage_service: {
      ...(harbor.s3 !== undefined && bucketStorage(harbor.s3)),
      // In spite of its place it is for every container, core with the login among them.
      ...(harbor.caCertificate !== undefined && { ca_bundle: trustedCaPath(harbor) }),
    },
  };
}

/** Without keys: the registry then asks for the machine's role. Nodes need not reach S3, so Harbor hands the layers on. */
function bucketStorage({ region, bucket, rootDirectory }: NonNullable<HarborSettings["s3"]>) {
  return {
    s3: { region, bucket, ...(rootDirectory !== undefined && { rootdirectory: rootDirectory }) },
    redirect: { disable: true },
  };
}

function scanner({ ignoreUnfixed, skipUpdate, offlineScan, timeoutMinutes }: HarborSettings["trivy"]) {
  return {
    ignore_unfixed: ignoreUnfixed,
    skip_update: skipUpdate,
    skip_java_db_update: skipUpdate,
    offline_scan: offlineScan,
    security_check: "vuln",
    insecure: false,
    timeout: `${timeoutMinutes}m0s`,
  };
}

function outgoingProxy({ httpProxy, httpsProxy, noProxy, components }: NonNullable<HarborSettings["proxy"]>) {
  return {
    http_proxy: httpProxy ?? null,
    https_proxy: httpsProxy ?? null,
    no_proxy: noProxy.length === 0 ? null : noProxy.join(","),
    components,
  };
}

function checkPassword(setting: string, password: string): void {
  if (passwordCharacters.test(password)) return;
  throw new OutputError(
    `harbor-cache:harbor.${setting}: Harbor can't read this password back from its own files. ` +
      "Use letters, digits and ! % * + , - . / : = ? @ ^ _ ~ only.",
  );
}
