import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";

import { loadProject } from "../../../lab/machine/docker/compose-file.ts";
import { DockerError } from "../../../lab/machine/docker/docker-error.ts";
import { freePort } from "../../../lab/free-port.ts";
import { run } from "../../../tools/run.ts";

const DOCKER = fileURLToPath(new URL("../../../lab/machine/bin/docker", import.meta.url));
const compose = z.object({ services: z.record(z.string(), z.object({ image: z.string() })) });
let machine: string;
let install: string;
let data: string;
let port: number;

beforeEach(async () => {
  machine = await mkdtemp(join(tmpdir(), "docker-stand-in-"));
  install = join(machine, "harbor");
  data = join(machine, "data");
  await mkdir(join(install, "input"), { recursive: true });
  await mkdir(data);
  port = await freePort();
});

afterEach(async () => {
  await docker("compose", "down");
  await rm(machine, { recursive: true });
});

const docker = (...args: string[]) =>
  run(DOCKER, args, { cwd: install, env: { ...process.env, LAB_MACHINE: machine }, timeout: 30 });

async function prepare(changes: string[] = [], remove = ""): Promise<Awaited<ReturnType<typeof docker>>> {
  const lines = [
    "_version: 2.15.0",
    "hostname: localhost",
    `external_url: http://localhost:${port}`,
    `http: { port: ${port} }`,
    "harbor_admin_password: Harbor12345",
    "database: { password: root123 }",
    `data_volume: ${data}`,
    "jobservice: { max_job_workers: 10, job_loggers: [STD_OUTPUT], logger_sweeper_duration: 1 }",
    "notification: { webhook_job_max_retry: 3, webhook_job_http_client_timeout: 3 }",
    `log: { level: info, local: { location: ${data}/log } }`,
    ...changes,
  ].filter((line) => remove === "" || !line.startsWith(remove));
  await writeFile(join(install, "input/harbor.yml"), lines.join("\n"));
  const mounts = [
    [`${install}/input`, "/input"],
    [data, "/data"],
    [install, "/compose_location"],
    [`${install}/common/config`, "/config"],
    ["/", "/hostfs"],
  ].flatMap((pair) => ["-v", pair.join(":")]);
  return docker("run", "--rm", "--privileged", ...mounts, "goharbor/prepare:v2.15.2", "prepare");
}

const override = (text: string) => writeFile(join(install, "docker-compose.override.yml"), text);
const loopback = () =>
  override(`services:\n  proxy:\n    ports: !override\n      - "127.0.0.1:${port}:8080"\n`);
const up = (...more: string[]) =>
  docker("compose", "up", "--detach", "--remove-orphans", "--quiet-pull", ...more);

async function health(): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v2.0/health`);
  return z.object({ status: z.string() }).parse(await response.json()).status;
}

test("versions are told in the asked form", async () => {
  expect((await docker("version", "--format", "{{.Server.Version}}")).stdout).toBe("28.5.1\n");
  expect((await docker("compose", "version", "--short")).stdout).toBe("2.40.3\n");
});

test("what the stand-in doesn't know is an error", async () => {
  for (const args of [
    ["ps"],
    ["version"],
    ["compose", "kill"],
    ["compose", "up", "--build"],
    ["compose", "--file", "x", "up"],
  ]) {
    const ended = await docker(...args);
    expect(ended.stderr).toMatch(/stand-in: unknown docker/);
    expect(ended.code).not.toBe(0);
  }
  const image = await docker("run", "--rm", "alpine", "true");
  expect([image.code, image.stderr]).toEqual([125, expect.stringContaining("manifest unknown")]);
});

test("prepare makes Harbor's compose file and env files, and refuses a broken harbor.yml", async () => {
  expect(await prepare()).toMatchObject({ code: 0 });
  const made = compose.parse(parse(await readFile(join(install, "docker-compose.yml"), "utf8")));
  expect(Object.keys(made.services)).toEqual([
    ...["log", "registry", "registryctl", "postgresql", "core", "portal", "jobservice", "redis", "proxy"],
  ]);
  expect(made.services["core"]?.image).toBe("goharbor/harbor-core:v2.15.2");
  const env = join(install, "common/config/core/env");
  const secret = await readFile(env, "utf8");
  expect((await stat(env)).mode & 0o777).toBe(0o640);
  await prepare();
  expect(await readFile(env, "utf8")).not.toBe(secret);

  const refused = await prepare([], "data_volume");
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("data_volume");
});

test("up serves Harbor on the published port; stop, start and down do what they say", async () => {
  await prepare();
  await loopback();
  expect(await up()).toMatchObject({ code: 0 });
  expect(await health()).toBe("healthy");
  const ps = await docker("compose", "ps", "--all", "--format", "{{.Service}}: {{.Status}}");
  expect(ps.stdout).toContain("proxy: Up\n");

  await docker("compose", "stop");
  await expect(health()).rejects.toThrow("fetch failed");
  await docker("compose", "start");
  expect(await health()).toBe("healthy");
  await docker("compose", "stop", "portal");
  expect(await health()).toBe("unhealthy");
  expect((await docker("compose", "logs", "--no-color", "--tail", "1", "proxy")).stdout).toContain("/health");
  await docker("compose", "down", "--remove-orphans", "--timeout", "60");
  await expect(health()).rejects.toThrow("fetch failed");
  expect((await stat(join(data, "database"))).isDirectory()).toBe(true);
});

test("up leaves alone what is unchanged, and recreates when prepare has run again", async () => {
  await prepare();
  await loopback();
  expect((await up()).stderr).toContain("Container harbor-core  Started");
  expect((await up()).stderr).toContain("Container harbor-core  Running");
  await prepare();
  const again = await up();
  expect(again.stderr).toContain("Container harbor-core  Started");
  expect(again.stderr).toContain("Container redis  Running");
  expect((await up("--force-recreate")).stderr).not.toContain("Running");
  expect(await health()).toBe("healthy");
});

function refusal(): DockerError {
  try {
    loadProject(install);
  } catch (error) {
    if (error instanceof DockerError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

test("files that compose would refuse are refused", async () => {
  await prepare();
  const refusals = {
    "services: { proxy: { portz: [] } }": /services.proxy.*portz/,
    "services: { proxy: { ports: !override ['127.0.0.1:http:8080'] } }": /invalid port/,
    "services: { proxy: { networks: [other] } }": /undefined network other/,
    "services: { proxy: { volumes: ['certs:/certs'] } }": /undefined volume certs/,
    "services: { proxy: { depends_on: [traefik] } }": /undefined service "traefik"/,
    "services: { traefik: { restart: always } }": /services.traefik.image/,
    "services: { proxy: { ports: !replace [] } }": /!replace/,
    "services: { proxy: { ports: [], ports: [] } }": /unique/,
    "servicez: {}": /servicez/,
  };
  for (const [text, words] of Object.entries(refusals)) {
    await override(text);
    const { message, exitCode } = refusal();
    expect([message, exitCode]).toEqual([expect.stringMatching(words), 15]);
  }
  expect((await docker("compose", "config", "--quiet")).code).toBe(15);
  await rm(join(install, "docker-compose.override.yml"));
  expect((await docker("compose", "config", "--quiet")).code).toBe(0);
  await rm(join(install, "common/config/db/env"));
  expect(refusal().message).toContain("env file");
  await rm(join(install, "docker-compose.yml"));
  expect(refusal().exitCode).toBe(14);
});

test("!override replaces a list, !reset removes it, and without a tag lists are joined", async () => {
  await prepare();
  const ports = async (text: string) => {
    await override(`services: { proxy: { ports: ${text} } }`);
    return loadProject(install).services["proxy"]?.ports;
  };
  expect(await ports("['127.0.0.1:9000:9000']")).toEqual([`${port}:8080`, "127.0.0.1:9000:9000"]);
  expect(await ports("!override ['127.0.0.1:9000:8080']")).toEqual(["127.0.0.1:9000:8080"]);
  expect(await ports("!reset null")).toEqual([]);
});

test("nothing is published beyond loopback, and a port in use is an error", async () => {
  await prepare();
  const wide = await up();
  expect(wide).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("the lab stays on loopback") as string,
  });
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, "127.0.0.1", resolve));
  await loopback();
  const busy = await up();
  expect(busy).toMatchObject({ code: 1, stderr: expect.stringContaining("EADDRINUSE") as string });
  await new Promise((resolve) => other.close(resolve));
});

test("up --no-recreate starts what is stopped and makes what is missing, and nothing anew", async () => {
  await prepare();
  await loopback();
  expect((await docker("compose", "config", "--services")).stdout.split("\n")).toContain("proxy");
  await up();
  await docker("compose", "stop");
  await override(
    `services:\n  proxy:\n    labels: { changed: "yes" }\n    ports: !override\n      - "127.0.0.1:${port}:8080"\n`,
  );
  const kept = await up("--no-recreate");
  expect([kept.code, kept.stderr]).toEqual([0, expect.not.stringContaining("Started") as string]);
  expect(await health()).toBe("healthy");
  expect((await up()).stderr).toContain("Container nginx  Started");
  expect((await up("--no-recreate", "--force-recreate")).code).not.toBe(0);
});
