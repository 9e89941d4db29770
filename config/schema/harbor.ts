/** Harbor on its machine. */
import { certificates } from "./certificate.ts";
import { fileUrl, listenAddress, port, url } from "./network.ts";
import { absolutePath, device, duration, harborVersion, ownFolder, sha256 } from "./quantity.ts";
import { s3 } from "./s3.ts";
import { databasePassword, harborPassword } from "./secret.ts";
import { choice, flag, integer, list, mapping, number, text } from "./value.ts";

const installerUrl = fileUrl(
  ["https", "http", "file"],
  "https://files.example.com/harbor-offline-installer-v2.15.2.tgz",
);
const proxyUrl = url(
  ["http", "https"],
  "http://proxy.example.com:3128",
  "must have no user and password in it, which Harbor's containers would show: let the proxy know the machine by its " +
    "address, or name a proxy on the machine that signs in there",
);
const seconds = (example: number) => integer(10, 7200, String(example)).default(example);

const installer = mapping("{ sha256: … }", {
  url: installerUrl
    .exactOptional()
    .describe(
      "Where the machine fetches the package (https, http or file); may be a signed URL. Default: GitHub's online installer.",
    ),
  sha256: sha256
    .exactOptional()
    .describe("Hex sha256 of the package: the simplest check, and needs no program."),
  cosign: flag()
    .exactOptional()
    .describe(
      "Verify URL.sigstore.json with cosign on the machine. Default: true where neither sha256 nor url is given.",
    ),
});

export const harbor = mapping("{ version: 2.15.2 }", {
  version: harborVersion.default("2.15.2").describe("Harbor's version without v, default 2.15.2."),
  installer: installer.prefault({}).describe("Where Harbor's installer comes from and how it is verified."),
  installDir: ownFolder("/opt/harbor")
    .default("/opt/harbor")
    .describe("Harbor's compose files, default /opt/harbor."),
  dataDir: ownFolder("/data").default("/data").describe("Images and database, default /data."),
  dataVolume: mapping("{ device: /dev/disk/by-id/scsi-0QEMU_data }", {
    device: device.describe("A block device, best under /dev/disk/by-id."),
    fsType: choice(["ext4", "xfs"])
      .default("ext4")
      .describe("File system, made only on a blank device. Default ext4."),
  })
    .exactOptional()
    .describe("A block device to mount at dataDir. Default: dataDir is a folder."),
  s3: s3
    .exactOptional()
    .describe("An S3 bucket for layers, by the role of a machine on AWS. Default: they lie in dataDir."),
  caCertificate: certificates
    .exactOptional()
    .describe(
      "PEM, CAs that Harbor's containers trust besides the public ones, such as the login's issuer's.",
    ),
  listenAddress: listenAddress.default("0.0.0.0"),
  httpPort: port.default(80).describe("Default 80."),
  httpsPort: port.default(443).describe("Default 443; used where TLS is not `none`."),
  loopbackPort: port
    .default(8080)
    .describe(
      "Harbor's own port behind the edge, on 127.0.0.1 only; used where TLS is not `none`. Default 8080.",
    ),
  adminPassword: harborPassword
    .exactOptional()
    .describe("Password of Harbor's user admin, a secret. Default: one is made."),
  databasePassword: databasePassword
    .exactOptional()
    .describe("Password of Harbor's own database, a secret. Default: one is made."),
  installDocker: flag()
    .default(false)
    .describe("Install Docker by the distribution's packages where it is missing. Default false."),
  requirements: mapping("{ cpus: 2, memoryGiB: 4, diskGiB: 40 }", {
    cpus: integer(1, 1024, "2").default(2).describe("Default 2."),
    memoryGiB: number(0, 65536, "4").default(4).describe("Default 4."),
    diskGiB: number(0, 1048576, "40").default(40).describe("At dataDir, default 40."),
  })
    .prefault({})
    .describe("What the machine must have."),
  metrics: mapping("{ enabled: true }", {
    enabled: flag().default(false).describe("Default false."),
    port: port.default(9090).describe("Default 9090."),
    path: absolutePath.default("/metrics").describe("Default /metrics."),
  })
    .prefault({})
    .describe("Harbor's own metrics for Prometheus."),
  cache: mapping("{ enabled: true, expireHours: 24 }", {
    enabled: flag().default(false).describe("Default false."),
    expireHours: integer(1, 8760, "24").default(24).describe("Default 24."),
  })
    .prefault({})
    .describe("Harbor's cache of manifests and metadata in Redis."),
  uploadPurging: mapping("{ age: 168h, interval: 24h }", {
    enabled: flag().default(true).describe("Default true."),
    age: duration.default("168h").describe("Uploads older than this go, default 168h."),
    interval: duration.default("24h").describe("How often, default 24h."),
    dryRun: flag().default(false).describe("Only log. Default false."),
  })
    .prefault({})
    .describe("Uploads that were broken off are deleted."),
  trivy: mapping("{ enabled: true }", {
    enabled: flag().default(false).describe("Default false: see docs/operating.md."),
    ignoreUnfixed: flag().default(false).describe("Leave out what no update fixes. Default false."),
    skipUpdate: flag()
      .default(false)
      .describe("Never download its database, for machines without internet. Default false."),
    offlineScan: flag().default(false).describe("Ask no outside service about dependencies. Default false."),
    timeoutMinutes: integer(1, 120, "5").default(5).describe("Of one scan, default 5."),
  })
    .prefault({})
    .describe("Harbor's scanner for vulnerabilities."),
  proxy: mapping("{ httpsProxy: http://proxy.example.com:3128 }", {
    httpProxy: proxyUrl.exactOptional().describe("For http upstreams."),
    httpsProxy: proxyUrl.exactOptional().describe("For https upstreams."),
    noProxy: list(
      "[.example.com, 10.0.0.0/8]",
      text(".example.com", (value) =>
        /^[^\s,]+$/.test(value) ? undefined : "must be one host, domain or network",
      ),
    )
      .default([])
      .describe("Hosts, domains and networks that are asked directly."),
    components: list("[core, jobservice]", choice(["core", "jobservice", "trivy"]))
      .default(["core", "jobservice"])
      .describe("Harbor's components that use it, default core and jobservice."),
  })
    .refine((proxy) => proxy.httpProxy !== undefined || proxy.httpsProxy !== undefined, {
      error: "needs httpProxy or httpsProxy; for example: { httpsProxy: http://proxy.example.com:3128 }",
    })
    .exactOptional()
    .describe("Outgoing HTTP proxy of Harbor's components."),
  logLevel: choice(["debug", "info", "warning", "error", "fatal"]).default("info").describe("Default info."),
  purgeData: flag().default(false).describe("Delete what is in dataDir at destroy. Default false."),
  timeouts: mapping("{ step: 900, health: 300 }", {
    step: seconds(900).describe("Each step on the machine, image downloads included. Default 900."),
    health: seconds(300).describe("Until Harbor is healthy after a start. Default 300."),
  })
    .prefault({})
    .describe("Seconds."),
}).transform((settings) => ({ ...settings, installer: verified(settings) }));

/** GitHub's releases have a signature beside them; of an own URL nobody knows. */
function verified({
  version,
  installer: { url: own, sha256: digest, cosign },
}: {
  readonly version: string;
  readonly installer: { readonly url?: string; readonly sha256?: string; readonly cosign?: boolean };
}) {
  const release = `https://github.com/goharbor/harbor/releases/download/v${version}`;
  return {
    url: own ?? `${release}/harbor-online-installer-v${version}.tgz`,
    ...(digest !== undefined && { sha256: digest }),
    cosign: cosign ?? (digest === undefined && own === undefined),
  };
}
