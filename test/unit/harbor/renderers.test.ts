import { describe, expect, it } from "vitest";
import { parse, parseDocument } from "yaml";
import { renderComposeOverride } from "../../../components/harbor/compose-override.ts";
import { harborEndpoint } from "../../../components/harbor/endpoint.ts";
import { renderHarborYml } from "../../../components/harbor/harbor-yml.ts";
import { OutputError } from "../../../components/host/output-error.ts";
import type { Tls } from "../../../config/settings.ts";
import { parseHarborYml } from "../../../lab/harbor/harbor-yml.ts";
import { exampleMachine, exampleSettings, passwords } from "./example-machine.ts";

const selfSigned: Tls = { mode: "self-signed", validityDays: 365, renewBeforeDays: 30 };

describe("harbor.yml", () => {
  it("has every key that prepare needs, and no https without certificates", () => {
    expect(renderHarborYml({ ...exampleMachine(), ...passwords })).toBe(`_version: 2.15.0
hostname: registry.example.com
external_url: http://registry.example.com
http:
  port: 80
harbor_admin_password: Admin-Secret-1
database:
  password: Database-Secret-2
  max_idle_conns: 100
  max_open_conns: 900
  conn_max_lifetime: 5m
  conn_max_idle_time: 0
data_volume: /data
jobservice:
  max_job_workers: 10
  max_job_duration_hours: 24
  job_loggers:
    - STD_OUTPUT
    - FILE
  logger_sweeper_duration: 1
notification:
  webhook_job_max_retry: 3
  webhook_job_http_client_timeout: 3
log:
  level: info
  local:
    rotate_count: 10
    rotate_size: 100M
    location: /data/log
metric:
  enabled: false
  port: 9090
  path: /metrics
upload_purging:
  enabled: true
  age: 168h
  interval: 24h
  dryrun: false
cache:
  enabled: false
  expire_hours: 24
`);
  });

  it("is plain HTTP on loopback's port behind an edge, with the edge's URL as its external one", () => {
    const harbor = exampleSettings({ httpsPort: 8443, loopbackPort: 9080 });
    const parsed: unknown = parse(
      renderHarborYml({ hostname: "reg", tls: selfSigned, harbor, ...passwords }),
    );
    expect(parsed).toMatchObject({ external_url: "https://reg:8443", http: { port: 9080 } });
    expect(parsed).not.toHaveProperty("https");
    expect(() =>
      parseHarborYml(renderHarborYml({ hostname: "reg", tls: selfSigned, harbor, ...passwords })),
    ).not.toThrow();
  });

  it("gives the outgoing proxy and the options", () => {
    const harbor = exampleSettings({
      version: "2.14.3",
      proxy: {
        httpsProxy: "http://proxy:3128",
        noProxy: ["10.0.0.0/8", ".corp"],
        components: ["core", "jobservice"],
      },
      metrics: { enabled: true, port: 9091, path: "/m" },
      cache: { enabled: true, expireHours: 6 },
      uploadPurging: { enabled: true, age: "24h", interval: "12h", dryRun: true },
      logLevel: "debug",
    });
    const parsed: unknown = parse(renderHarborYml({ ...exampleMachine(), harbor, ...passwords }));
    expect(parsed).toMatchObject({
      _version: "2.14.0",
      proxy: {
        http_proxy: null,
        https_proxy: "http://proxy:3128",
        no_proxy: "10.0.0.0/8,.corp",
        components: ["core", "jobservice"],
      },
      metric: { enabled: true, port: 9091, path: "/m" },
      cache: { enabled: true, expire_hours: 6 },
      upload_purging: { enabled: true, age: "24h", interval: "12h", dryrun: true },
      log: { level: "debug" },
    });
  });

  it("has the scanner's settings where it is wanted, and not a word of it else", () => {
    const trivy = {
      enabled: true,
      ignoreUnfixed: true,
      skipUpdate: true,
      offlineScan: true,
      timeoutMinutes: 9,
    };
    const text = renderHarborYml({ ...exampleMachine(), harbor: exampleSettings({ trivy }), ...passwords });
    expect(parse(text)).toMatchObject({
      trivy: {
        ignore_unfixed: true,
        skip_update: true,
        skip_java_db_update: true,
        offline_scan: true,
        security_check: "vuln",
        insecure: false,
        timeout: "9m0s",
      },
    });
    expect(() => parseHarborYml(text)).not.toThrow();
    expect(parse(renderHarborYml({ ...exampleMachine(), ...passwords }))).not.toHaveProperty("trivy");
  });

  describe("with a bucket", () => {
    const render = (rootDirectory?: string) =>
      renderHarborYml({
        ...exampleMachine({
          s3: {
            bucket: "layers",
            region: "eu-west-1",
            ...(rootDirectory !== undefined && { rootDirectory }),
          },
        }),
        ...passwords,
      });

    it("keeps layers there by the machine's role, and sends no client to S3", () => {
      expect(render("/harbor")).toContain(`
data_volume: /data
storage_service:
  s3:
    region: eu-west-1
    bucket: layers
    rootdirectory: /harbor
  redirect:
    disable: true
jobservice:
`);
      expect(() => parseHarborYml(render("/harbor"))).not.toThrow();
    });

    it("names no folder in it where none is given", () => {
      const parsed: unknown = parse(render());
      expect(parsed).toHaveProperty("storage_service.s3", { region: "eu-west-1", bucket: "layers" });
    });
  });

  it.each(["yes", "0123", "1e5", "0x1F", "null", "~", "12:30:45", "@at", "!tag", "*alias", "%d", "=", "-"])(
    "keeps the password %s a string for YAML 1.1, as prepare reads it",
    (password) => {
      const text = renderHarborYml({
        ...exampleMachine(),
        adminPassword: password,
        databasePassword: password,
      });
      for (const version of ["1.1", "1.2"] as const) {
        expect(parse(text, { version })).toMatchObject({
          harbor_admin_password: password,
          database: { password },
        });
      }
    },
  );

  it.each(["pa$$word", "it's", 'q"q', "a b", "a#b", "back\\slash", "line\nbreak", "ü", ""])(
    "refuses the password %j, which Harbor could not read back, without showing it",
    (password) => {
      const render = () => renderHarborYml({ ...exampleMachine(), ...passwords, adminPassword: password });
      expect(render).toThrow(/^harbor-cache:harbor\.adminPassword: Harbor can't read this password back/);
      // Many resources wait for it, and each would write its own words before another error's.
      expect(render).toThrow(OutputError);
      if (password !== "") expect(render).not.toThrow(password);
    },
  );
});

describe("docker-compose.override.yml", () => {
  it("replaces the published ports by the one on the wanted address", () => {
    const harbor = exampleSettings({ listenAddress: "127.0.0.1", httpPort: 8080 });
    expect(renderComposeOverride(harbor))
      .toBe(`# Made by harbor-cache; prepare leaves this file alone. Changes here are overwritten.

services:
  proxy:
    ports: !override
      - "127.0.0.1:8080:8080"
`);
  });

  it("publishes metrics too where they are on, and names nothing of an edge", () => {
    const metrics = { enabled: true, port: 9091, path: "/metrics" };
    const text = renderComposeOverride(exampleSettings({ listenAddress: "::", metrics }));
    const document = parseDocument(text, { customTags: [{ tag: "!override", collection: "seq" }] });
    expect(document.errors).toEqual([]);
    expect(document.toJS()).toEqual({ services: { proxy: { ports: ["[::]:80:8080", "[::]:9091:9090"] } } });
  });
});

describe("harborEndpoint", () => {
  it.each([
    ["reg.example.com", { mode: "none" }, 80, "http://reg.example.com", "reg.example.com"],
    ["reg.example.com", { mode: "none" }, 443, "http://reg.example.com:443", "reg.example.com:443"],
    ["reg.example.com", selfSigned, 443, "https://reg.example.com", "reg.example.com"],
    ["10.0.0.5", selfSigned, 8443, "https://10.0.0.5:8443", "10.0.0.5:8443"],
    ["fd00::1", { mode: "none" }, 8080, "http://[fd00::1]:8080", "[fd00::1]:8080"],
  ] as [string, Tls, number, string, string][])(
    "%s by %j on port %i is %s",
    (hostname, tls, port, url, registry) => {
      const ports = tls.mode === "none" ? { httpPort: port, httpsPort: 1 } : { httpPort: 1, httpsPort: port };
      expect(harborEndpoint(hostname, tls, ports)).toEqual({
        scheme: tls.mode === "none" ? "http" : "https",
        host: hostname,
        port,
        registry,
        url,
      });
    },
  );
});
