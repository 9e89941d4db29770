/** The edge on a real Docker engine: what clients see, what they must not see, and how it comes by its certificates. */
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { EdgeMachine } from "../../components/edge/edge-machine.ts";
import { providedScript, selfSignedScript } from "../../components/edge/step-scripts.ts";
import type { SelfSigned } from "../../components/edge/step-scripts.ts";
import { freePort } from "../../lab/free-port.ts";
import { edgeProgramsAreThere } from "../../tools/edge-programs.ts";
import { mustRun, run } from "../../tools/run.ts";
import type { Ended } from "../../tools/run.ts";
import { exampleSettings } from "../unit/harbor/example-machine.ts";
import { edgeStack, makeEdgeObjects } from "./edge/edge-stack.ts";
import type { EdgeStack } from "./edge/edge-stack.ts";
import { ask, servedCertificate, waitFor } from "./edge/https-client.ts";
import { makeEdgeImages, makeHarborFrontImage } from "./edge/images.ts";
import { describeLetsEncrypt } from "./edge/letsencrypt.ts";
import { dockerIsThere, startDockerEngine } from "./machine/docker-engine.ts";
import type { DockerEngine } from "./machine/docker-engine.ts";

const LISTEN = "127.0.0.4";
const HOSTNAME = "registry.example.com";
const SELF_SIGNED: SelfSigned = { mode: "self-signed", validityDays: 825, renewBeforeDays: 90 };
const MIB = 1024 * 1024;
const LARGE = { bytes: 300 * MIB, rate: 2 * MIB };

describe.skipIf(!(await dockerIsThere()) || !(await edgeProgramsAreThere()))("the edge", () => {
  let folder: string;
  let engine: DockerEngine;
  let stack: EdgeStack;
  let machine: EdgeMachine;
  let ca: string;
  let client: { readonly address: string; readonly port: number; readonly hostname: string };
  let socketProxy: string;
  /** It takes minutes, and everything else happens meanwhile. */
  let largeUpload: Promise<Ended>;

  beforeAll(async () => {
    engine = await startDockerEngine();
    folder = await mkdtemp(join(tmpdir(), "edge-"));
    const harbor = exampleSettings(
      {
        listenAddress: LISTEN,
        httpPort: await freePort(LISTEN),
        httpsPort: await freePort(LISTEN),
        loopbackPort: await freePort(),
      },
      folder,
    );
    machine = {
      ...{ hostname: HOSTNAME, harbor, tls: SELF_SIGNED },
      edge: { traefikImage: "", socketProxyImage: "", accessLog: true, hstsSeconds: 31_536_000 },
    };
    client = { address: LISTEN, port: harbor.httpsPort, hostname: HOSTNAME };
    await mkdir(join(harbor.installDir, "log"), { recursive: true });
    const images = await makeEdgeImages(engine);
    await makeHarborFrontImage(engine);
    const objects = await makeEdgeObjects(engine, "one", harbor.dataDir, images);
    stack = edgeStack(engine, harbor.installDir, objects);
    const made = await step(selfSignedScript(machine, SELF_SIGNED, new Date()));
    ca = made.rest;
    await stack.up(machine, made.fingerprint);
    const address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    const container = (await stack.compose("ps", "--quiet", "socket-proxy")).trim();
    socketProxy = (await engine.docker(["inspect", "--format", address, container])).trim();
    await waitFor("Harbor behind the edge", 60, async () =>
      (await ask({ ...client, ca, path: "/" }).catch(() => undefined))?.status === 200 ? true : undefined,
    );
    largeUpload = upload();
  });
  afterAll(async () => {
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** A step of components/edge as the machine's shell runs it. */
  async function step(script: string): Promise<{ fingerprint: string; rest: string }> {
    const env = { ...process.env, HOME: folder };
    const said = await mustRun("sh", ["-s", "up", "identity"], { stdin: script, env });
    const [fingerprint = "", ...rest] = said.split("\n");
    return { fingerprint, rest: rest.join("\n") };
  }

  async function upload(): Promise<Ended> {
    const [file, authority] = [join(folder, "layer"), join(folder, "ca.crt")];
    await writeFile(file, "");
    await truncate(file, LARGE.bytes);
    await writeFile(authority, ca);
    return run("curl", [
      ...["--silent", "--show-error", "--fail", "--cacert", authority, "--noproxy", "*"],
      ...["--connect-to", `${HOSTNAME}:${client.port}:${LISTEN}:${client.port}`],
      ...["--limit-rate", String(LARGE.rate), "--upload-file", file],
      ...["--write-out", "\n%{time_total}"],
      `https://${HOSTNAME}:${client.port}/v2/library/large/blobs/uploads/1`,
    ]);
  }

  const handshake = async (...options: string[]) => {
    const ended = await run("openssl", [
      ...["s_client", "-connect", `${LISTEN}:${client.port}`, "-servername", HOSTNAME],
      // OpenSSL itself would not offer the old versions.
      ...["-cipher", "DEFAULT:@SECLEVEL=0", ...options],
    ]);
    return ended.stdout + ended.stderr;
  };

  it("leads HTTP to HTTPS, at the port that clients use", async () => {
    const answer = await request(`http://${LISTEN}:${machine.harbor.httpPort}/v2/?a=b`, {
      headers: { host: `${HOSTNAME}:${machine.harbor.httpPort}` },
    });
    await answer.body.dump();
    expect([301, 308]).toContain(answer.statusCode);
    expect(answer.headers["location"]).toBe(`https://${HOSTNAME}:${client.port}/v2/?a=b`);
  });

  it("speaks TLS 1.2 and 1.3, and nothing older", async () => {
    expect(await handshake("-tls1_1")).toMatch(/alert protocol version/);
    expect(await handshake("-tls1")).toMatch(/alert protocol version/);
    expect(await handshake("-tls1_2")).toMatch(/Protocol *: TLSv1\.2/);
    expect(await handshake("-tls1_3")).toMatch(/New, TLSv1\.3/);
  });

  it("tells browsers to insist on HTTPS", async () => {
    const { headers } = await ask({ ...client, ca, path: "/" });
    expect(headers["strict-transport-security"]).toBe("max-age=31536000");
  });

  it("hands encoded slashes to Harbor as they are", async () => {
    for (const path of [
      "/api/v2.0/projects/p/repositories/a%2Fb/artifacts?page=1",
      "/api/v2.0/projects/p/repositories/a%252Fb/artifacts",
    ])
      expect((await ask({ ...client, ca, path })).seen?.path).toBe(path);
  });

  it("tells Harbor how the client came", async () => {
    const { seen } = await ask({ ...client, ca, path: "/" });
    expect(seen?.headers).toMatchObject({
      host: `${HOSTNAME}:${client.port}`,
      "x-forwarded-proto": "https",
      "x-forwarded-port": String(client.port),
    });
  });

  it("logs requests without what they carry in secret", async () => {
    const path = "/v2/logged";
    const secret = "Basic c2VjcmV0LW9mLXRoaXMtdGVzdA==";
    const headers = { authorization: secret, cookie: "sid=c2Vzc2lvbg", "x-harbor-csrf-token": "dG9rZW4" };
    // As a login comes back from the identity provider.
    const asked = await ask({ ...client, ca, path: `${path}?code=bG9naW4tY29kZQ`, headers });
    expect(asked.seen).toMatchObject({
      path: `${path}?code=bG9naW4tY29kZQ`,
      headers: { authorization: secret },
    });
    const log = await waitFor("the request's line", 10, async () => {
      const text = await stack.log();
      return text.includes(path) ? text : undefined;
    });
    for (const value of [
      "c2VjcmV0LW9mLXRoaXMtdGVzdA",
      "c2Vzc2lvbg",
      "dG9rZW4",
      "bG9naW4tY29kZQ",
      "Authorization",
    ])
      expect(log).not.toContain(value);
  });

  it("shows nobody its dashboard, its API or another host", async () => {
    for (const path of ["/dashboard/", "/api/rawdata", "/api/http/routers", "/ping"])
      expect((await ask({ ...client, ca, path })).seen?.path).toBe(path);
    const other = `other.example.com:${client.port}`;
    const answer = await mustRun("curl", [
      ...["--silent", "--insecure", "--noproxy", "*", "--connect-to", `${other}:${LISTEN}:${client.port}`],
      ...["--output", "/dev/null", "--write-out", "%{http_code}", `https://${other}/api/rawdata`],
    ]);
    expect(answer).toBe("404");
    const ports = JSON.parse(
      await engine.docker([
        "inspect",
        "--format",
        "{{json .NetworkSettings.Ports}}",
        await containerOf("traefik"),
      ]),
    ) as unknown;
    expect(ports).toEqual({
      "80/tcp": [{ HostIp: LISTEN, HostPort: String(machine.harbor.httpPort) }],
      "443/tcp": [{ HostIp: LISTEN, HostPort: String(client.port) }],
    });
  });

  it("publishes Harbor's own port on loopback only, and the socket's proxy nowhere", async () => {
    expect(await engine.docker(["port", "nginx"])).toBe(
      `8080/tcp -> 127.0.0.1:${machine.harbor.loopbackPort}\n`,
    );
    expect(await engine.docker(["port", await containerOf("socket-proxy")])).toBe("");
  });

  it("lets Traefik read containers through the socket's proxy, and refuses everything else", async () => {
    const docker = async (method: "GET" | "POST" | "DELETE", path: string) => {
      const answer = await request(`http://${socketProxy}:2375${path}`, { method });
      await answer.body.dump();
      return answer.statusCode;
    };
    for (const path of ["/_ping", "/version", "/v1.41/containers/json"])
      expect(await docker("GET", path)).toBe(200);
    for (const path of ["/images/json", "/secrets", "/v1.41/volumes", "/networks", "/info", "/system/df"])
      expect(await docker("GET", path)).toBe(403);
    for (const path of [
      "/containers/create",
      "/v1.41/containers/nginx/exec",
      "/containers/nginx/stop",
      "/build",
    ])
      expect(await docker("POST", path)).toBe(403);
    expect(await docker("DELETE", "/containers/nginx")).toBe(403);
  });

  it("runs both containers confined", async () => {
    for (const service of ["traefik", "socket-proxy"]) {
      const inspected = await engine.docker([
        ...["inspect", "--format"],
        "{{.HostConfig.Privileged}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.State.Health.Status}}",
        await containerOf(service),
      ]);
      expect(inspected.trim()).toMatch(/^false true \[ALL\] (starting|healthy)$/);
    }
    const mounts = await engine.docker([
      ...[
        "inspect",
        "--format",
        "{{range .Mounts}}{{.Destination}} {{.RW}}\n{{end}}",
        await containerOf("traefik"),
      ],
    ]);
    expect(mounts.trim().split("\n").sort()).toEqual(["/certs false", "/etc/traefik/edge false"]);
  });

  it("serves a renewed certificate without a restart", async () => {
    const container = await stack.traefik();
    const before = await served();
    const renewal: SelfSigned = { mode: "self-signed", validityDays: 3000, renewBeforeDays: 826 };
    const { fingerprint } = await step(selfSignedScript(machine, renewal, new Date()));
    await stack.writeTls(machine, fingerprint);
    await waitFor("the renewed certificate", 20, async () =>
      (await served()) === before ? undefined : true,
    );
    expect(fingerprint.replaceAll(":", "")).toContain(await served());
    expect((await ask({ ...client, ca, path: "/" })).status).toBe(200);
    expect(await stack.traefik()).toBe(container);
  });

  it("changes to a certificate that was given, and to its successor, without a restart", async () => {
    const container = await stack.traefik();
    for (const name of ["first", "second"]) {
      const [certificate, privateKey] = await makePair(name);
      const tls: EdgeMachine["tls"] = { mode: "provided", certificate, privateKey: pulumi.secret("") };
      const { fingerprint } = await step(providedScript(machine, { certificate, privateKey }));
      await stack.writeTls({ ...machine, tls }, fingerprint);
      await waitFor(`the ${name} certificate`, 20, async () =>
        fingerprint.replaceAll(":", "").includes((await served()) ?? "none") ? true : undefined,
      );
      expect((await ask({ ...client, ca: certificate, path: "/" })).status).toBe(200);
    }
    expect(await stack.traefik()).toBe(container);
  });

  // It has machines of its own, and ends before the upload does.
  describeLetsEncrypt();

  it("lets 300 MB at 2 MB/s through, longer than Traefik's own read timeout", async () => {
    const ended = await largeUpload;
    expect(ended.stderr).toBe("");
    const [answer = "", seconds] = ended.stdout.split("\n");
    expect(JSON.parse(answer)).toMatchObject({ method: "PUT", bytes: LARGE.bytes });
    expect(Number(seconds)).toBeGreaterThan(120);
  }, 200_000);

  const containerOf = async (service: string) => (await stack.compose("ps", "--quiet", service)).trim();

  /** sha256, as hex without colons. */
  const served = async () => (await servedCertificate(client))?.fingerprint;

  async function makePair(name: string): Promise<[string, string]> {
    const [certificate, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
    await mustRun("openssl", [
      ...[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "30",
      ],
      ...[
        "-subj",
        "/CN=provided",
        "-addext",
        `subjectAltName=DNS:${HOSTNAME}`,
        "-keyout",
        key,
        "-out",
        certificate,
      ],
    ]);
    return [await readFile(certificate, "utf8"), await readFile(key, "utf8")];
  }
});
