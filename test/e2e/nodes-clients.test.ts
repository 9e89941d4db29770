/** The drop-ins as the library reads them that is also CRI-O's, through skopeo and podman. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { caFile, caPath } from "../../components/nodes/ca-file.ts";
import { crioDropIns } from "../../components/nodes/crio-drop-in.ts";
import { authJson } from "../../components/nodes/login.ts";
import { nodeMirrors } from "../../components/nodes/node-mirrors.ts";
import type { HarborEndpoint } from "../../components/nodes/node-mirrors.ts";
import type { MirroredSettings, RegistrySettings } from "../../config/settings.ts";
import { dropInProblems } from "../../provider/nodes/crio-config.ts";
import { mustRun, run } from "../../tools/run.ts";
import { findProgram } from "../../tools/test-programs.ts";
import { mirror, mirrored } from "../unit/nodes/example-mirror.ts";
import { registry as exampleRegistry } from "../unit/nodes/example-registry.ts";
import { startCachedUpstream } from "./nodes/cached-upstream.ts";
import { EmptyRegistries } from "./nodes/empty-registries.ts";

const missing: string[] = [];
for (const name of ["skopeo", "podman", "openssl"])
  if ((await findProgram(name)) === undefined) missing.push(name);
if (missing.length > 0 && process.env["CI"] === "true") throw new Error(`missing: ${missing.join(", ")}`);

describe.skipIf(missing.length > 0)("real clients", () => {
  let home: string;
  let registries: EmptyRegistries;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "nodes-clients-"));
    await mkdir(join(home, ".config/containers/registries.conf.d"), { recursive: true });
    await writeFile(join(home, ".config/containers/registries.conf"), "");
    registries = new EmptyRegistries();
  });

  afterEach(async () => {
    await registries.close();
    await rm(home, { recursive: true });
  });

  async function install(path: string, content: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }

  /** A cached registry that is asked over plain HTTP. */
  const registry = (name: string, changes: Partial<RegistrySettings> = {}): RegistrySettings =>
    exampleRegistry(name, {
      endpoint: `http://${name}`,
      project: "proxy.example",
      insecure: true,
      ...changes,
    });

  async function installDropIns(
    cached: readonly RegistrySettings[],
    harbor: HarborEndpoint,
    mirrors: readonly MirroredSettings[] = [],
  ): Promise<void> {
    const pool = {
      ...{ name: "workers", dropInDir: join(home, ".config/containers/registries.conf.d") },
      ...({ files: "per-registry", unqualifiedSearch: [] } as const),
    };
    for (const { path, content } of crioDropIns(nodeMirrors(cached, mirrors, harbor), pool))
      await install(path, content);
  }

  const client = (program: string, args: readonly string[]) => {
    return run(program, args, { env: { PATH: process.env["PATH"], HOME: home }, timeout: 60 });
  };

  test("skopeo asks the mirror first, then the registry itself, for aliases too", async () => {
    const harbor = await registries.open("mirror");
    const upstream = await registries.open("upstream");
    const aliases = ["old.example.com"];
    await installDropIns([registry(upstream, { aliases })], { scheme: "http", registry: harbor });
    for (const prefix of [upstream, "old.example.com"]) {
      registries.requests = [];
      const { code } = await client("skopeo", ["inspect", `docker://${prefix}/library/image:1`]);
      expect(code).not.toBe(0);
      expect(registries.manifests()).toEqual([
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
    const key = await readFile(`${home}/key`, "utf8");
    const harbor = { scheme: "https", registry: await registries.open("mirror", { key, cert }) } as const;
    const upstream = await registries.open("upstream");
    await installDropIns([registry(upstream)], harbor);
    const inspect = () => client("skopeo", ["inspect", `docker://${upstream}/library/image:1`]);
    expect((await inspect()).stderr).toMatch(/x509|certificate/);
    expect(registries.requests).not.toContain("mirror /v2/proxy.example/library/image/manifests/1");
    await install(caPath(harbor, join(home, ".config/containers/certs.d")), caFile(cert, ["# ours"]));
    await inspect();
    expect(registries.requests).toContain("mirror /v2/proxy.example/library/image/manifests/1");
  });

  const inspect = (image: string) => client("skopeo", ["inspect", "--raw", `docker://${image}`]);

  test("several mirrors are asked in their order, each with its own path; a dead one is left out", async () => {
    const dead = await registries.dead();
    const first = await registries.open("first");
    const second = await registries.open("second");
    const sources = [`${dead}/library`, `${first}/library`, `${second}/example-project`];
    const prefix = "cr.example.io/library";
    await installDropIns([], { scheme: "http", registry: "unused.example.com" }, [
      mirrored(
        prefix,
        sources.map((location) => mirror(location, { scheme: "http" })),
        { location: await registries.open("upstream"), insecure: true },
      ),
    ]);
    await inspect(`${prefix}/app/image:1`);
    expect(registries.manifests()).toEqual([
      "first /v2/library/app/image/manifests/1",
      "second /v2/example-project/app/image/manifests/1",
      "upstream /v2/app/image/manifests/1",
    ]);
  });

  test("without a fallback nothing goes to the upstream, whatever stands behind the prefix", async () => {
    const harbor: HarborEndpoint = { scheme: "http", registry: await registries.open("mirror") };
    const upstream = await registries.open("upstream");
    const location = await registries.open("upstream elsewhere");
    await installDropIns([registry(upstream, { fallback: false, aliases: ["old.example.com"] })], harbor, [
      mirrored("moved.example.com", [], { fallback: false, location, insecure: true }),
      mirrored("*.example.org", [], { fallback: false }),
    ]);
    const asked = "mirror /v2/proxy.example/library/image/manifests/1";
    for (const [prefix, expected] of [
      [upstream, [asked]],
      ["old.example.com", [asked]],
      ["moved.example.com", []],
      ["some.example.org", []],
    ] as const) {
      registries.requests = [];
      const { code, stderr } = await inspect(`${prefix}/library/image:1`);
      expect([prefix, code === 0, registries.manifests()]).toEqual([prefix, false, expected]);
      expect(stderr).toMatch(/is blocked in/);
    }
    expect(registries.requests.filter((request) => request.startsWith("upstream"))).toEqual([]);
  });

  test("a mirror is asked for tags only, or for digests only", async () => {
    const digests = await registries.open("digests");
    const tags = await registries.open("tags");
    await installDropIns([], { scheme: "http", registry: "unused.example.com" }, [
      mirrored(
        "cr.example.io",
        [
          mirror(digests, { scheme: "http", pullFromMirror: "digest-only" }),
          mirror(tags, { scheme: "http", pullFromMirror: "tag-only" }),
        ],
        { location: await registries.open("upstream"), insecure: true },
      ),
    ]);
    const digest = `sha256:${"0".repeat(64)}`;
    await inspect("cr.example.io/a:1");
    await inspect(`cr.example.io/a@${digest}`);
    expect(registries.manifests()).toEqual([
      "tags /v2/a/manifests/1",
      "upstream /v2/a/manifests/1",
      `digests /v2/a/manifests/${digest}`,
      `upstream /v2/a/manifests/${digest}`,
    ]);
  });

  test("a wildcard stands for all hosts of a domain, and a registry for itself still", async () => {
    const all = await registries.open("all");
    const one = await registries.open("one");
    const harbor: HarborEndpoint = { scheme: "http", registry: one };
    const wildcard = mirrored("*.example.com", [mirror(`${all}/any`, { scheme: "http" })], {
      fallback: false,
    });
    await installDropIns([registry("reg.example.com", { fallback: false })], harbor, [wildcard]);
    await inspect("other.example.com/a/b:1");
    await inspect("reg.example.com/a/b:1");
    expect(registries.manifests()).toEqual([
      "all /v2/any/a/b/manifests/1",
      "one /v2/proxy.example/a/b/manifests/1",
    ]);
  });

  // Without root it needs user namespaces and ranges of ids, which has nothing to do with the files.
  test.skipIf(process.getuid?.() !== 0)("podman shows the mirrors", async () => {
    await installDropIns([registry("reg.example.com:5000")], { scheme: "http", registry: "harbor:8080" });
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

  test.skipIf(process.getuid?.() !== 0)(
    "podman pulls from a cache that isn't public by its login",
    async () => {
      const cache = await startCachedUpstream();
      try {
        const { upstreamHost, harbor, login } = cache;
        const closed = registry(upstreamHost, { project: "closed", public: false, fallback: false });
        await installDropIns([closed], harbor);
        const storage = [
          "--root",
          join(home, "root"),
          "--runroot",
          join(home, "run"),
          "--storage-driver",
          "vfs",
        ];
        const pull = () =>
          client("podman", [...storage, "pull", "--quiet", `${upstreamHost}/library/image:1`]);
        expect((await pull()).stderr).toMatch(/unauthorized|authentication required/i);
        await install(
          join(home, ".config/containers/auth.json"),
          authJson(nodeMirrors([closed], [], harbor), login),
        );
        expect(await pull()).toMatchObject({ code: 0 });
        expect(await cache.asked()).toContainEqual(
          expect.stringMatching(/^GET \/v2\/closed\/library\/image\/manifests\/1 200$/),
        );
        await cache.stopHarbor();
        await client("podman", [...storage, "rmi", `${upstreamHost}/library/image:1`]);
        expect((await pull()).stderr).toMatch(/is blocked in/);
        expect(cache.askedUpstream()).toEqual([]);
      } finally {
        await cache.close();
      }
    },
  );

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
    const closed = await registries.open("any");
    const { stderr } = await client("skopeo", [
      "inspect",
      "--tls-verify=false",
      `docker://${closed}/image:1`,
    ]);
    expect(registries.requests.length === 0).toBe(refused);
    if (refused) expect(stderr).toMatch(/registries|toml|location|mirror/i);
  });
});
