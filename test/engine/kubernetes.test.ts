import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";

import { ensureEngine, PROJECT_ROOT } from "../../tools/engine.ts";
import { kubeApiserverIsThere } from "../../tools/kube-apiserver.ts";
import { Stack } from "../../tools/stack.ts";
import { defineOAuth2Client, oauth2ClientPath } from "../e2e/machine/dex-crd.ts";
import { startCluster } from "../e2e/machine/kube-cluster.ts";
import type { KubeCluster } from "../e2e/machine/kube-cluster.ts";
import { closedPort } from "../unit/nodes/node-stand-in.ts";
import { filesWithSecrets, secretsIn } from "./secret-watch.ts";

const SECRET = "of-the-oauth2-client-and-nobody-else";
const CLIENT = oauth2ClientPath("dex", "one");
const KUBERNETES_SECRET = "/api/v1/namespaces/dex/secrets/harbor-cache-client";

const objectSchema = z.looseObject({ metadata: z.looseObject({ uid: z.string() }) });

describe.skipIf(!(await kubeApiserverIsThere()))("@pulumi/kubernetes on a real API server", () => {
  let folder: string;
  let cluster: KubeCluster;
  let stack: Stack;
  const said: string[] = [];

  const configure = async (values: Record<string, string>) => {
    for (const [name, value] of Object.entries(values))
      await stack.setConfig(`kubernetes-program:${name}`, value, {
        secret: ["secret", "kubeconfig"].includes(name),
      });
  };
  const object = async (path: string) => {
    const { status, body } = await cluster.ask("GET", path);
    return status === 404 ? undefined : objectSchema.parse(body);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "engine-kubernetes-"));
    await mkdir(join(folder, "cluster"));
    cluster = await startCluster(join(folder, "cluster"));
    await defineOAuth2Client(cluster);
    const { status } = await cluster.ask("POST", "/api/v1/namespaces", { metadata: { name: "dex" } });
    expect(status).toBe(201);
    stack = new Stack({
      engine: await ensureEngine(),
      name: "test",
      project: join(PROJECT_ROOT, "test/engine/kubernetes-program"),
      backend: join(folder, "backend"),
      configFile: join(folder, "Pulumi.test.yaml"),
      passphrase: "of the test",
      onOutput: (text) => said.push(text),
    });
    await stack.init();
    await configure({
      kubeconfig: cluster.kubeconfig(),
      secret: SECRET,
      name: "one",
      redirect: "https://cache.example.com/c/oidc/callback",
    });
  });

  afterAll(async () => {
    await cluster.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("says what a token may not do, and what it couldn't make", async () => {
    await configure({ context: "restricted" });
    const { code, output } = await stack.run("up");
    expect(code).not.toBe(0);
    // The engine begins nothing new after the first of the two has failed.
    expect(output).toMatch(
      /(oauth2clients\.dex\.coreos\.com|secrets) is forbidden: User "restricted" cannot create resource/,
    );
    expect(await object(CLIENT)).toBeUndefined();
  });

  it("makes both, and a second up changes nothing", async () => {
    await configure({ context: "admin" });
    await stack.mustRun("up");
    expect(await object(CLIENT)).toMatchObject({
      ...{ apiVersion: "dex.coreos.com/v1", kind: "OAuth2Client", id: "harbor-cache", secret: SECRET },
      redirectURIs: ["https://cache.example.com/c/oidc/callback"],
    });
    expect(await object(KUBERNETES_SECRET)).toMatchObject({
      type: "Opaque",
      data: { HARBOR_CACHE_SECRET: Buffer.from(SECRET).toString("base64") },
    });
    expect(await stack.outputs()).toEqual({ uid: (await object(CLIENT))?.metadata.uid });
    await stack.mustRun("up", "--expect-no-changes");
  });

  it("changes in place, and takes only what is its own", async () => {
    await cluster.ask("PATCH", CLIENT, { logoURL: "https://example.com/logo.png" });
    await configure({ redirect: "https://registry.example.com/c/oidc/callback" });
    const before = await object(CLIENT);
    await stack.mustRun("up");
    expect(await object(CLIENT)).toMatchObject({
      redirectURIs: ["https://registry.example.com/c/oidc/callback"],
      logoURL: "https://example.com/logo.png",
      metadata: { uid: before?.metadata.uid },
    });
  });

  it("sees what somebody changed, and changes it back only by force", async () => {
    await cluster.ask("PATCH", CLIENT, { redirectURIs: ["https://elsewhere.example.com"] });
    await cluster.ask("DELETE", KUBERNETES_SECRET);
    const { output } = await stack.mustRun("refresh");
    expect(output).toMatch(/OAuth2Client\s+client\s+updated/);
    expect(output).toMatch(/Secret\s+secret\s+deleted/);
    const refused = await stack.run("up");
    expect(refused.code).not.toBe(0);
    expect(refused.output).toContain("Server-Side Apply field conflict detected");
    await configure({ force: "true" });
    await stack.mustRun("up");
    expect(await object(CLIENT)).toMatchObject({
      redirectURIs: ["https://registry.example.com/c/oidc/callback"],
    });
    expect(await object(KUBERNETES_SECRET)).toBeDefined();
  });

  it("would replace it for another name", async () => {
    await configure({ name: "two" });
    expect(await stack.pending()).toEqual({ replace: 1 });
    await configure({ name: "one" });
  });

  it("says that a cluster can't be reached, at once, and keeps what it knows", async () => {
    const kubeconfig = cluster.kubeconfig({ url: `https://127.0.0.1:${await closedPort()}` });
    const started = Date.now();
    await configure({ kubeconfig });
    const { code, output } = await stack.run("up");
    expect(Date.now() - started).toBeLessThan(30_000);
    expect(code).not.toBe(0);
    expect(output).toMatch(
      /configured Kubernetes cluster is unreachable: .*GET https:\/\/127\.0\.0\.1:\d+\/api: connect ECONNREFUSED/,
    );
    await configure({ kubeconfig: cluster.kubeconfig() });
    expect(await object(CLIENT)).toBeDefined();
  });

  it("shows no secret in its state or in what it says", async () => {
    expect(said.length).toBeGreaterThan(0);
    expect(secretsIn(said.join(""), [SECRET, cluster.token])).toEqual([]);
    expect(await filesWithSecrets(join(folder, "backend"), [SECRET, cluster.token])).toEqual([]);
  });

  it("takes both away again, and what is gone already is no error", async () => {
    await cluster.ask("DELETE", KUBERNETES_SECRET);
    await stack.mustRun("destroy");
    expect(await object(CLIENT)).toBeUndefined();
  });
});
