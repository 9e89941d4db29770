import { expect, test } from "vitest";
import { loginWarnings } from "../../../components/login/warnings.ts";
import { loginOf } from "./login-settings.ts";

const url = "https://registry.example.com";
const calm = { adminGroup: "admins" };

test("nothing is said of what is as it should be", () => {
  expect(loginWarnings(loginOf(calm), url)).toEqual([]);
});

test.each<[object, string, string]>([
  [
    { adminGroup: undefined },
    url,
    "harbor-cache:login.adminGroup is not given: nobody who signs in is an administrator of Harbor, only the user admin is.",
  ],
  [
    {},
    "http://registry.example.com",
    "harbor-cache:login is used over plain HTTP: whoever is on the way can take over what people signed in to. For a trusted network only.",
  ],
  [
    { verifyCertificate: false },
    url,
    "harbor-cache:login.verifyCertificate is false: whoever is on the way between Harbor and the issuer can sign in as anybody.",
  ],
  [
    { client: { mode: "secret" } },
    url,
    "harbor-cache:login.client.context is not given: the client is made in whatever cluster the kubeconfig points at when up runs.",
  ],
  [
    { scope: "openid,email,offline_access" },
    url,
    "harbor-cache:login.scope has no groups: dex then tells Harbor of none, so that adminGroup and members give nobody a right.",
  ],
  [
    { scope: "openid,groups" },
    url,
    "harbor-cache:login.scope has no offline_access: CLI secrets then end with the ID token, after a day or less.",
  ],
])("%j at %s is warned of", (given, at, warning) => {
  expect(loginWarnings(loginOf({ ...calm, ...given }), at)).toEqual([warning]);
});

test("contents are of one cluster", () => {
  const kubeconfig = "contexts: [{ name: a }]\nclusters: [{ name: a }]\ncurrent-context: a\n";
  const client = { mode: "oauth2client", kubeconfig };
  expect(loginWarnings(loginOf({ ...calm, client }), url)).toEqual([]);
});

test("other issuers have scopes of their own", () => {
  const client = { mode: "existing", id: "harbor", secret: "s3cret-of-the-client" };
  expect(loginWarnings(loginOf({ ...calm, scope: "openid", client }), url)).toEqual([]);
});
