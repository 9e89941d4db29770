/** The whole program with an own CA: made on the machine, unknown at first, trusted by provider and nodes afterwards. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Agent, fetch } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "smol-toml";
import { z } from "zod";

import type { EmbeddedLab } from "../../lab/embedded.ts";
import { freePort } from "../../lab/free-port.ts";
import { ensureEngine } from "../../tools/engine.ts";
import { run } from "../../tools/run.ts";
import { findProgram } from "../../tools/test-programs.ts";
import { forgetSshFiles } from "../ssh-files.ts";
import { filesWithSecrets } from "./secret-watch.ts";

const CLOSED = "closed.example";

const skopeo = await findProgram("skopeo");
let folder: string;
let lab: EmbeddedLab;
let httpsPort: number;
let stopLab: () => Promise<number>;

const onNode = (index: number, path: string) => join(lab.nodes[index]?.containers ?? "", path);
const caPath = (index: number) => onNode(index, `certs.d/localhost:${httpsPort}/ca.crt`);
const caKey = () => join(lab.harbor.dataDir, ".harbor-cache/tls/ca.key");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "engine-self-signed-"));
  // Read by the lab's modules when they are loaded.
  process.env["HARBOR_CACHE_LAB"] = folder;
  const { startEmbeddedLab } = await import("../../lab/embedded.ts");
  ({ stopLab } = await import("../../lab/down.ts"));
  lab = await startEmbeddedLab(await ensureEngine());
  httpsPort = await freePort();
  await lab.stack.setConfig("harbor-cache:tls.mode", "self-signed");
  await lab.stack.setConfig("harbor-cache:harbor.httpsPort", String(httpsPort));
  await lab.stack.setConfig("harbor-cache:harbor.loopbackPort", String(await freePort()));
  // The same upstream once more, as one that not everybody may read.
  const closed = { name: CLOSED, endpoint: `http://${lab.upstream.registry}`, insecure: true, public: false };
  for (const [key, value] of Object.entries(closed))
    await lab.stack.setConfig(`harbor-cache:registries[1].${key}`, String(value));
});

afterAll(async () => {
  await stopLab();
  for (const { hostKey } of Object.values(lab.machines)) await forgetSshFiles(hostKey);
  await rm(folder, { recursive: true, force: true });
});

test("a preview from nothing goes through although the CA is unknown, and up does what it said", async () => {
  expect(await lab.stack.upAsPreviewed()).toEqual({ create: expect.any(Number) as number });
});

test("the CA was made on the machine, and provider and nodes trust it", async () => {
  const { caCertificate, harborUrl } = await lab.stack.outputs();
  expect(harborUrl).toBe(`https://localhost:${httpsPort}`);
  for (const index of lab.nodes.keys()) {
    expect(await readFile(caPath(index), "utf8")).toContain(String(caCertificate).trim());
    const name = lab.upstream.registry.replace(":", "_");
    const file = await readFile(onNode(index, `registries.conf.d/50-harbor-cache-${name}.conf`), "utf8");
    // Checked TLS: a mirror marked insecure would be a hole.
    expect(parse(file)["registry"]).toMatchObject([
      { mirror: [{ location: `localhost:${httpsPort}/${lab.harbor.project}` }] },
    ]);
    expect(file.split("[[registry.mirror]]")[1]).not.toContain("insecure");
  }
  const ca = await readFile(caPath(0), "utf8");
  const health = await fetch(`https://localhost:${httpsPort}/api/v2.0/health`, {
    dispatcher: new Agent({ connect: { ca } }),
  });
  expect(await health.json()).toMatchObject({ status: "healthy" });
});

test("a pull on a node comes through the cache over checked TLS", async () => {
  const { upstream, client, nodes, harbor } = lab;
  await client.pull(
    nodes[0]?.containers ?? "",
    `${upstream.registry}/${upstream.repository}:${upstream.tags.pulled}`,
  );
  expect(await readFile(harbor.accessLog, "utf8")).toMatch(
    new RegExp(`GET /v2/${harbor.project}/${upstream.repository}/manifests/\\S+ [^"]*" 200`),
  );
});

test.skipIf(skopeo === undefined)(
  "what isn't public is pulled by the robot that is made for it, and by nobody else",
  async () => {
    const outputs = await lab.stack.outputs();
    const { username, password } = z
      .object({ username: z.string(), password: z.string() })
      .parse(outputs["pullRobot"]);
    const auth = Buffer.from(`${username}:${password}`).toString("base64");
    const authFile = join(folder, "auth.json");
    await writeFile(authFile, JSON.stringify({ auths: { [`localhost:${httpsPort}`]: { auth } } }), {
      mode: 0o600,
    });
    const { repository, tags } = lab.upstream;
    const pull = (...login: string[]) =>
      run(skopeo ?? "", [
        ...["copy", "--src-cert-dir", onNode(0, `certs.d/localhost:${httpsPort}`), ...login],
        `docker://localhost:${httpsPort}/proxy.${CLOSED}/${repository}:${tags.pulled}`,
        `dir:${join(folder, "pulled")}`,
      ]);
    const anonymous = await pull();
    expect([anonymous.code === 0, anonymous.stderr]).toEqual([
      false,
      expect.stringMatching(/unauthorized|denied/),
    ]);
    const robot = await pull("--src-authfile", authFile);
    expect([robot.code, robot.stderr]).toEqual([0, ""]);
    await rm(authFile);
  },
);

test("a second up changes nothing", async () => {
  await lab.stack.mustRun("up", "--expect-no-changes");
});

test("the CA's key stays on the machine", async () => {
  const line = (await readFile(caKey(), "utf8")).split("\n")[1] ?? "";
  expect(line.length).toBeGreaterThan(20);
  const holders = await filesWithSecrets(folder, [line]);
  expect(holders).toEqual([`${caKey()}: secret 0`]);
  expect(
    (await lab.stack.must(["stack", "export", "--show-secrets", "--stack", "lab"], { quiet: true })).stdout,
  ).not.toContain(line);
});

test("destroy takes the CA off the nodes", async () => {
  await lab.stack.mustRun("destroy");
  for (const index of lab.nodes.keys()) expect(existsSync(caPath(index))).toBe(false);
});
