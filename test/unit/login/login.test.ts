import { createRequire } from "node:module";

import callbacks from "@pulumi/pulumi/proto/callback_pb.js";
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, expect, test, vi } from "vitest";
import type { Login } from "../../../components/login/login.ts";
import { loginFor } from "../../../components/login/login-for.ts";
import { Provider } from "../../../provider/sdk.ts";
import { recordResources, settled, type Registered } from "../mocks.ts";
import { loginOf } from "./login-settings.ts";

const SECRET = "Generated1Secret2Of3The4Client55";
const harborUrl = "https://registry.example.com";
const callback = "https://registry.example.com/c/oidc/callback";

let registered: Registered[] = [];
let transforms: pulumi.ResourceTransform[] = [];
beforeEach(async () => {
  registered = await recordResources(({ type }) =>
    type === "harborcache:harbor:Password" ? { result: SECRET } : {},
  );
  transforms = [];
  // Mocks know no transforms, for which the engine calls back.
  const registerTransform = (transform: pulumi.ResourceTransform) => {
    transforms.push(transform);
    return Promise.resolve(new callbacks.Callback());
  };
  const awaitStackRegistrations = () => Promise.resolve();
  Object.assign(Reflect.get(globalThis, "globalStore") as object, {
    supportsTransforms: true,
    callbacks: { registerTransform, awaitStackRegistrations },
  });
  vi.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
  return () => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  };
});

function argsWith(projects: Record<string, pulumi.Input<string>> = {}) {
  const [provider, admin] = ["harbor", "harbor-admin"].map(
    (name) => new Provider(name, { url: harborUrl, username: name, password: "p" }),
  ) as [Provider, Provider];
  return { provider, admin, harborUrl, harbor: provider, projects };
}

async function made(given: object = {}): Promise<Login> {
  const settings = loginOf({ adminGroup: "admins", ...given });
  const login = await loginFor("login", settings, argsWith());
  if (login === undefined) throw new Error("nothing was made");
  await settled(pulumi.output(login.urn));
  // Members come after all else.
  await vi.waitFor(() => {
    expect(ofType("harborcache:harbor:OidcAuth")).toHaveLength(1);
  });
  return login;
}

const ofType = (type: string) => registered.filter((resource) => resource.type === type);
const only = (type: string): Registered => {
  const [first, ...others] = ofType(type);
  if (first === undefined || others.length > 0) throw new Error(`${others.length + 1} of ${type}`);
  return first;
};
/** As the engine is handed a secret. */
const secretly = (value: unknown) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});

const kubernetesModules = (): string[] =>
  Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes("@pulumi/kubernetes"));

/** What the plugin is given of the OAuth2Client. */
async function withTransform(props: Record<string, unknown>): Promise<unknown> {
  const [transform, ...others] = transforms;
  if (transform === undefined || others.length > 0) throw new Error(`${transforms.length} transforms`);
  const opts = { retainOnDelete: false };
  const result = await transform({ custom: true, type: "", name: "", props, opts });
  expect(result?.opts).toBe(opts);
  return result?.props;
}

test("without settings nothing is made, and @pulumi/kubernetes not loaded", async () => {
  const args = argsWith();
  expect(await loginFor("login", undefined, args)).toBeUndefined();
  await settled(pulumi.all([args.provider.urn, args.admin.urn]));
  expect(registered.map(({ name }) => name)).toEqual(["harbor", "harbor-admin"]);
  expect(kubernetesModules()).toEqual([]);
  await made();
  expect(kubernetesModules()).not.toEqual([]);
});

test("an OAuth2Client is made in dex's namespace, under the name that dex looks for", async () => {
  vi.stubEnv("KUBECONFIG", "/of/this/computer");
  const login = await made({ client: { mode: "oauth2client", namespace: "auth", context: "production" } });
  expect(login.redirectUri).toBe(callback);
  expect(registered.map(({ type, name }) => `${type} ${name}`).sort()).toEqual([
    "harborcache:components:Login login",
    "harborcache:harbor:OidcAuth login",
    "harborcache:harbor:Password login-client-secret",
    "kubernetes:dex.coreos.com/v1:OAuth2Client login-client",
    "pulumi:providers:harborcache harbor",
    "pulumi:providers:harborcache harbor-admin",
    "pulumi:providers:kubernetes login-cluster",
  ]);
  const client = only("kubernetes:dex.coreos.com/v1:OAuth2Client");
  expect(client.inputs).toEqual({
    apiVersion: "dex.coreos.com/v1",
    kind: "OAuth2Client",
    metadata: {
      name: "nbqxeytpoiwwgyldnbss233jmrrs2zdfpdf7fhheqqrcgji",
      namespace: "auth",
      labels: { "app.kubernetes.io/managed-by": "harbor-cache" },
    },
    name: "Harbor",
    secret: secretly(SECRET),
    redirectURIs: [callback],
  });
  expect(await withTransform(client.inputs)).toEqual({ ...client.inputs, id: "harbor-cache-oidc-dex" });
  expect(client.provider).toMatch(/pulumi:providers:kubernetes::login-cluster::login-cluster-id$/);
  const cluster = only("pulumi:providers:kubernetes").inputs;
  expect(Object.fromEntries(Object.entries(cluster).filter(([, value]) => value !== undefined))).toEqual({
    context: "production",
    namespace: "auth",
    // Not the path that KUBECONFIG says here.
    kubeconfig: "",
    enableServerSideApply: "true",
    enablePatchForce: "true",
    enableSecretMutable: "true",
  });
});

test("Harbor is told of everything by its administrator, the secret as a secret", async () => {
  await made({
    issuer: "https://dex.example.com/dex/",
    name: "our dex",
    client: { mode: "oauth2client", id: "cache" },
    scope: "openid,groups,offline_access",
    groupsClaim: "roles",
    groupFilter: "^harbor-",
    userClaim: "email",
    verifyCertificate: false,
    autoOnboard: true,
    logout: true,
    extraRedirectParameters: { prompt: "consent" },
    primary: true,
    checkIssuer: false,
  });
  const auth = only("harborcache:harbor:OidcAuth");
  expect(auth.inputs).toEqual({
    oidcName: "our dex",
    oidcEndpoint: "https://dex.example.com/dex/",
    oidcClientId: "cache",
    oidcClientSecret: secretly(SECRET),
    oidcScope: "openid,groups,offline_access",
    oidcGroupsClaim: "roles",
    oidcAdminGroup: "admins",
    oidcGroupFilter: "^harbor-",
    oidcUserClaim: "email",
    oidcVerifyCert: false,
    oidcAutoOnboard: true,
    oidcLogout: true,
    oidcExtraRedirectParms: { prompt: "consent" },
    primaryAuthMode: true,
    checkIssuer: false,
  });
  expect(auth.provider).toMatch(/pulumi:providers:harborcache::harbor-admin::harbor-admin-id$/);
  expect(await withTransform({})).toEqual({ id: "cache" });
});

test("what is not given stays out, and the defaults are dex's", async () => {
  await made({ adminGroup: undefined });
  expect(only("harborcache:harbor:OidcAuth").inputs).toEqual({
    oidcName: "dex",
    oidcEndpoint: "https://dex.example.com",
    oidcClientId: "harbor-cache-oidc-dex",
    oidcClientSecret: secretly(SECRET),
    oidcScope: "openid,profile,email,groups,offline_access",
    oidcGroupsClaim: "groups",
    oidcVerifyCert: true,
    oidcAutoOnboard: false,
    oidcLogout: false,
    oidcExtraRedirectParms: {},
    primaryAuthMode: false,
    checkIssuer: true,
  });
});

test("in mode secret a Kubernetes Secret holds it under the variable's name", async () => {
  const contents = "contexts: [{ name: a }]\nclusters: [{ name: a }]\ncurrent-context: a\n";
  await made({ client: { mode: "secret", secretName: "oidc", secretKey: "HARBOR", kubeconfig: contents } });
  expect(only("kubernetes:core/v1:Secret").inputs).toEqual({
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: "oidc",
      namespace: "dex",
      labels: { "app.kubernetes.io/managed-by": "harbor-cache" },
    },
    stringData: secretly({ HARBOR: SECRET }),
  });
  expect(ofType("kubernetes:dex.coreos.com/v1:OAuth2Client")).toEqual([]);
  expect(only("pulumi:providers:kubernetes").inputs).toMatchObject({ kubeconfig: secretly(contents) });
});

test("a client that exists needs no cluster and no other secret", async () => {
  const login = await made({ client: { mode: "existing", id: "harbor", secret: "Given-Secret-9" } });
  expect(registered.map(({ type }) => type).sort()).toEqual([
    "harborcache:components:Login",
    "harborcache:harbor:OidcAuth",
    "pulumi:providers:harborcache",
    "pulumi:providers:harborcache",
  ]);
  expect(only("harborcache:harbor:OidcAuth").inputs).toMatchObject({
    oidcClientId: "harbor",
    oidcClientSecret: secretly("Given-Secret-9"),
  });
  expect(login.redirectUri).toBe(callback);
});

test("members are of the projects that they name, else of all, by the project's own output", async () => {
  const projects = {
    "proxy.docker.io": pulumi.output("proxy.docker.io"),
    platform: pulumi.output(Promise.resolve("platform")),
  };
  const settings = {
    ...loginOf({ adminGroup: "admins" }),
    members: [
      { group: "everybody", role: "guest" },
      { group: "org:team/a", role: "projectadmin", projects: ["platform"] },
    ] as const,
  };
  await loginFor("login", settings, argsWith(projects));
  const found = await vi.waitFor(() => {
    const members = ofType("harborcache:harbor:ProjectMemberGroup");
    expect(members).toHaveLength(3);
    return members;
  });
  expect(found.map(({ name, inputs }) => ({ name, ...inputs }))).toEqual([
    {
      name: "login-proxy.docker.io/everybody",
      project: "proxy.docker.io",
      groupName: "everybody",
      role: "guest",
    },
    { name: "login-platform/everybody", project: "platform", groupName: "everybody", role: "guest" },
    { name: "login-platform/org:team/a", project: "platform", groupName: "org:team/a", role: "projectadmin" },
  ]);
  // Harbor knows no groups before.
  const order = registered.map(({ type }) => type);
  expect(order.indexOf("harborcache:harbor:OidcAuth")).toBeLessThan(
    order.indexOf("harborcache:harbor:ProjectMemberGroup"),
  );
  expect(new Set(found.map(({ provider: by }) => by?.replace(/.*::/, "")))).toEqual(new Set(["harbor-id"]));
});

test("warnings are said once, of the component", async () => {
  await made({ adminGroup: undefined });
  expect(vi.mocked(pulumi.log.warn).mock.calls.map(([text]) => text)).toEqual([
    expect.stringContaining("harbor-cache:login.adminGroup is not given"),
  ]);
});
