import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";

import { dexClientName } from "../../components/login/dex-client-name.ts";
import { startHarbor, type Harbor } from "../../lab/harbor/harbor.ts";
import { ensureEngine, PROJECT_ROOT } from "../../tools/engine.ts";
import { kubeApiserverIsThere } from "../../tools/kube-apiserver.ts";
import { Stack } from "../../tools/stack.ts";
import { defineOAuth2Client, oauth2ClientPath } from "../e2e/machine/dex-crd.ts";
import { startCluster, type KubeCluster } from "../e2e/machine/kube-cluster.ts";
import { closedPort } from "../unit/nodes/node-stand-in.ts";
import { startIssuer, type Issuer } from "./login-program/issuer.ts";
import { filesWithSecrets, secretsIn, watchArguments } from "./secret-watch.ts";

const PASSWORD = "Adm1n-Passw0rd-of-the-login-test";
const ID = "harbor-cache-oidc-dex";
const CLIENT = oauth2ClientPath("dex", dexClientName(ID));
const SECRET = `/api/v1/namespaces/dex/secrets/${ID}`;

const objectSchema = z.looseObject({
  metadata: z.looseObject({ uid: z.string() }),
  secret: z.string().default(""),
});

describe.skipIf(!(await kubeApiserverIsThere()))("login on the real engine, with a real issuer", () => {
  let folder: string;
  let cluster: KubeCluster;
  let issuer: Issuer;
  let harbor: Harbor;
  let stack: Stack;
  let stopWatching: ReturnType<typeof watchArguments>;
  const said: string[] = [];
  const clientSecrets: string[] = [];
  const environment: Record<string, string> = {};

  const configure = (client: object | undefined, more: object = {}) => {
    const login = client && { issuer: issuer.url, client, ...more };
    return stack.setConfig("login-program:login", JSON.stringify(login ?? {}), { secret: true });
  };
  /** As on a computer where it lies at a path of its own. */
  const useKubeconfig = async (name: string) => {
    const path = join(folder, name);
    await writeFile(path, cluster.kubeconfig());
    environment["KUBECONFIG"] = path;
  };
  const object = async (path: string) => {
    const { status, body } = await cluster.ask("GET", path);
    return status === 404 ? undefined : objectSchema.parse(body);
  };
  const api = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const authorization = `Basic ${Buffer.from(`admin:${PASSWORD}`).toString("base64")}`;
    const headers = { authorization, "content-type": "application/json" };
    const response = await fetch(`${harbor.url}/api/v2.0${path}`, { ...init, headers });
    expect({ path, ok: response.ok }).toEqual({ path, ok: true });
    const text = await response.text();
    return text === "" ? undefined : JSON.parse(text);
  };
  const groups = async () => {
    const members = (await api("/projects/platform/members")) as { entity_name: string; role_id: number }[];
    return members
      .filter(({ entity_name: name }) => name !== "admin")
      .map(({ entity_name: name, role_id: role }) => `${name} ${role}`);
  };
  const secretInHarbor = () => harbor.app.keys.decrypt(harbor.app.settings.oidc_client_secret);
  /** What the issuer says to a code that nobody has, with what Harbor knows of itself. */
  const tokenError = async (secret: string): Promise<unknown> => {
    const response = await fetch(`${issuer.url}/token`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${ID}:${secret}`).toString("base64")}` },
      body: new URLSearchParams({
        ...{ grant_type: "authorization_code", code: "nobodys" },
        redirect_uri: `${harbor.url}/c/oidc/callback`,
      }),
    });
    return ((await response.json()) as { error?: string }).error;
  };
  /** Where Harbor's login leads, and what the issuer makes of it. */
  const signIn = async () => {
    const toIssuer = await fetch(`${harbor.url}/c/oidc/login`, { redirect: "manual" });
    const there = toIssuer.headers.get("location") ?? "";
    const answer = await fetch(there, { redirect: "manual" });
    return { there, leadsOn: answer.headers.get("location") ?? (await answer.text()) };
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "engine-login-"));
    for (const name of ["cluster", "harbor"]) await mkdir(join(folder, name));
    cluster = await startCluster(join(folder, "cluster"));
    await defineOAuth2Client(cluster);
    await cluster.ask("POST", "/api/v1/namespaces", { metadata: { name: "dex" } });
    issuer = await startIssuer(cluster);
    harbor = await startHarbor({ adminPassword: PASSWORD, dataDir: join(folder, "harbor") });
    stopWatching = watchArguments([PASSWORD, cluster.token]);
    stack = new Stack({
      engine: await ensureEngine(),
      name: "test",
      project: join(PROJECT_ROOT, "test/engine/login-program"),
      backend: join(folder, "backend"),
      configFile: join(folder, "Pulumi.test.yaml"),
      passphrase: "of the test",
      env: environment,
      onOutput: (text) => said.push(text),
    });
    await stack.init();
    await stack.setConfig("login-program:harborUrl", harbor.url);
    await stack.setConfig("login-program:password", PASSWORD, { secret: true });
  });

  afterAll(async () => {
    await issuer.close();
    await harbor.close();
    await cluster.close();
    await rm(folder, { recursive: true, force: true });
  });

  const members = [{ group: "developers", role: "viewer" }];
  const oauth2client = () => ({ mode: "oauth2client", kubeconfig: cluster.kubeconfig() });

  it("Harbor is ready for the issuer even where dex's cluster can't be reached", async () => {
    const kubeconfig = cluster.kubeconfig({ url: `https://127.0.0.1:${await closedPort()}` });
    await configure({ mode: "oauth2client", kubeconfig }, { members });
    const { code, output } = await stack.run("up", "--continue-on-error");
    expect(code).not.toBe(0);
    expect(output).toContain("configured Kubernetes cluster is unreachable");
    expect(output).toContain("harbor-cache:login is used over plain HTTP");
    expect(await object(CLIENT)).toBeUndefined();
    expect(harbor.app.settings).toMatchObject({
      auth_mode: "oidc_auth",
      oidc_endpoint: issuer.url,
      oidc_client_id: ID,
      oidc_scope: "openid,profile,email,groups,offline_access",
      oidc_verify_cert: true,
      oidc_auto_onboard: false,
    });
    expect(await groups()).toEqual(["developers 3"]);
  });

  it("the client is made where dex looks for it, and the issuer knows Harbor", async () => {
    await configure({ mode: "oauth2client", context: "admin" }, { members });
    await useKubeconfig("of-one");
    await stack.mustRun("up");
    const client = await object(CLIENT);
    expect(client).toMatchObject({ id: ID, redirectURIs: [`${harbor.url}/c/oidc/callback`] });
    const { there, leadsOn } = await signIn();
    expect(there.startsWith(`${issuer.url}/auth?client_id=${ID}`)).toBe(true);
    expect(leadsOn).toMatch(/\/interaction\/[\w-]+$/);
    const secret = secretInHarbor();
    clientSecrets.push(secret);
    expect(client?.secret).toBe(secret);
    // The client is the right one, only the code is not.
    expect(await tokenError(secret)).toBe("invalid_grant");
    expect(await tokenError("wrong")).toBe("invalid_client");
    // From another computer nothing is different, though the first one's path is not there.
    await rm(join(folder, "of-one"));
    await useKubeconfig("of-another");
    await stack.mustRun("up", "--expect-no-changes");
    // Nor where a pull request is previewed, without any.
    environment["KUBECONFIG"] = join(folder, "nowhere");
    await stack.mustRun("preview", "--expect-no-changes");
    environment["KUBECONFIG"] = join(folder, "of-another");
  });

  it("admin goes on signing in by the password, at the page and at the API", async () => {
    expect(await api("/users/current")).toMatchObject({ username: "admin", sysadmin_flag: true });
    const page = await fetch(`${harbor.url}/account/sign-in`);
    expect(page.status).toBe(200);
    const token = page.headers.get("x-harbor-csrf-token") ?? "";
    const cookie = page.headers.getSetCookie().map((one) => one.split(";")[0]);
    const signedIn = await fetch(`${harbor.url}/c/login`, {
      method: "POST",
      headers: { "x-harbor-csrf-token": token, cookie: cookie.join("; ") },
      body: new URLSearchParams({ principal: "admin", password: PASSWORD }),
    });
    expect(signedIn.status).toBe(200);
  });

  it("what somebody else changed is set back, in the cluster and in Harbor", async () => {
    await cluster.ask("PATCH", CLIENT, { redirectURIs: ["https://elsewhere.example.com"] });
    const changed = { oidc_scope: "openid", oidc_admin_group: "strangers" };
    await api("/configurations", { method: "PUT", body: JSON.stringify(changed) });
    const { output } = await stack.mustRun("up", "--refresh");
    for (const kind of ["OAuth2Client", "OidcAuth"]) expect(output).toMatch(new RegExp(`~ .*${kind}`));
    expect(await object(CLIENT)).toMatchObject({ redirectURIs: [`${harbor.url}/c/oidc/callback`] });
    expect(harbor.app.settings).toMatchObject({
      oidc_scope: "openid,profile,email,groups,offline_access",
      oidc_admin_group: "",
    });
  });

  it("another secret goes to both in place, other settings with it", async () => {
    const before = await object(CLIENT);
    await configure(oauth2client(), {
      adminGroup: "platform",
      members: [{ group: "developers", role: "admin" }],
    });
    await stack.mustRun("up", "--replace", "**Password::login-client-secret");
    const secret = secretInHarbor();
    expect(clientSecrets).not.toContain(secret);
    clientSecrets.push(secret);
    expect(await object(CLIENT)).toMatchObject({ secret, metadata: { uid: before?.metadata.uid } });
    expect(await tokenError(secret)).toBe("invalid_grant");
    expect(await tokenError(clientSecrets[0] ?? "")).toBe("invalid_client");
    expect(harbor.app.settings.oidc_admin_group).toBe("platform");
    expect(await groups()).toEqual(["developers 1"]);
  });

  it("in mode secret it is a Secret instead, with the same secret", async () => {
    await configure({ mode: "secret", kubeconfig: cluster.kubeconfig() }, { adminGroup: "platform" });
    await stack.mustRun("up");
    expect(await object(CLIENT)).toBeUndefined();
    const secret = secretInHarbor();
    expect(clientSecrets).toContain(secret);
    const data = { HARBOR_CACHE_CLIENT_SECRET: Buffer.from(secret).toString("base64") };
    expect(await object(SECRET)).toMatchObject({ data });
    expect(await groups()).toEqual([]);
  });

  it("without login all of it goes again", async () => {
    await configure(undefined);
    await stack.mustRun("up");
    expect(await object(SECRET)).toBeUndefined();
    expect(harbor.app.settings).toMatchObject({
      auth_mode: "db_auth",
      oidc_endpoint: "",
      oidc_client_secret: "",
    });
  });

  it("no secret is shown or kept in clear", async () => {
    const secrets = [PASSWORD, cluster.token, ...clientSecrets];
    expect(secrets).toHaveLength(4);
    expect(secretsIn(said.join(""), secrets)).toEqual([]);
    expect(await filesWithSecrets(join(folder, "backend"), secrets)).toEqual([]);
    const { found, seen } = await stopWatching();
    expect(seen).toBeGreaterThan(0);
    expect(found).toEqual([]);
  });
});
