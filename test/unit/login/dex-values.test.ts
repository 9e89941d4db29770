import { expect, test } from "vitest";
import { parse } from "yaml";
import { redirectUri, renderDexValues, renderHelmfileValues } from "../../../components/login/dex-values.ts";

const client = {
  mode: "secret",
  id: "harbor-cache-oidc-dex",
  name: "Harbor: the cache",
  namespace: "dex",
  secretName: "harbor-client",
  secretKey: "HARBOR_SECRET",
} as const;
const url = "https://registry.example.com:8443";
const entries = {
  staticClients: [
    {
      id: "harbor-cache-oidc-dex",
      name: "Harbor: the cache",
      secretEnv: "HARBOR_SECRET",
      redirectURIs: ["https://registry.example.com:8443/c/oidc/callback"],
    },
  ],
  envFrom: [{ secretRef: { name: "harbor-client" } }],
};

test("people come back to Harbor's own path", () => {
  expect(redirectUri(url)).toBe("https://registry.example.com:8443/c/oidc/callback");
});

test("the chart's values name the variable that holds the secret", () => {
  const text = renderDexValues(client, url);
  expect(text)
    .toBe(`# Made by harbor-cache for dex's chart; changes here are overwritten. Helm replaces lists as a whole: where dex has
# other clients or other envFrom, put these entries among them.
config:
  staticClients:
    - id: harbor-cache-oidc-dex
      name: "Harbor: the cache"
      secretEnv: HARBOR_SECRET
      redirectURIs:
        - https://registry.example.com:8443/c/oidc/callback
envFrom:
  - secretRef:
      name: harbor-client
`);
  expect(parse(text)).toEqual({
    config: { staticClients: entries.staticClients },
    envFrom: entries.envFrom,
  });
});

test("a helmfile's environment has the same below a name of its own", () => {
  const text = renderHelmfileValues(client, url);
  expect(text.split("\n").filter((line) => !line.startsWith("#"))).toEqual([
    "harborCacheDex:",
    "  staticClients:",
    "    - id: harbor-cache-oidc-dex",
    '      name: "Harbor: the cache"',
    "      secretEnv: HARBOR_SECRET",
    "      redirectURIs:",
    "        - https://registry.example.com:8443/c/oidc/callback",
    "  envFrom:",
    "    - secretRef:",
    "        name: harbor-client",
    "",
  ]);
  expect(parse(text)).toEqual({ harborCacheDex: entries });
});
