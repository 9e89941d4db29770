import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TLSSocket } from "node:tls";

import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { Api } from "../../../lab/plugins/kubernetes/api.ts";
import { readAccess } from "../../../lab/plugins/kubernetes/kubeconfig.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const TLS = new URL("../../fixtures/tls/", import.meta.url);
const CERTIFICATE = readFileSync(new URL("localhost.crt", TLS), "utf8");
const KEY = readFileSync(new URL("localhost.key", TLS), "utf8");

const CONFIG = `
current-context: one
clusters:
  - { name: a, cluster: { server: "https://a:6443/", certificate-authority-data: ${base64("CA")} } }
  - { name: b, cluster: { server: "https://b", insecure-skip-tls-verify: true, tls-server-name: kubernetes } }
contexts:
  - { name: one, context: { cluster: a, user: token } }
  - { name: two, context: { cluster: b, user: certificate, namespace: own } }
  - { name: three, context: { cluster: a, user: plugin } }
  - { name: lost, context: { cluster: gone, user: token } }
users:
  - { name: token, user: { token: of-the-test } }
  - { name: certificate, user: { client-certificate-data: ${base64("CERT")}, client-key-data: ${base64("KEY")} } }
  - { name: plugin, user: { exec: { command: aws } } }
`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kubeconfig-"));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

it("reads the current context of a text", () => {
  expect(readAccess(CONFIG, {})).toEqual({
    ...{ server: "https://a:6443", namespace: "default", authorization: "Bearer of-the-test" },
    tls: { ca: "CA", rejectUnauthorized: true },
  });
});

it("reads another context of a file, with the namespace that is asked for", () => {
  const path = join(folder, "config");
  writeFileSync(path, CONFIG);
  const tls = { cert: "CERT", key: "KEY", servername: "kubernetes", rejectUnauthorized: false };
  const two = { server: "https://b", authorization: undefined, tls };
  expect(readAccess(path, { context: "two" })).toEqual({ ...two, namespace: "own" });
  expect(readAccess(path, { context: "two", namespace: "dex" })).toEqual({ ...two, namespace: "dex" });
  vi.stubEnv("KUBECONFIG", path);
  expect(readAccess(undefined, {}).server).toBe("https://a:6443");
});

it("joins the files of KUBECONFIG that are there", () => {
  const [first, second] = [join(folder, "first"), join(folder, "second")];
  writeFileSync(first, "clusters: [{ name: a, cluster: { server: https://first } }]");
  writeFileSync(second, CONFIG);
  vi.stubEnv("KUBECONFIG", [first, join(folder, "nowhere"), second].join(":"));
  expect(readAccess(undefined, {}).server).toBe("https://first");
  expect(readAccess(undefined, { context: "two" }).server).toBe("https://b");
  vi.stubEnv("KUBECONFIG", join(folder, "nowhere"));
  expect(() => readAccess(undefined, {})).toThrow("no configuration has been provided");
});

it.each([
  [{ context: "four" }, 'context "four" does not exist'],
  [{ context: "lost" }, "no server found for the cluster"],
  [{ context: "three" }, "can't do exec"],
])("says what is wrong with %j", (overrides, message) => {
  expect(() => readAccess(CONFIG, overrides)).toThrow(message);
});

it("doesn't show what it can't parse", () => {
  expect(() => readAccess("token: of-the-test: [", {})).toThrow(
    /^couldn't parse the kubeconfig: no YAML at line 1$/,
  );
  expect(() => readAccess("users: of-the-test", {})).toThrow(/^(?!.*of-the-test)/);
});

it("proves itself by a client certificate to a server that it checks", async () => {
  let presented: string | undefined;
  const server = createServer(
    { cert: CERTIFICATE, key: KEY, ca: CERTIFICATE, requestCert: true },
    (request, response) => {
      if (request.socket instanceof TLSSocket)
        presented = request.socket.getPeerX509Certificate()?.toString();
      response.end("{}");
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const at = `https://localhost:${(server.address() as AddressInfo).port}`;
  const config = (ca: object) =>
    JSON.stringify({
      "current-context": "it",
      clusters: [{ name: "it", cluster: { server: at, ...ca } }],
      contexts: [{ name: "it", context: { cluster: "it", user: "it" } }],
      users: [
        {
          name: "it",
          user: { "client-certificate-data": base64(CERTIFICATE), "client-key-data": base64(KEY) },
        },
      ],
    });
  const trusting = new Api(
    readAccess(config({ "certificate-authority-data": base64(CERTIFICATE) }), {}),
    5000,
  );
  const wary = new Api(readAccess(config({}), {}), 5000);
  const asked = { method: "GET", path: "/version", signal: AbortSignal.timeout(10_000) } as const;
  try {
    await expect(trusting.request(asked)).resolves.toEqual({});
    expect(presented).toBe(CERTIFICATE);
    await expect(wary.request(asked)).rejects.toThrow(/self.signed|unable to verify/i);
  } finally {
    for (const api of [trusting, wary]) api.close();
    server.close();
    server.closeAllConnections();
  }
});
