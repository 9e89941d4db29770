/** The resource `OidcAuth` against the Harbor stand-in and what a real Harbor answered. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { HarborClient } from "../../../provider/harbor/client.ts";
import { oidcAuth } from "../../../provider/harbor/oidc-auth.ts";
import { UNKNOWN, type Properties } from "../../../provider/values.ts";
import { checked, contextFor, failuresOf, URN } from "./context.ts";
import { PASSWORD, startLabHarbor, type LabHarbor } from "./lab-harbor.ts";
import { failureOf, ProviderClient, secret } from "./provider-client.ts";
import { recordedHarbor } from "./recorded-harbor.ts";

const TYPE = "harborcache:harbor:OidcAuth";

let issuer: string;
const discovery = createServer((request, response) => {
  if (request.url !== "/dex/.well-known/openid-configuration") {
    response.writeHead(404).end();
    return;
  }
  response.end(JSON.stringify({ issuer, authorization_endpoint: `${issuer}/auth` }));
});
beforeAll(async () => {
  await new Promise<void>((resolve) => discovery.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(discovery.address() as AddressInfo).port}/dex`;
});
afterAll(() => discovery.close());

let lab: LabHarbor;
beforeEach(async () => {
  lab = await startLabHarbor();
});
afterEach(async () => {
  await lab.close();
});

const wanted = (changes: Properties = {}): Promise<Properties> =>
  checked(oidcAuth, {
    oidcName: "dex",
    oidcEndpoint: issuer,
    oidcClientId: "harbor",
    oidcClientSecret: "client-secret",
    oidcAdminGroup: "harbor-admins",
    ...changes,
  });

const makeUser = (username: string) =>
  lab.client.create(
    "/users",
    { username, email: `${username}@example.org`, realname: username, password: "Passw0rd1" },
    () => Promise.resolve(undefined),
  );

test("check fills in what works with dex, and knows what Harbor doesn't check", async () => {
  expect(await wanted({ oidcExtraRedirectParms: {} })).toEqual({
    oidcName: "dex",
    oidcEndpoint: issuer,
    oidcClientId: "harbor",
    oidcClientSecret: "client-secret",
    oidcAdminGroup: "harbor-admins",
    oidcScope: "openid,profile,email,groups,offline_access",
    oidcGroupsClaim: "groups",
    oidcVerifyCert: true,
    oidcAutoOnboard: false,
    oidcLogout: false,
    primaryAuthMode: false,
    checkIssuer: true,
  });
  expect(
    await failuresOf(oidcAuth, {
      oidcName: "dex",
      oidcEndpoint: "http://dex.example.com",
      oidcClientId: UNKNOWN,
      oidcClientSecret: "",
      oidcScope: "profile,email",
      oidcGroupFilter: "(",
      oidcExtraRedirectParms: { prompt: 1 },
    }),
  ).toEqual([
    "oidcEndpoint: must be https; http is for loopback only",
    "oidcClientSecret: must not be empty",
    "oidcScope: must have openid among its scopes",
    expect.stringMatching(/^oidcGroupFilter: must be a regular expression/),
    "oidcExtraRedirectParms.prompt: must be text",
  ]);
});

test.each([
  ["oidcEndpoint", "dex.example.com", /must be the issuer's URL/],
  ["oidcEndpoint", "https://u:p@dex.example.com", /must not hold a user/],
  ["oidcEndpoint", "https://dex.example.com/?a=b", /no query/],
  ["oidcEndpoint", "https://dex.example.com/.well-known/openid-configuration", /the issuer itself/],
  ["oidcEndpoint", "https://Dex.example.com", /lower case/],
  ["oidcScope", "openid profile", /commas without blanks/],
  ["oidcScope", "openid,,email", /empty scope/],
  ["oidcGroupFilter", "(?=x)y", /look ahead/],
  ["oidcGroupFilter", "(a)\\1", /back references/],
])("%s %s is wrong", async (name, value, reason) => {
  const { failures } = await oidcAuth.check(undefined, { ...(await wanted()), [name]: value });
  expect(failures).toEqual([{ property: name, reason: expect.stringMatching(reason) as string }]);
});

test.each([
  ["oidcEndpoint", "https://dex.example.com/dex/"],
  ["oidcEndpoint", "http://localhost:5556"],
  ["oidcEndpoint", "http://[::1]:5556/dex"],
  ["oidcGroupFilter", "(?i)^team-(?P<name>.*)$"],
])("%s %s is right", async (name, value) => {
  expect((await oidcAuth.check(undefined, { ...(await wanted()), [name]: value })).failures).toEqual([]);
});

test("the life of a login: its secret stays secret and is no drift", async () => {
  const provider = await ProviderClient.start([oidcAuth]);
  try {
    await provider.configure({ url: lab.harbor.url, username: "admin", password: secret(PASSWORD) });
    const plain = await wanted();
    const inputs = { ...plain, oidcClientSecret: secret("client-secret") };
    expect((await provider.check(TYPE, {}, plain)).inputs).toEqual(inputs);
    expect((await provider.create(TYPE, inputs, true)).state).toEqual(inputs);
    const { id, state } = await provider.create(TYPE, inputs);
    expect({ id, state }).toEqual({ id: "oidc", state: inputs });
    expect(await provider.read(TYPE, id, inputs, state)).toEqual({ id, inputs, state });
    expect((await provider.diff(TYPE, id, inputs, state, inputs)).changes).toBe(false);
    expect(clientSecret()).toBe("client-secret");

    const rotated = { ...inputs, oidcClientSecret: secret("another-secret") };
    expect((await provider.diff(TYPE, id, inputs, state, rotated)).detailed).toEqual({
      oidcClientSecret: "UPDATE",
    });
    expect(await provider.update(TYPE, id, inputs, state, rotated)).toEqual(rotated);
    expect(clientSecret()).toBe("another-secret");

    const failed = await failureOf(
      provider.update(TYPE, id, rotated, rotated, { ...rotated, oidcEndpoint: `${issuer}/other` }),
    );
    expect(failed.message).toMatch(
      /Harbor itself, not this machine, has to read .*\/dex\/other\/\.well-known/,
    );
    expect(failed.message).not.toContain("another-secret");
    expect(lab.harbor.app.settings.oidc_endpoint).toBe(issuer);

    const imported = await provider.read(TYPE, "oidc");
    const hidden = ["oidcClientSecret", "checkIssuer"];
    const shown = Object.fromEntries(Object.entries(plain).filter(([name]) => !hidden.includes(name)));
    expect(imported).toEqual({ id: "oidc", inputs: shown, state: shown });

    // Where it was made in the same run, as by a replacement, it stays.
    await provider.delete(TYPE, id, rotated, rotated);
    expect(lab.harbor.app.settings.auth_mode).toBe("oidc_auth");
    await oidcAuth.delete(contextFor(lab.client), URN, id, plain, plain);
    expect(lab.harbor.app.settings).toMatchObject({
      auth_mode: "db_auth",
      oidc_endpoint: "",
      oidc_client_secret: "",
      oidc_verify_cert: true,
    });
    expect((await provider.read(TYPE, id, rotated, rotated)).id).toBe("");
  } finally {
    await provider.close();
  }
});

/** As Harbor keeps it: encrypted. */
function clientSecret(): string {
  return lab.harbor.app.keys.decrypt(lab.harbor.app.settings.oidc_client_secret);
}

test("every setting is updated, drift is seen and mended, and what is dropped is cleared", async () => {
  const inputs = await wanted();
  const context = contextFor(lab.client);
  const { id, state } = await oidcAuth.create(context, URN, inputs, false);
  const news: Properties = {
    ...inputs,
    oidcName: "keycloak",
    oidcClientId: "cache",
    oidcClientSecret: "other",
    oidcScope: "openid",
    oidcGroupsClaim: "roles",
    oidcAdminGroup: "admins",
    oidcGroupFilter: "^team-",
    oidcUserClaim: "email",
    oidcVerifyCert: false,
    oidcAutoOnboard: true,
    oidcLogout: true,
    oidcExtraRedirectParms: { prompt: "login" },
    primaryAuthMode: true,
  };
  const after = await oidcAuth.update(context, URN, id, inputs, state, news, false);
  expect(await oidcAuth.read(context, URN, id, news, after)).toEqual({ id, inputs: news, state: after });

  await lab.client.put("/configurations", { oidc_scope: "openid,email", oidc_admin_group: "" });
  const drifted = await oidcAuth.read(context, URN, id, news, after);
  expect(oidcAuth.diff(id, drifted?.inputs ?? {}, {}, news).detailed).toEqual({
    oidcScope: { kind: "update" },
    oidcAdminGroup: { kind: "add" },
  });
  await oidcAuth.update(context, URN, id, drifted?.inputs ?? {}, after, news, false);
  expect((await oidcAuth.read(context, URN, id, news, after))?.inputs).toEqual(news);

  await oidcAuth.update(context, URN, id, news, after, inputs, false);
  expect((await oidcAuth.read(context, URN, id, inputs, state))?.inputs).toEqual(inputs);
  await lab.client.put("/configurations", { auth_mode: "db_auth" });
  expect(await oidcAuth.read(context, URN, id, inputs, state)).toBeUndefined();
});

test("with users there is no way to OIDC: told before anything is written", async () => {
  await makeUser("joe");
  const before = { ...lab.harbor.app.settings };
  await expect(oidcAuth.create(contextFor(lab.client), URN, await wanted(), false)).rejects.toThrow(
    /can't change from db_auth to oidc_auth.*besides admin \(joe\).*Delete these users.*Nothing was changed/,
  );
  expect(lab.harbor.app.settings).toEqual(before);
});

test("an issuer that Harbor can't read is refused unless checkIssuer is off", async () => {
  const context = contextFor(lab.client);
  const inputs = await wanted({ oidcEndpoint: issuer.replace("/dex", "/nobody") });
  await expect(oidcAuth.create(context, URN, inputs, false)).rejects.toThrow(
    /has to read http:\/\/127.*\/nobody\/\.well-known\/openid-configuration.*checkIssuer: false.*400 to POST/,
  );
  expect(lab.harbor.app.settings.auth_mode).toBe("db_auth");
  const { state } = await oidcAuth.create(context, URN, { ...inputs, checkIssuer: false }, false);
  expect(state["oidcEndpoint"]).toContain("/nobody");
});

test("an issuer behind a firewall, for which Harbor waits too long, is told of as such", async () => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const client = new HarborClient(
    { url: lab.harbor.url, username: "admin", password: PASSWORD, requestTimeout: 500 },
    { retry: { attempts: 1, baseDelay: 1, maxDelay: 1 } },
  );
  try {
    const created = oidcAuth.create(contextFor(client), URN, await wanted({ oidcEndpoint: url }), false);
    await expect(created).rejects.toThrow(
      /Harbor itself, not this machine, has to read .*checkIssuer: false.*in time/,
    );
    expect(lab.harbor.app.settings.auth_mode).toBe("db_auth");
  } finally {
    silent.closeAllConnections();
    silent.close();
    await client.close();
  }
});

test("a delete leaves a login that is another's, or that can't go back any more", async () => {
  const inputs = await wanted();
  const { id, state } = await oidcAuth.create(contextFor(lab.client), URN, inputs, false);
  const context = contextFor(lab.client);
  await lab.client.put("/configurations", { oidc_client_id: "theirs" });
  await oidcAuth.delete(context, URN, id, inputs, state);
  await lab.client.put("/configurations", { oidc_client_id: "harbor" });
  lab.harbor.app.state.users.push(
    ...lab.harbor.app.state.users.map((user) => ({ ...user, id: 9, admin: false })),
  );
  await oidcAuth.delete(context, URN, id, inputs, state);
  expect(lab.harbor.app.settings.auth_mode).toBe("oidc_auth");
  expect(context.shown).toEqual([
    expect.stringMatching(/^warning: .*another issuer or client now/),
    expect.stringMatching(/^warning: .*can't go back to db_auth/),
  ]);
});

/** As the recordings were made. */
const recorded = {
  oidcName: "dex",
  oidcEndpoint: "http://127.0.0.1:15556/dex",
  oidcClientId: "harbor",
  oidcClientSecret: "s3cret",
  oidcAdminGroup: "harbor-admins",
  oidcGroupFilter: ".*",
  oidcUserClaim: "preferred_username",
  oidcAutoOnboard: true,
  oidcExtraRedirectParms: { prompt: "login" },
};

test("recorded: a login is set up on a new Harbor and read back", async () => {
  const inputs = await checked(oidcAuth, recorded);
  const exchanges = ["1", "3", "14", "15", "15"].map((seq) => `07-configurations/${seq}`);
  const harbor = await recordedHarbor(exchanges);
  const context = contextFor(harbor.client);
  const created = await oidcAuth.create(context, URN, inputs, false);
  expect(created).toEqual({ id: "oidc", state: inputs });
  expect(await oidcAuth.read(context, URN, "oidc", inputs, inputs)).toEqual({
    id: "oidc",
    inputs,
    state: inputs,
  });
  expect(harbor.unexpected()).toEqual([]);
});

test("recorded: after a user was made the mode is fixed; nothing is written", async () => {
  const harbor = await recordedHarbor(["07-configurations/42", "01-system/19"], undefined, undefined, {
    "/api/v2.0/users": "/api/v2.0/users?page_size=6",
  });
  const created = oidcAuth.create(contextFor(harbor.client), URN, await checked(oidcAuth, recorded), false);
  await expect(created).rejects.toThrow(/users besides admin/);
  expect(harbor.unexpected()).toEqual([]);
});
