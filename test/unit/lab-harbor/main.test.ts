import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { stringify } from "yaml";
import { readAll, send } from "../../../lab/upstream/http-client.ts";

const MAIN = path.join(import.meta.dirname, "../../../lab/harbor/main.ts");
const TLS = path.join(import.meta.dirname, "../../fixtures/tls");
const LINE =
  /^harbor stand-in listening http=(http:\/\/127\.0\.0\.1:\d+)(?: https=(https:\/\/127\.0\.0\.1:\d+))? pid=\d+\n$/;

// Each test starts a process; a busy machine takes its time for that.
vi.setConfig({ testTimeout: 30_000 });

let dir: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), "harbor-main-"));
});
afterEach(() => {
  child?.kill("SIGKILL");
  rmSync(dir, { recursive: true, force: true });
});

function writeYml(change: object = {}): string {
  const file = path.join(dir, "harbor.yml");
  const yml = {
    _version: "2.15.0",
    hostname: "localhost",
    harbor_admin_password: "Harbor12345",
    database: { password: "root123" },
    data_volume: path.join(dir, "data"),
    jobservice: { max_job_workers: 10, job_loggers: ["STD_OUTPUT"], logger_sweeper_duration: 1 },
    notification: { webhook_job_max_retry: 3, webhook_job_http_client_timeout: 3 },
    log: { level: "info" },
    ...change,
  };
  writeFileSync(file, stringify(yml), { mode: 0o600 });
  return file;
}

/** Runs main.ts until it ends or, where `until` is given, until its output matches. */
async function run(
  args: string[],
  until?: RegExp,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const started = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  child = started;
  let stdout = "";
  let stderr = "";
  return new Promise((resolve) => {
    const end = (code: number | null): void => {
      resolve({ code, stdout, stderr });
    };
    started.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      if (until?.test(stdout) === true) end(null);
    });
    started.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    started.on("close", end);
  });
}

async function terminate(): Promise<number | null> {
  const running = child;
  if (running === undefined) throw new Error("nothing runs");
  return new Promise((resolve) => {
    running.on("exit", resolve);
    running.kill("SIGTERM");
  });
}

test("it serves what harbor.yml says and ends in peace", async () => {
  const { stdout } = await run(["--harbor-yml", writeYml(), "--listen", "127.0.0.1:0"], LINE);
  const [, url = ""] = LINE.exec(stdout) ?? [];
  expect(await (await fetch(`${url}/api/v2.0/ping`)).json()).toBe("Pong");
  expect(await terminate()).toBe(0);
  expect(readFileSync(path.join(dir, "data/log/proxy.log"), "utf8")).toContain(
    '"GET /api/v2.0/ping HTTP/1.1" 200',
  );
});

test("with a certificate it serves TLS, and plain HTTP leads there", async () => {
  const ca = readFileSync(path.join(TLS, "localhost.crt"), "utf8");
  const https = {
    port: 8443,
    certificate: path.join(TLS, "localhost.crt"),
    private_key: path.join(TLS, "localhost.key"),
  };
  const args = [
    "--harbor-yml",
    writeYml({ https }),
    "--listen",
    "127.0.0.1:0",
    "--listen-https",
    "127.0.0.1:0",
  ];
  const { stdout } = await run(args, LINE);
  const [, plain = "", secure = ""] = LINE.exec(stdout) ?? [];
  const answer = await send(new URL(`${secure}/v2/`), {}, { ca });
  expect((await readAll(answer.body)).toString()).toContain("UNAUTHORIZED");
  expect(answer.headers["www-authenticate"]).toContain('realm="https://localhost:8443/service/token"');
  const redirect = await fetch(`${plain}/v2/`, { redirect: "manual" });
  expect([redirect.status, redirect.headers.get("location")]).toEqual([308, "https://localhost:8443/v2/"]);
});

test("a harbor.yml that prepare would refuse is refused, with every problem and no secret", async () => {
  const args = ["--harbor-yml", writeYml({ hostname: "127.0.0.1", log: {} }), "--listen", "127.0.0.1:0"];
  const { code, stdout, stderr } = await run(args);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("harbor stand-in: hostname: 127.0.0.1 can not be the hostname\n");
  expect(stderr).toContain("harbor stand-in: log.level: ");
  expect(stderr).not.toContain("Harbor12345");
  expect(existsSync(path.join(dir, "data"))).toBe(false);
});

test.each([
  { args: [], message: "--harbor-yml is missing" },
  { args: ["--nonsense"], message: "--nonsense" },
  { args: ["--harbor-yml", "HARBOR_YML", "--listen", "8080"], message: "not HOST:PORT: 8080" },
  { args: ["--harbor-yml", "HARBOR_YML", "--listen-https", "127.0.0.1:0"], message: "no https section" },
])("wrong usage $args ends with 2", async ({ args, message }) => {
  const file = writeYml();
  const { code, stderr } = await run(args.map((arg) => (arg === "HARBOR_YML" ? file : arg)));
  expect(stderr).toContain(message);
  expect(code).toBe(2);
});
