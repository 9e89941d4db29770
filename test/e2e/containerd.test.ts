/** What containerd does with our hosts.toml: Debian's, 1.6, asked over CRI. The Harbor stand-in is before an upstream. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { poolFiles } from "../../components/nodes/pool-files.ts";
import type { PoolFilesArgs } from "../../components/nodes/pool-files.ts";
import { cachedAs } from "../../components/nodes/verify-pull.ts";
import type { RegistrySettings } from "../../config/settings.ts";
import { mergeInto } from "../../provider/nodes/merged-file.ts";
import { mustRun } from "../../tools/run.ts";
import { findProgram } from "../../tools/test-programs.ts";
import { settled } from "../unit/mocks.ts";
import { mirror, mirrored } from "../unit/nodes/example-mirror.ts";
import { examplePool } from "../unit/nodes/example-pool.ts";
import { registry } from "../unit/nodes/example-registry.ts";
import { startCachedUpstream } from "./nodes/cached-upstream.ts";
import type { CachedUpstream } from "./nodes/cached-upstream.ts";
import { containerdConfig, startContainerd } from "./nodes/containerd.ts";
import type { Containerd } from "./nodes/containerd.ts";
import { EmptyRegistries } from "./nodes/empty-registries.ts";

const possible = process.getuid?.() === 0 && (await findProgram("containerd")) !== undefined;
if (!possible && process.env["CI"] === "true") throw new Error("containerd and root are wanted");

describe.skipIf(!possible)("containerd", () => {
  let folder: string;
  let containerd: Containerd;
  let tls: { readonly key: string; readonly cert: string };
  let cache: CachedUpstream;

  const pool = () =>
    examplePool({
      ...{ runtime: "containerd", configureRuntime: true },
      ...{ dropInDir: join(folder, "certs.d"), certsDir: join(folder, "certs.d"), configDir: folder },
    });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "containerd-"));
    tls = await certificate();
    const config = join(folder, "config.toml");
    await writeFile(config, await containerdConfig(folder));
    // The configuration of somebody else, in which config_path is set as a pool with configureRuntime has it done.
    await install({ registries: [], harbor: { scheme: "http", registry: "unused.example.com" } });
    containerd = await startContainerd(folder, config);
  });

  afterAll(async () => {
    await containerd.stop();
    await rm(folder, { recursive: true });
  });

  beforeEach(async () => {
    cache = await startCachedUpstream(tls);
  });

  afterEach(async () => {
    // Not there where the pull failed, which is no error to containerd.
    await containerd.remove(image());
    await rm(join(folder, "certs.d"), { recursive: true, force: true });
    await cache.close();
  });

  async function certificate(): Promise<{ key: string; cert: string }> {
    const subject = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
    const out = ["-keyout", `${folder}/key`, "-out", `${folder}/cert`];
    await mustRun("openssl", ["req", "-x509", "-days", "2", "-nodes", ...curve, ...out, ...subject]);
    return { key: await readFile(`${folder}/key`, "utf8"), cert: await readFile(`${folder}/cert`, "utf8") };
  }

  /** As on a node: merged into what is there, or the whole file. */
  async function install(
    args: PoolFilesArgs,
    changes: Parameters<typeof examplePool>[0] = {},
  ): Promise<void> {
    for (const file of poolFiles({ ...pool(), ...changes }, args)) {
      const { value } = await settled(pulumi.output(file.content));
      const current = file.merge && (await readFile(file.path, "utf8"));
      const text = file.merge === undefined ? value : mergeInto(file.merge, current, value, []);
      await mkdir(dirname(file.path), { recursive: true });
      await writeFile(file.path, text, { mode: Number.parseInt(file.mode, 8) });
    }
  }

  const upstream = (changes: Partial<RegistrySettings>) =>
    registry(cache.upstreamHost, { endpoint: `http://${cache.upstreamHost}`, insecure: true, ...changes });
  const image = () => `${cache.upstreamHost}/library/image:1`;

  test("pulls through the cache, which it trusts by the CA file, and from the upstream where that is down", async () => {
    const registries = [upstream({ project: "open" })];
    await install({ registries, harbor: cache.harbor, caCertificate: tls.cert });
    await containerd.pull(image());
    const asked = await cache.asked();
    // What a pool's verifyPull would look for.
    expect(asked).toContain(`HEAD /v2/${cachedAs(image(), registries)}/manifests/1 200`);
    expect(asked.filter((request) => /\/blobs\/.* 200$/.test(request)).length).toBeGreaterThan(1);
    expect(cache.askedUpstream()).toEqual([]);

    await containerd.remove(image());
    await cache.stopHarbor();
    await containerd.pull(image());
    expect(cache.askedUpstream()).toContain("HEAD /v2/library/image/manifests/1 200");
  });

  test("doesn't trust the cache without the CA, and asks the upstream then", async () => {
    await install({ registries: [upstream({ project: "open" })], harbor: cache.harbor });
    await containerd.pull(image());
    expect(await cache.asked()).toEqual([]);
    expect(cache.askedUpstream()).toContain("HEAD /v2/library/image/manifests/1 200");
  });

  test("pulls from a cache that isn't public by the login in hosts.toml, and without a fallback from nowhere else", async () => {
    const registries = [upstream({ project: "closed", public: false, fallback: false })];
    const args = { registries, harbor: cache.harbor, caCertificate: tls.cert };
    await install(args);
    await expect(containerd.pull(image())).rejects.toThrow(/authorization|unauthorized|401/i);
    await install({ ...args, login: cache.login });
    await containerd.pull(image());
    expect(await cache.asked()).toContain("HEAD /v2/closed/library/image/manifests/1 200");

    await containerd.remove(image());
    await cache.stopHarbor();
    await expect(containerd.pull(image())).rejects.toThrow(/connection refused/);
    expect(cache.askedUpstream()).toEqual([]);
  });

  test("asks several mirrors in their order, each with its own path; a dead one is left out", async () => {
    const registries = new EmptyRegistries();
    try {
      const dead = await registries.dead();
      const first = await registries.open("first");
      const second = await registries.open("second");
      const sources = [`${dead}/library`, `${first}/library`, `${second}/example-project`];
      const mirrors = sources.map((location) => mirror(location, { scheme: "http" }));
      await install(
        { registries: [], harbor: cache.harbor },
        { mirrors: [mirrored("cr.example.io:5000", mirrors, { fallback: false })] },
      );
      await expect(containerd.pull("cr.example.io:5000/app/image:1")).rejects.toThrow(/failed to resolve/);
      expect([...new Set(registries.manifests())].slice(0, 2)).toEqual([
        "first /v2/library/app/image/manifests/1?ns=cr.example.io%3A5000",
        "second /v2/example-project/app/image/manifests/1?ns=cr.example.io%3A5000",
      ]);
    } finally {
      await registries.close();
    }
  });
});
