/** Against a small API server on loopback that answers as a real one does to a list of nodes. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { TLSSocket } from "node:tls";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { lookUp } from "../../../../config/inventory/look-up.ts";
import { folderWith } from "./folder.ts";

const pem = (name: string): string =>
  readFileSync(new URL(`../../../fixtures/tls/${name}`, import.meta.url), "utf8");
const [ca, key] = [pem("localhost.crt"), pem("localhost.key")];
const base64 = (text: string): string => Buffer.from(text).toString("base64");

const node = (name: string, addresses: Record<string, string>, runtime = "cri-o://1.34.1") => ({
  metadata: { name },
  status: {
    addresses: Object.entries(addresses).map(([type, address]) => ({ type, address })),
    nodeInfo: { containerRuntimeVersion: runtime },
  },
});
const three = [1, 2, 3].map((i) =>
  node(`worker-${i}`, { InternalIP: `10.0.0.${i}`, Hostname: `worker-${i}` }),
);

interface Reply {
  readonly status?: number;
  readonly body: unknown;
}

async function cluster(
  answer: (request: IncomingMessage) => Reply,
): Promise<{ server: string; asked: string[] }> {
  const asked: string[] = [];
  const api: Server = createServer(
    { cert: ca, key, ca, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      asked.push(request.url ?? "");
      const { status = 200, body } = answer(request);
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    },
  );
  await new Promise<void>((done) => api.listen(0, "127.0.0.1", done));
  onTestFinished(() => {
    api.closeAllConnections();
    api.close();
  });
  return { server: `https://localhost:${(api.address() as AddressInfo).port}`, asked };
}

function kubeconfig(server: string, user: unknown, more: object = {}): string {
  return JSON.stringify({
    "current-context": "production",
    contexts: [{ name: "production", context: { cluster: "c", user: "u" } }],
    clusters: [{ name: "c", cluster: { server, "certificate-authority-data": base64(ca), ...more } }],
    users: [{ name: "u", user }],
  });
}

/** What is found by kubeconfigs in a folder; `files` beside them. */
async function found(
  config: string,
  source: Record<string, string> = {},
  files: Record<string, string> = {},
) {
  const kubernetes = { kubeconfigFile: "kubeconfig", addressType: "InternalIP" as const, ...source };
  const inventory = { kubernetes, allowEmpty: false };
  const folder = folderWith({ kubeconfig: config, ...files });
  const { found: all } = await lookUp(
    [{ index: 0, inventory, hasPrivateKey: false, hasJump: false }],
    folder,
  );
  const { nodes = [], problems = [] } = all.get(0) ?? {};
  return {
    names: nodes.map(({ name, address }) => `${name} ${address}`),
    problems: problems.map(({ text }) => text),
  };
}

const list = (items: unknown, more = ""): Reply => ({
  body: { kind: "NodeList", metadata: { continue: more }, items },
});

test("nodes come page by page, by a selector", async () => {
  const { server, asked } = await cluster(({ url = "", headers }) => {
    if (headers.authorization !== "Bearer the-token") return { status: 401, body: {} };
    return url.includes("continue=next") ? list(three.slice(2)) : list(three.slice(0, 2), "next");
  });
  const { names, problems } = await found(kubeconfig(server, { token: "the-token" }), {
    selector: "node-role.kubernetes.io/worker=,!x",
  });
  expect([names, problems]).toEqual([["worker-1 10.0.0.1", "worker-2 10.0.0.2", "worker-3 10.0.0.3"], []]);
  expect(asked).toHaveLength(2);
  expect(new URL(asked[0] ?? "", server).searchParams.get("labelSelector")).toBe(
    "node-role.kubernetes.io/worker=,!x",
  );
});

test("an address of another type; a node that has none of it", async () => {
  const { server } = await cluster(() =>
    list([...three.slice(0, 1), node("bare", { InternalIP: "10.0.0.9" })]),
  );
  expect(await found(kubeconfig(server, {}), { addressType: "Hostname" })).toEqual({
    names: ["worker-1 worker-1"],
    problems: [`${server} has nodes without Hostname, but with InternalIP`],
  });
});

describe("logins", () => {
  const asking = (): Promise<{ server: string }> =>
    cluster((request) => {
      const { socket, headers } = request;
      const subject = socket instanceof TLSSocket ? JSON.stringify(socket.getPeerCertificate().subject) : "";
      return list([node(headers.authorization ?? subject, { InternalIP: "10.0.0.1" })]);
    });

  test("by a client certificate, in the kubeconfig or in files beside it", async () => {
    const { server } = await asking();
    const inside = { "client-certificate-data": base64(ca), "client-key-data": base64(key) };
    const beside = { "client-certificate": "tls/me.crt", "client-key": "tls/me.key" };
    const files = { "tls/me.crt": ca, "tls/me.key": key };
    for (const user of [inside, beside]) {
      expect((await found(kubeconfig(server, user), {}, files)).names).toEqual([
        expect.stringContaining('"CN":"'),
      ]);
    }
  });

  test("by a token with a line's end behind it, but not one of two lines", async () => {
    const { server } = await asking();
    expect((await found(kubeconfig(server, { token: "t\n" }))).names).toEqual(["Bearer t 10.0.0.1"]);
    expect(await found(kubeconfig(server, { token: "the-secret\nx" }))).toEqual({
      names: [],
      problems: ["kubeconfig: the token of its context production is more than one word"],
    });
  });

  test("by a token in a file", async () => {
    const { server } = await asking();
    const { names } = await found(kubeconfig(server, { tokenFile: "token" }), {}, { token: "of-a-file\n" });
    expect(names).toEqual(["Bearer of-a-file 10.0.0.1"]);
  });

  const exec = (script: string, more: object = {}) => ({
    exec: { apiVersion: "client.authentication.k8s.io/v1", command: "sh", args: ["-c", script], ...more },
  });

  test("by a program, which is told what is wanted", async () => {
    const { server } = await asking();
    const script = `case $KUBERNETES_EXEC_INFO in *'"interactive":false'*)
      echo '{"kind":"ExecCredential","status":{"token":"of-'"$WHO"'"}}';; esac`;
    const user = exec(script, { env: [{ name: "WHO", value: "me" }] });
    expect((await found(kubeconfig(server, user))).names).toEqual(["Bearer of-me 10.0.0.1"]);
  });

  test.each([
    [
      exec("echo the-secret; echo 'no session' >&2; exit 1"),
      "the kubeconfig's program sh failed: no session",
    ],
    [exec("echo the-secret"), "the kubeconfig's program sh printed no ExecCredential"],
    [
      exec("", { command: "no-such-program", installHint: "Get it from us." }),
      "the kubeconfig's program no-such-program is not installed: Get it from us.",
    ],
    [
      { "auth-provider": { name: "gcp" } },
      "kubeconfig: auth-provider is gone from Kubernetes since 1.26; for example: exec",
    ],
  ])("%j fails in words", async (user, problem) => {
    expect((await found(kubeconfig("https://localhost:1", user))).problems).toEqual([problem]);
  });
});

describe("what goes wrong is said", () => {
  test.each([
    [401, {}, "it doesn't know the login of the kubeconfig's context"],
    [403, {}, "the kubeconfig's user may not list nodes: it needs the verb list on nodes"],
    [400, { message: "unable to parse requirement: <nil>" }, "unable to parse requirement"],
    [200, { kind: "Status" }, "answered with no list of nodes"],
  ])("an answer %d", async (status, body, problem) => {
    const { server } = await cluster(() => ({ status, body }));
    const { problems } = await found(kubeconfig(server, {}));
    expect(problems).toEqual([expect.stringContaining(problem)]);
    expect(problems[0]).toContain(server);
  });

  test("a busy server is asked again, an unknown CA isn't trusted, nobody there", async () => {
    let left = 2;
    const { server, asked } = await cluster(() => (left-- > 0 ? { status: 503, body: {} } : list(three)));
    expect((await found(kubeconfig(server, {}))).names).toHaveLength(3);
    expect(asked).toHaveLength(3);
    const { problems } = await found(
      kubeconfig(server, {}, { "certificate-authority-data": base64(pem("registry.crt")) }),
    );
    expect(problems[0]).toMatch(/^https:\/\/localhost:\d+ can't be reached: .*certificate/);
    expect((await found(kubeconfig("https://127.0.0.1:1", {}))).problems[0]).toMatch(
      /can't be reached: .*ECONNREFUSED/,
    );
  }, 15_000);

  test.each([
    [{}, "kubeconfig has no current-context: give context"],
    [{ context: "other" }, "kubeconfig has no context other"],
    [{ kubeconfigFile: "nowhere" }, "there is no kubeconfig nowhere; for example: kubeconfigFile"],
  ])("%j", async (source, problem) => {
    expect((await found("{}", source)).problems).toEqual([problem]);
  });

  test("a file that is no kubeconfig shows nothing of itself", async () => {
    expect((await found("{ the-secret: ")).problems).toEqual(["kubeconfig is not a kubeconfig"]);
    expect(
      (await found(kubeconfig("https://localhost:1", {}, { "proxy-url": "http://x" }))).problems,
    ).toEqual(["kubeconfig: proxy-url is not followed here"]);
  });
});

test("without a file's name those of KUBECONFIG are joined, the first of one name wins", async () => {
  const { server } = await cluster(({ headers }) =>
    list([node(headers.authorization ?? "", { InternalIP: "10.0.0.1" })]),
  );
  const folder = folderWith({
    a: JSON.stringify({ users: [{ name: "u", user: { token: "of-a" } }] }),
    b: kubeconfig(server, { token: "of-b" }),
  });
  vi.stubEnv("KUBECONFIG", `${folder}/a:${folder}/missing:${folder}/b`);
  try {
    const inventory = { kubernetes: { addressType: "InternalIP" as const }, allowEmpty: false };
    const { found: all } = await lookUp([{ index: 0, inventory, hasPrivateKey: false, hasJump: false }], "/");
    expect(all.get(0)?.problems).toEqual([]);
    expect(all.get(0)?.nodes.map(({ name }) => name)).toEqual(["Bearer of-a"]);
  } finally {
    vi.unstubAllEnvs();
  }
});
