/** Harbor and Docker Hub through an HTTP proxy, as the environment names it. */
import { readFileSync } from "node:fs";
import { createServer, request as forward } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect, type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { afterEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { HarborClient } from "../../../provider/harbor/client.ts";
import { getPullQuota } from "../../../provider/harbor/pull-quota.ts";
import { proxyFor } from "../../../provider/http-agent.ts";
import { contextFor } from "./context.ts";
import { closedPort } from "../nodes/node-stand-in.ts";

const open: (() => Promise<unknown> | undefined)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of open.splice(0).reverse()) await close();
});

interface Listening {
  readonly port: number;
}

async function listening(server: ReturnType<typeof createServer>): Promise<Listening> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port };
}

/** Leads to `port` whatever host is asked for; wants `user:pass` where told so. */
async function proxy(port: number, login?: string): Promise<Listening & { readonly asked: string[] }> {
  const asked: string[] = [];
  const wanted = login === undefined ? undefined : `Basic ${Buffer.from(login).toString("base64")}`;
  const server = createServer((request, response) => {
    asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
    const { pathname, search } = new URL(request.url ?? "");
    const { method, headers } = request;
    request.pipe(
      forward({ host: "127.0.0.1", port, path: pathname + search, method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      }),
    );
  });
  server.on("connect", (request, socket) => {
    asked.push(`CONNECT ${request.url ?? ""}`);
    if (wanted !== undefined && request.headers["proxy-authorization"] !== wanted) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
      return;
    }
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    const tunnel = connect(port, "127.0.0.1");
    tunnel.on("error", () => socket.destroy());
    socket.on("error", () => tunnel.destroy());
    socket.pipe(tunnel).pipe(socket);
  });
  return { asked, ...(await listening(server)) };
}

const harbor = (seen: string[] = []) => {
  const handle: Parameters<typeof createServer>[1] = (request, response) => {
    seen.push(`${request.method ?? ""} ${request.headers.host ?? ""} ${request.url ?? ""}`);
    response.end(JSON.stringify({ id: 1 }));
  };
  return handle;
};
const thing = z.object({ id: z.int() });

function clientFor(url: string, environment: Record<string, string>, caCertificate?: string): HarborClient {
  const connection = {
    url,
    username: "admin",
    password: "s3cret-password",
    requestTimeout: 1000,
    caCertificate,
  };
  const retry = { attempts: 1, baseDelay: 1, maxDelay: 1 };
  const client = new HarborClient(connection, { environment, retry });
  open.push(() => client.close());
  return client;
}

test.each([
  ["https://harbor.example.com", { HTTPS_PROXY: "http://proxy:3128" }, "http://proxy:3128"],
  ["https://harbor.example.com", { HTTPS_PROXY: "proxy:3128" }, "http://proxy:3128"],
  ["https://harbor.example.com", { HTTPS_PROXY: "http://big", https_proxy: "http://small" }, "http://small"],
  ["https://harbor.example.com", { https_proxy: "", HTTPS_PROXY: "http://big" }, undefined],
  ["https://harbor.example.com", { HTTP_PROXY: "http://proxy" }, undefined],
  ["http://harbor.example.com", { HTTP_PROXY: "http://proxy", HTTPS_PROXY: "http://other" }, "http://proxy"],
  ["http://harbor.example.com", {}, undefined],
  ["http://localhost:8080", { HTTP_PROXY: "http://proxy" }, undefined],
  ["http://127.0.0.1", { HTTP_PROXY: "http://proxy" }, undefined],
  ["http://[::1]:80", { HTTP_PROXY: "http://proxy" }, undefined],
  ["http://harbor.example.com", { HTTP_PROXY: "http://proxy", NO_PROXY: "a.b, example.com" }, undefined],
  ["http://harbor.example.com", { HTTP_PROXY: "http://proxy", NO_PROXY: ".example.com" }, undefined],
  ["http://harbor.example.com", { HTTP_PROXY: "http://proxy", NO_PROXY: "*.example.com" }, undefined],
  ["http://harbor.example.com", { HTTP_PROXY: "http://proxy", NO_PROXY: "ample.com" }, "http://proxy"],
  ["http://harbor.example.com", { HTTP_PROXY: "http://proxy", NO_PROXY: "harbor.example.com:80" }, undefined],
  ["https://harbor.example.com", { HTTPS_PROXY: "http://proxy", NO_PROXY: "example.com:80" }, "http://proxy"],
  ["http://harbor.example.com", { HTTP_PROXY: "http://proxy", NO_PROXY: "*" }, undefined],
  ["http://10.1.2.3", { HTTP_PROXY: "http://proxy", NO_PROXY: "10.0.0.0/8" }, undefined],
  ["http://11.1.2.3", { HTTP_PROXY: "http://proxy", NO_PROXY: "10.0.0.0/8, fd00::/8" }, "http://proxy"],
  ["http://[fd00::1]", { HTTP_PROXY: "http://proxy", NO_PROXY: "fd00::/8" }, undefined],
  ["http://10.1.2.3", { HTTP_PROXY: "http://proxy", NO_PROXY: "10.1.2.3" }, undefined],
] as const)("%s with %j goes through %s", (url, environment, expected) => {
  expect(proxyFor(new URL(url), environment)?.url.origin).toBe(expected);
});

test("a proxy that is no URL is told by its variable", () => {
  const url = new URL("http://harbor.example.com");
  expect(() => proxyFor(url, { http_proxy: "socks5://proxy" })).toThrow(/^http_proxy must be a proxy's URL/);
});

test("plain HTTP is forwarded, with the path as it was sent", async () => {
  const seen: string[] = [];
  const server = await listening(createServer(harbor(seen)));
  const between = await proxy(server.port);
  const client = clientFor("http://harbor.test", { HTTP_PROXY: `http://127.0.0.1:${between.port}` });
  expect(await client.get("/projects/a/repositories/b%252Fc", thing)).toEqual({ id: 1 });
  await client.put("/x", { a: 1 });
  expect(seen).toEqual([
    "GET harbor.test /api/v2.0/users/current",
    "GET harbor.test /api/v2.0/projects/a/repositories/b%252Fc",
    "PUT harbor.test /api/v2.0/x",
  ]);
  expect(between.asked[1]).toBe("GET http://harbor.test/api/v2.0/projects/a/repositories/b%252Fc");
});

test("HTTPS goes through a tunnel: the proxy's login is sent to it, Harbor's certificate is checked here", async () => {
  const pem = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), "utf8");
  const certificate = pem("registry.crt");
  const server = await listening(createTlsServer({ key: pem("registry.key"), cert: certificate }, harbor()));
  const between = await proxy(server.port, "user:pro xy");
  const url = "https://registry.example.com";
  const environment = { https_proxy: `http://user:pro%20xy@127.0.0.1:${between.port}` };
  expect(await clientFor(url, environment, certificate).get("/x", thing)).toEqual({ id: 1 });
  expect(new Set(between.asked)).toEqual(new Set(["CONNECT registry.example.com:443"]));

  await expect(clientFor(url, environment).get("/x", thing)).rejects.toThrow(/certificate is not trusted/);
  const other = clientFor("https://harbor.test", environment, certificate);
  await expect(other.get("/x", thing)).rejects.toThrow(/certificate is not trusted.*harbor\.test/);

  const denied = clientFor(url, { https_proxy: `http://user:s3cret@127.0.0.1:${between.port}` }, certificate);
  const failure = await denied.get("/x", thing).catch(String);
  expect(failure).toMatch(
    /Harbor at https:\/\/registry\.example\.com, through the proxy http:\/\/127\.0\.0\.1:\d+ \(https_proxy\) gave no answer.*407/,
  );
  expect(failure).not.toContain("s3cret");
});

test("a proxy that isn't there or says nothing is told, in time", async () => {
  const nobody = clientFor("https://harbor.test", { HTTPS_PROXY: `http://127.0.0.1:${await closedPort()}` });
  await expect(nobody.get("/x", thing)).rejects.toThrow(/through the proxy .*ECONNREFUSED/);
  const mute = createServer();
  const held: Duplex[] = [];
  mute.on("connect", (_request, socket) => held.push(socket));
  const { port } = await listening(mute);
  // After the client was closed, which waits for nothing any more.
  open.push(() => void held.map((socket) => socket.destroy()));
  const waiting = clientFor("https://harbor.test", { HTTPS_PROXY: `http://127.0.0.1:${port}` });
  await expect(waiting.get("/x", thing)).rejects.toThrow(/through the proxy .*(in time|Timeout)/);
});

test("the pull quota is asked through the proxy too", async () => {
  const server = await listening(
    createServer((_request, response) => {
      response.writeHead(200, { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "7;w=21600" }).end();
    }),
  );
  const between = await proxy(server.port);
  vi.stubEnv("http_proxy", `http://127.0.0.1:${between.port}`);
  const context = contextFor(clientFor("http://harbor.test", {}));
  const url = "http://hub.test/v2/ratelimitpreview/test/manifests/latest";
  expect(await getPullQuota.call(context, { url })).toMatchObject({ remaining: 7 });
  expect(between.asked).toEqual([`HEAD ${url}`]);
});
