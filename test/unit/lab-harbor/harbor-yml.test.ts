import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { HarborYmlError, parseHarborYml } from "../../../lab/harbor/harbor-yml.ts";

const GOOD = `
_version: 2.15.0
hostname: harbor.example.com
http: {port: 8080}
harbor_admin_password: Harbor12345
database: {password: root123}
data_volume: /data
jobservice: {max_job_workers: 10, job_loggers: [STD_OUTPUT, FILE], logger_sweeper_duration: 1}
notification: {webhook_job_max_retry: 3, webhook_job_http_client_timeout: 3}
log: {level: info, local: {rotate_count: 50, rotate_size: 200M, location: /var/log/harbor}}
`;

const purging = { enabled: true, age: "168h", interval: "2h", dryrun: false };

function changed(change: Record<string, unknown>): string {
  return stringify({ ...(parse(GOOD) as object), ...change });
}

function problems(text: string): readonly string[] {
  try {
    parseHarborYml(text);
  } catch (error) {
    if (error instanceof HarborYmlError) return error.problems;
    throw error;
  }
  return [];
}

test("a good file is read", () => {
  expect(parseHarborYml(GOOD)).toEqual({
    hostname: "harbor.example.com",
    externalUrl: "http://harbor.example.com:8080",
    adminPassword: "Harbor12345",
    dataVolume: "/data",
    httpPort: 8080,
  });
});

test("upload purging by whole hours is read", () => {
  expect(problems(changed({ upload_purging: purging }))).toEqual([]);
});

test("https and external_url decide the external URL", () => {
  const https = { port: 443, certificate: "/data/cert/server.crt", private_key: "/data/cert/server.key" };
  expect(parseHarborYml(changed({ https }))).toMatchObject({
    externalUrl: "https://harbor.example.com",
    https: { port: 443, certificate: "/data/cert/server.crt", privateKey: "/data/cert/server.key" },
  });
  const external = parseHarborYml(changed({ https, external_url: "https://other.example.com:8443/" }));
  expect(external.externalUrl).toBe("https://other.example.com:8443");
});

describe("what the real prepare refuses is refused", () => {
  test.each([
    ["_version", { _version: "2.14.0" }],
    ["_version", { _version: undefined }],
    ["hostname", { hostname: "127.0.0.1" }],
    ["hostname", { hostname: "reg.mydomain.com" }],
    ["hostname", { hostname: undefined }],
    ["external_url", { external_url: "harbor.example.com" }],
    ["harbor_admin_password", { harbor_admin_password: undefined }],
    ["data_volume", { data_volume: undefined }],
    ["database", { database: undefined }],
    ["jobservice", { jobservice: undefined }],
    ["jobservice.job_loggers", { jobservice: { max_job_workers: 10, logger_sweeper_duration: 1 } }],
    ["notification.webhook_job_http_client_timeout", { notification: { webhook_job_max_retry: 3 } }],
    ["log.level", { log: { local: {} } }],
    ["log.level", { log: { level: "loud" } }],
    ["https.certificate", { https: { certificate: "/your/certificate/path", private_key: "/k" } }],
    ["https.private_key", { https: { certificate: "/c", private_key: "/your/private/key/path" } }],
    ["https.certificate", { https: { port: 443, private_key: "/k" } }],
    ["proxy.no_proxy", { proxy: { no_proxy: ["a"], components: [] } }],
    ["storage_service.s3.region", { storage_service: { s3: { bucket: "layers" } } }],
    ["storage_service.s3.bucket", { storage_service: { s3: { region: "eu-west-1" } } }],
    ["storage_service.redirect.disable", { storage_service: { redirect: { disabled: true } } }],
    ["upload_purging.age", { upload_purging: { ...purging, age: "7d" } }],
    ["upload_purging.age", { upload_purging: { ...purging, age: "1h" } }],
    ["upload_purging.interval", { upload_purging: { ...purging, interval: "1h" } }],
    ["upload_purging.interval", { upload_purging: { ...purging, interval: "24" } }],
    ["upload_purging.interval", { upload_purging: { ...purging, interval: "1.5h" } }],
    ["metric.path", { metric: { enabled: true, port: 9090 } }],
  ])("%s in %j", (path, change) => {
    const found = problems(changed(change));
    expect(found.map((problem) => problem.split(":", 1)[0])).toEqual([path]);
  });

  test("all problems come at once, and none shows a value", () => {
    const found = problems(changed({ hostname: "127.0.0.1", data_volume: "data", log: undefined }));
    expect(found).toHaveLength(3);
    expect(found.join("\n")).not.toContain("Harbor12345");
  });

  test.each(["", "- a list", "{"])("%j is no harbor.yml", (text) => {
    expect(problems(text).length).toBeGreaterThan(0);
  });
});
