/** harbor.yml as Harbor's `prepare` reads it. Strict: what the real one would refuse is refused, all problems at once. */
import { parse } from "yaml";
import { z } from "zod";

/** The `_version` of Harbor 2.15's harbor.yml. */
export const HARBOR_YML_VERSION = "2.15.0";
const PLACEHOLDER_CERTIFICATE = "/your/certificate/path";
const PLACEHOLDER_KEY = "/your/private/key/path";

const port = z.int().min(1).max(65535);
const absolutePath = z.string().startsWith("/", "must be an absolute path");
const notPlaceholder = (placeholders: readonly string[]) =>
  absolutePath.refine((text) => !placeholders.includes(text), "is still the template's placeholder");
const required = z.string().min(1, "must not be empty");
const wholeHours = z
  .string()
  .refine(
    (text) => Number(/^(\d+)h$/.exec(text)?.[1]) >= 2,
    "must be whole hours such as 168h, not less than 2h",
  );

/** The registry's own configuration; `prepare` hands it on, and the registry doesn't start without these two. */
const bucket = z.looseObject({ region: required, bucket: required, rootdirectory: z.string().optional() });
/** `disable` since Harbor 2.8; `prepare` breaks off without it. */
const redirect = z.looseObject({ disable: z.boolean() });

/** Required is what `prepare` has no default for. */
const schema = z.looseObject({
  _version: z.literal(HARBOR_YML_VERSION),
  hostname: required
    .refine((name) => name !== "127.0.0.1", "127.0.0.1 can not be the hostname")
    .refine((name) => name !== "reg.mydomain.com", "is still the template's placeholder"),
  external_url: z.url({ protocol: /^https?$/ }).optional(),
  http: z.looseObject({ port: port.default(80) }).nullish(),
  https: z
    .looseObject({
      port: port.default(443),
      certificate: notPlaceholder([PLACEHOLDER_CERTIFICATE]),
      private_key: notPlaceholder([PLACEHOLDER_CERTIFICATE, PLACEHOLDER_KEY]),
    })
    .nullish(),
  harbor_admin_password: required,
  database: z.looseObject({ password: required }).optional(),
  data_volume: absolutePath,
  storage_service: z
    .looseObject({ s3: bucket.optional(), redirect: redirect.optional(), ca_bundle: absolutePath.optional() })
    .nullish(),
  jobservice: z.looseObject({
    max_job_workers: z.int().positive(),
    job_loggers: z.array(z.enum(["STD_OUTPUT", "FILE", "DB"])).min(1),
    logger_sweeper_duration: z.int().positive(),
  }),
  notification: z.looseObject({
    webhook_job_max_retry: z.int().nonnegative(),
    webhook_job_http_client_timeout: z.int().nonnegative(),
  }),
  log: z.looseObject({
    level: z.enum(["debug", "info", "warning", "error", "fatal"]),
    local: z.looseObject({ location: absolutePath.optional() }).optional(),
  }),
  trivy: z
    .looseObject({
      ignore_unfixed: z.boolean().optional(),
      skip_update: z.boolean().optional(),
      skip_java_db_update: z.boolean().optional(),
      offline_scan: z.boolean().optional(),
      insecure: z.boolean().optional(),
      timeout: z
        .string()
        .regex(/^\d+m\d+s$/, "must be a duration such as 5m0s")
        .optional(),
    })
    .nullish(),
  proxy: z
    .looseObject({
      http_proxy: z.string().nullish(),
      https_proxy: z.string().nullish(),
      no_proxy: z.string().nullish(),
      components: z.array(z.enum(["core", "jobservice", "trivy"])).nullish(),
    })
    .nullish(),
  metric: z.looseObject({ enabled: z.boolean(), port, path: z.string().startsWith("/") }).optional(),
  cache: z.looseObject({ enabled: z.boolean(), expire_hours: z.int().positive() }).optional(),
  upload_purging: z
    .looseObject({ enabled: z.boolean(), age: wholeHours, interval: wholeHours, dryrun: z.boolean() })
    .optional(),
  external_database: z.unknown().optional(),
});

export interface HarborYml {
  readonly hostname: string;
  /** With scheme, without a trailing slash. */
  readonly externalUrl: string;
  readonly adminPassword: string;
  readonly dataVolume: string;
  readonly httpPort: number;
  /** Paths are those of the machine. */
  readonly https?: { readonly port: number; readonly certificate: string; readonly privateKey: string };
  readonly metric?: { readonly enabled: boolean; readonly port: number; readonly path: string };
}

export class HarborYmlError extends Error {
  /** One line each: `key: what is wrong`. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`harbor.yml: ${problems.join("; ")}`);
    this.problems = problems;
  }
}

/** Throws HarborYmlError with every problem. */
export function parseHarborYml(text: string): HarborYml {
  const result = schema.safeParse(readYaml(text));
  if (!result.success) {
    throw new HarborYmlError(
      result.error.issues.map(
        ({ path, message }) => `${path.map(String).join(".") || "harbor.yml"}: ${message}`,
      ),
    );
  }
  const yml = result.data;
  if (yml.database === undefined && yml.external_database === undefined) {
    throw new HarborYmlError(["database: missing, and no external_database either"]);
  }
  const { hostname, https, metric } = yml;
  const httpPort = yml.http?.port ?? 80;
  const own = https ? address("https", hostname, https.port, 443) : address("http", hostname, httpPort, 80);
  return {
    hostname,
    externalUrl: (yml.external_url ?? own).replace(/\/+$/, ""),
    adminPassword: yml.harbor_admin_password,
    dataVolume: yml.data_volume,
    httpPort,
    ...(https
      ? { https: { port: https.port, certificate: https.certificate, privateKey: https.private_key } }
      : {}),
    ...(metric === undefined
      ? {}
      : { metric: { enabled: metric.enabled, port: metric.port, path: metric.path } }),
  };
}

function readYaml(text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch (error) {
    throw new HarborYmlError([
      `not YAML: ${error instanceof Error ? (error.message.split("\n", 1)[0] ?? "") : ""}`,
    ]);
  }
}

function address(scheme: string, hostname: string, port: number, usual: number): string {
  return port === usual ? `${scheme}://${hostname}` : `${scheme}://${hostname}:${port}`;
}
