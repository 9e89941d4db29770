/** The drop-ins as the library reads them that is also CRI-O's, through skopeo and podman. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { crioCaFile, crioCaPath, crioDropIn } from "../../components/nodes/crio-drop-in.ts";
import type { HarborEndpoint } from "../../components/nodes/crio-drop-in.ts";
import type { RegistrySettings } from "../../config/settings.ts";
import { dropInProblems } from "../../provider/nodes/crio-config.ts";
import { mustRun, run } from "../../tools/run.ts";
import { findProgram } from "../../tools/test-programs.ts";

const missing: string[] = [];
for (const name of ["skopeo", "podman", "openssl"])
  if ((await findProgram(name)) === undefined) missing.push(name);
if (missing.length > 0 && process.env["CI"] === "true") throw new Error(`missing: ${missing.join(", ")}`);

describe.skipIf(missing.length > 0)("real clients", () => {
  let home: string;
  let requests: string[];
  const servers: Server[] = [];

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "nodes-clients-"));
    await mkdir(join(home, ".config/containers/registries.conf.d"), { recursive: true });
    await writeFile(join(home, ".config/containers/registries.conf"), "");
    requests = [];
  });

  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    await rm(home, { recursive: true });
  });

  /** A registry that has nothing and notes what it is asked for; returns `HOST:PORT`. */
  async function emptyRegistry(name: string, tls?: { key: string; cert: string }): Promise<string> {
    const answer: RequestListener = (request, response) => {
      requests.push(`${name} ${request.url ?? ""}`);
      response.statusCode = request.url === "/v2/" ? 200 : 404;
      response.end();
    };
    const server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function install(path: string, content: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }

  function dropIn(registry: Partial<RegistrySettings> & { name: string }, harbor: HarborEndpoint) {
    return crioDropIn(
      {
        endpoint: `http://${registry.name}`,
        type: "docker-registry",
        project: "proxy.example",
        public: true,
        quotaBytes: -1,
        cache: {},
        insecure: true,
        aliases: [],
        fallback: true,
        pullFromMirror: "all",
        mirrors: [],
        ...registry,
      },
      harbor,
      { dropInDir: join(home, ".config/containers/registries.conf.d"), pool: "workers" },
    );
  }

  const client = (program: string, args: readonly string[]) => {
    return run(program, args, { env: { PATH: process.env["PATH"], HOME: home }, timeout: 60 });
  };

  test("skopeo asks the mirror first, then the registry itself, for aliases too", async () => {
    const harbor = await emptyRegistry("mirror");
    const upstream = await emptyRegistry("upstream");
    const file = dropIn(
      { name: upstream, aliases: ["old.example.com"] },
      { scheme: "http", registry: harbor },
    );
    await install(file.path, file.content);
    for (const prefix of [upstream, "old.example.com"]) {
      requests = [];
      const { code } = await client("skopeo", ["inspect", `docker://${prefix}/library/image:1`]);
      expect(code).not.toBe(0);
      expect(requests.filter((request) => request.includes("manifests"))).toEqual([
        "mirror /v2/proxy.example/library/image/manifests/1",
        "upstream /v2/library/image/manifests/1",
      ]);
    }
  });

  test("skopeo trusts the mirror by the CA file, and without it doesn't", async () => {
    const subject = ["-days", "2", "-nodes", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"];
    await mustRun("openssl", [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-keyout",
      `${home}/key`,
      "-out",
      `${home}/cert`,
      ...subject,
    ]);
    const cert = await readFile(`${home}/cert`, "utf8");
    const registry = await emptyRegistry("mirror", { key: await readFile(`${home}/key`, "utf8"), cert });
    const harbor = { scheme: "https", registry } as const;
    const upstream = await emptyRegistry("upstream");
    const file = dropIn({ name: upstream }, harbor);
    await install(file.path, file.content);
    const inspect = () => client("skopeo", ["inspect", `docker://${upstream}/library/image:1`]);
    expect((await inspect()).stderr).toMatch(/x509|certificate/);
    expect(requests).not.toContain("mirror /v2/proxy.example/library/image/manifests/1");
    await install(crioCaPath(harbor, join(home, ".config/containers/certs.d")), crioCaFile(cert, "workers"));
    await inspect();
    expect(requests).toContain("mirror /v2/proxy.example/library/image/manifests/1");
  });

  // Without root it needs user namespaces and ranges of ids, which has nothing to do with the files.
  test.skipIf(process.getuid?.() !== 0)("podman shows the mirrors", async () => {
    const file = dropIn({ name: "reg.example.com:5000" }, { scheme: "http", registry: "harbor:8080" });
    await install(file.path, file.content);
    const storage = ["--root", join(home, "root"), "--runroot", join(home, "run"), "--storage-driver", "vfs"];
    const { code, stdout, stderr } = await client("podman", [...storage, "info", "--format", "json"]);
    expect([code, stderr]).toEqual([0, expect.anything()]);
    const info = z.object({ registries: z.record(z.string(), z.unknown()) }).parse(JSON.parse(stdout));
    expect(info.registries["reg.example.com:5000"]).toMatchObject({
      Prefix: "reg.example.com:5000",
      Location: "reg.example.com:5000",
      Insecure: true,
      Mirrors: [{ Location: "harbor:8080/proxy.example", Insecure: true }],
    });
  });

  test.each([
    ["[[registry]\n", true],
    ['[registries.search]\nregistries = ["docker.io"]\n', true],
    ['[[registry]]\nprefix = "docker.io"\n', true],
    ['[[registry]]\nlocation = "https://docker.io"\n', true],
    ['[[registry]]\nlocation = "a.example"\n[[registry.mirror]]\ninsecure = true\n', true],
    ['[[registry]]\nprefix = "*.example.com"\n', false],
    [
      '[[registry]]\nprefix = "a.example"\nlocation = "x.example"\n[[registry]]\nprefix = "b.example"\nlocation = "x.example"\ninsecure = true\n',
      true,
    ],
  ])("our check of %j agrees with the library's", async (content, refused) => {
    expect(dropInProblems(content).length > 0).toBe(refused);
    await install(join(home, ".config/containers/registries.conf.d/50-x.conf"), content);
    const closed = await emptyRegistry("any");
    const { stderr } = await client("skopeo", [
      "inspect",
      "--tls-verify=false",
      `docker://${closed}/image:1`,
    ]);
    expect(requests.length === 0).toBe(refused);
    if (refused) expect(stderr).toMatch(/registries|toml|location|mirror/i);
  });
});
