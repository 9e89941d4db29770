/** The lab's stand-in for Traefik, started from files as components/edge renders them. */
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { fileURLToPath } from "node:url";

import { Agent, fetch } from "undici";
import { afterAll, beforeAll, expect, it } from "vitest";

import { renderTlsYml } from "../../../components/edge/tls-yml.ts";
import type { BackgroundProcess } from "../../../lab/background.ts";
import { startInBackground, stopInBackground } from "../../../lab/background.ts";
import { readFlags, readLabels, readTlsYml } from "../../../lab/edge/configuration.ts";
import type { EdgeOptions } from "../../../lab/edge/main.ts";
import { freePort } from "../../../lab/free-port.ts";
import { exampleMachine, selfSigned } from "../harbor/example-machine.ts";

const program = fileURLToPath(new URL("../../../lab/edge/main.ts", import.meta.url));
const backend = createServer((request, response) => {
  response.end(JSON.stringify({ url: request.url, ...request.headers }));
});
let folder: string;
let edge: BackgroundProcess;
let ports: { readonly http: number; readonly https: number };

function certificate(): void {
  const [key, crt] = ["server.key", "server.crt"].map((name) => join(folder, "certs", name)) as [
    string,
    string,
  ];
  execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x"],
      ...["-days", "2", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", crt],
    ],
    { stdio: "ignore" },
  );
}

function tlsYml(fingerprint: string): void {
  const file = join(folder, "edge/tls.yml");
  writeFileSync(`${file}.new`, renderTlsYml({ ...exampleMachine(), tls: selfSigned }, fingerprint));
  renameSync(`${file}.new`, file);
}

const served = () =>
  new Promise<string>((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port: ports.https, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? "");
      socket.destroy();
    });
    socket.once("error", reject);
  });
const onDisk = () => readFileSync(join(folder, "certs/server.crt"), "utf8");

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "edge-stand-in-"));
  for (const name of ["edge", "certs"]) mkdirSync(join(folder, name));
  certificate();
  tlsYml("first");
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
  ports = { http: await freePort(), https: await freePort() };
  const options: EdgeOptions = {
    http: { host: "127.0.0.1", port: ports.http },
    https: { host: "127.0.0.1", port: ports.https },
    backend: { host: "127.0.0.1", port: (backend.address() as AddressInfo).port },
    hostname: "localhost",
    middlewares: ["hsts@file"],
    redirectPort: ports.https,
    tlsYml: join(folder, "edge/tls.yml"),
    mounts: { "/certs": join(folder, "certs") },
  };
  writeFileSync(join(folder, "options.json"), JSON.stringify(options));
  edge = await startInBackground(program, [join(folder, "options.json")], {
    log: join(folder, "log"),
    ready: /^edge stand-in listening /,
  });
});
afterAll(async () => {
  await stopInBackground(edge);
  backend.close();
  rmSync(folder, { recursive: true });
});

it("ends TLS before what is behind it, and leaves an encoded slash as it is", async () => {
  const answer = await fetch(`https://localhost:${ports.https}/api/a%252Fb%2Fc?x=1`, {
    dispatcher: new Agent({ connect: { ca: onDisk() } }),
  });
  expect(answer.headers.get("strict-transport-security")).toBe("max-age=31536000");
  expect(await answer.json()).toMatchObject({
    url: "/api/a%252Fb%2Fc?x=1",
    host: `localhost:${ports.https}`,
    "x-forwarded-proto": "https",
  });
});

it("knows no other host, and leads HTTP to HTTPS", async () => {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  expect((await fetch(`https://127.0.0.1:${ports.https}/`, { dispatcher })).status).toBe(404);
  const plain = await fetch(`http://localhost:${ports.http}/v2/?a=b`, { redirect: "manual" });
  expect([plain.status, plain.headers.get("location")]).toEqual([
    301,
    `https://localhost:${ports.https}/v2/?a=b`,
  ]);
});

it("serves a renewed certificate once tls.yml says so, without a restart", async () => {
  const before = await served();
  certificate();
  const renewed = new X509Certificate(onDisk()).fingerprint256;
  expect(renewed).not.toBe(before);
  expect(await served()).toBe(before);
  tlsYml("second");
  await expect.poll(served).toBe(renewed);
});

it("refuses what Traefik would not know", () => {
  expect(() => readFlags(["--providers.docker.exposedByDefault=false"])).not.toThrow();
  expect(() => readFlags(["--providers.docker.swarmmode=true"])).toThrow(
    "field not found, node: --providers",
  );
  expect(() => readFlags(["--api.insecure=true"])).toThrow("field not found");
  expect(readLabels({})).toBeUndefined();
  expect(() => readLabels({ "traefik.enable": "true" })).toThrow("routers.harbor.rule");
  expect(() => readTlsYml("tls: { options: { default: { minversion: VersionTLS12 } } }")).toThrow(
    "minversion",
  );
});
