/** The function `getPullQuota` against a registry on loopback that limits pulls as Docker Hub does. */
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import tls from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import { HarborClient } from "../../../provider/harbor/client.ts";
import { getPullQuota } from "../../../provider/harbor/pull-quota.ts";
import type { Properties } from "../../../provider/values.ts";
import { CLIENT_KEY, closedPort, NodeStandIn } from "../nodes/node-stand-in.ts";
import { contextFor } from "./context.ts";

/** What the registry does next; `headers` come with each answer to a token. */
let registry: {
  url: string;
  realm?: string;
  status: number;
  headers: Record<string, string>;
  /** Answers 503 so many times first. */
  busy: number;
  asked: string[];
};

const handle: RequestListener = (request, response) => {
  const { method = "", url = "", headers } = request;
  registry.asked.push(`${method} ${url} ${headers.authorization ?? "anonymous"}`);
  if (registry.busy-- > 0) {
    response.writeHead(503).end();
  } else if (url.startsWith("/token")) {
    const wrong =
      headers.authorization !== undefined && !headers.authorization.endsWith(basic("puller", "right"));
    response.writeHead(wrong ? 401 : 200).end(JSON.stringify(wrong ? {} : { token: "t0ken" }));
  } else if (headers.authorization !== "Bearer t0ken") {
    const challenge = `Bearer realm="${registry.realm ?? `${registry.url}/token`}",service="registry.docker.io",scope="repository:ratelimitpreview/test:pull"`;
    response.writeHead(401, { "www-authenticate": challenge }).end();
  } else {
    response.writeHead(registry.status, registry.headers).end();
  }
};

const basic = (user: string, password: string) => Buffer.from(`${user}:${password}`).toString("base64");
const LIMITED = { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600" };
const PATH = "/v2/ratelimitpreview/test/manifests/latest";
const TOKEN = "GET /token?service=registry.docker.io&scope=repository%3Aratelimitpreview%2Ftest%3Apull";

let server: Server;
beforeEach(async () => {
  server = await listening(createServer(handle));
  const { port } = server.address() as AddressInfo;
  registry = { url: `http://127.0.0.1:${port}`, status: 200, headers: LIMITED, busy: 0, asked: [] };
});
afterEach(() => server.close());

async function listening<T extends Server>(started: T): Promise<T> {
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  return started;
}

function ask(args: Properties = {}): Promise<Properties> {
  const connection = { url: "http://127.0.0.1:1", username: "u", password: "p", requestTimeout: 1000 };
  return getPullQuota.call(contextFor(new HarborClient(connection)), { url: registry.url + PATH, ...args });
}

test("anonymous: the quota of the asker's address, asked by HEAD with an anonymous token", async () => {
  expect(await ask()).toEqual({ limit: 100, remaining: 76, windowSeconds: 21600 });
  expect(registry.asked).toEqual([
    `HEAD ${PATH} anonymous`,
    `${TOKEN} anonymous`,
    `HEAD ${PATH} Bearer t0ken`,
  ]);
});

test("with an account: its password goes to the realm only", async () => {
  await ask({ username: "puller", password: "right" });
  expect(registry.asked).toEqual([
    `HEAD ${PATH} anonymous`,
    `${TOKEN} Basic ${basic("puller", "right")}`,
    `HEAD ${PATH} Bearer t0ken`,
  ]);
});

test("a wrong password is told without it, a realm in the clear gets none", async () => {
  const failure = await ask({ username: "puller", password: "wrong-secret" }).catch(String);
  expect(failure).toMatch(/answered 401\. Are username and password right\?/);
  expect(failure).not.toContain("wrong-secret");
  registry.realm = "http://auth.example.com/token";
  await expect(ask({ username: "puller", password: "right" })).rejects.toThrow(
    /auth\.example\.com wants the password over plain HTTP: not sent/,
  );
});

test("no limit is -1, one that is used up is 0", async () => {
  registry.headers = {};
  expect(await ask()).toEqual({ limit: -1, remaining: -1, windowSeconds: 0 });
  registry.status = 429;
  registry.headers = { ...LIMITED, "ratelimit-remaining": "0;w=21600" };
  expect(await ask()).toEqual({ limit: 100, remaining: 0, windowSeconds: 21600 });
});

test("a busy registry is asked again, one that stays busy or silent is an error", async () => {
  registry.busy = 1;
  expect(await ask()).toMatchObject({ remaining: 76 });
  registry.busy = 9;
  await expect(ask()).rejects.toThrow(/pull quota is not known: http:\/\/127.* answered 503/);
  registry.status = 404;
  registry.busy = 0;
  registry.headers = {};
  await expect(ask()).rejects.toThrow(/answered 404/);
  const url = `http://127.0.0.1:${await closedPort()}/v2/x/manifests/latest`;
  await expect(ask({ url })).rejects.toThrow(/pull quota is not known: http:\/\/127.*ECONNREFUSED/);
});

test("arguments are checked", async () => {
  await expect(ask({ url: "docker.io", from: { address: "a" } })).rejects.toThrow(
    /getPullQuota: url: must be the URL of an image's manifest; from\.user: .*from\.hostKey: /,
  );
  await expect(ask({ username: "puller" })).rejects.toThrow("username and password go together");
  await expect(ask({ usrname: "puller" })).rejects.toThrow(/usrname: There is no such property.*username/);
});

test("a registry that asks for anything but a token is told", async () => {
  server.removeAllListeners("request");
  server.on("request", ((_request, response) => {
    response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
  }) satisfies RequestListener);
  await expect(ask()).rejects.toThrow(/asks for a login that is no registry token/);
});

test("from another machine, over its SSH server, with and without TLS", async () => {
  const machine = await new NodeStandIn().start();
  const from = {
    address: "127.0.0.1",
    port: machine.port,
    user: "root",
    privateKey: CLIENT_KEY.private,
    hostKey: machine.hostKey.public,
  };
  const pem = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), "utf8");
  const secure = await listening(
    createTlsServer({ key: pem("localhost.key"), cert: pem("localhost.crt") }, handle),
  );
  const trusted = tls.getCACertificates();
  try {
    expect(await ask({ from })).toEqual({ limit: 100, remaining: 76, windowSeconds: 21600 });
    expect(machine.logins).toBe(1);

    registry.url = `https://localhost:${(secure.address() as AddressInfo).port}`;
    await expect(ask({ from })).rejects.toThrow(
      /localhost:\d+, asked from 127\.0\.0\.1:\d+: self-signed certificate/,
    );
    tls.setDefaultCACertificates([...trusted, pem("localhost.crt")]);
    expect(await ask({ from, username: "puller", password: "right" })).toMatchObject({ remaining: 76 });

    const url = `http://127.0.0.1:${await closedPort()}/v2/x/manifests/latest`;
    await expect(ask({ from, url })).rejects.toThrow(
      /pull quota is not known: .*, asked from 127\.0\.0\.1:\d+: /,
    );
    await expect(ask({ from: { ...from, port: await closedPort() } })).rejects.toThrow(/connection refused/);
  } finally {
    tls.setDefaultCACertificates(trusted);
    secure.close();
    await machine.stop();
  }
});
