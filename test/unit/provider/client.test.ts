/** The client of Harbor's API against servers and networks that misbehave. */
import { readFileSync } from "node:fs";
import { createServer as createTlsServer } from "node:https";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { z } from "zod";
import { HarborClient } from "../../../provider/harbor/client.ts";
import {
  type Answer,
  empty,
  hang,
  hangInBody,
  json,
  misbehavingServer,
  reset,
} from "./misbehaving-server.ts";

const thing = z.object({ id: z.int() });
const ok = json(200, { id: 1 });

test.each([429, 502, 503, 504])("%i is tried again", async (status) => {
  const server = await misbehavingServer([empty(status), empty(status), ok]);
  expect(await server.client.get("/x", thing)).toEqual({ id: 1 });
  expect(server.asked).toEqual(["GET /x", "GET /x", "GET /x"]);
});

test.each([400, 403, 404, 409, 412, 422, 500])("%i is not tried again", async (status) => {
  const server = await misbehavingServer([empty(status), ok]);
  await expect(server.client.get("/x", thing)).rejects.toThrow(
    `Harbor answered ${status} to GET /api/v2.0/x`,
  );
  expect(server.asked).toEqual(["GET /x"]);
});

test.each(["GET", "PUT", "DELETE"] as const)(
  "%s is tried again after a broken connection",
  async (method) => {
    const server = await misbehavingServer([reset, ok]);
    if (method === "GET") await server.client.get("/x", thing);
    if (method === "PUT") await server.client.put("/x", { a: 1 });
    if (method === "DELETE") await server.client.delete("/x");
    expect(server.asked).toEqual([`${method} /x`, `${method} /x`]);
  },
);

test("tries are bounded, and the last error is told", async () => {
  const server = await misbehavingServer([empty(503)]);
  await expect(server.client.put("/x", {})).rejects.toThrow("503 to PUT /api/v2.0/x");
  expect(server.asked).toHaveLength(4);
});

test.each([
  ["no answer", hang],
  ["half an answer", hangInBody],
])("%s ends in time", async (_name, answer) => {
  const server = await misbehavingServer([answer], { retry: { attempts: 1, baseDelay: 1, maxDelay: 1 } });
  await expect(server.client.get("/x", thing)).rejects.toThrow(/gave no answer to GET \/api\/v2\.0\/x/);
});

test("nobody there: said with the URL", async () => {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  const url = `http://127.0.0.1:${port}`;
  const connection = { url, username: "admin", password: "s3cret-password", requestTimeout: 1000 };
  const client = new HarborClient(connection, { retry: { attempts: 2, baseDelay: 1, maxDelay: 1 } });
  await expect(client.get("/x", thing)).rejects.toThrow(
    new RegExp(`^Harbor at ${url} gave no answer.*ECONNREFUSED`),
  );
  await client.close();
});

test("Harbor's certificate is checked against the CA that is given", async () => {
  const pem = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), "utf8");
  const certificate = pem("localhost.crt");
  const server = createTlsServer({ key: pem("localhost.key"), cert: certificate }, ok);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `https://127.0.0.1:${port}`;
  const connection = { url, username: "admin", password: "s3cret-password", requestTimeout: 1000 };
  const trusting = new HarborClient({ ...connection, caCertificate: certificate });
  const other = new HarborClient(connection);
  expect(await trusting.get("/x", thing)).toEqual({ id: 1 });
  await expect(other.get("/x", thing)).rejects.toThrow(/certificate is not trusted.*caCertificate/);
  await Promise.all([trusting.close(), other.close()]);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test.each(["GET", "PUT"] as const)("a redirect of %s is refused", async (method) => {
  const server = await misbehavingServer([empty(308, { Location: "https://harbor.example.com/api/v2.0/x" })]);
  const asking = method === "GET" ? server.client.get("/x", thing) : server.client.put("/x", {});
  await expect(asking).rejects.toThrow(
    /redirects .* to https:\/\/harbor\.example\.com\. Set the provider's url/,
  );
  expect(server.asked).toEqual([`${method} /x`]);
});

test("a cookie is never sent back", async () => {
  const cookie = json(
    200,
    { id: 1 },
    { "Set-Cookie": ["sid=1; Path=/; HttpOnly", "_gorilla_csrf=2; Path=/"] },
  );
  const server = await misbehavingServer([cookie], {}, cookie);
  await server.client.get("/x", thing);
  await server.client.put("/x", {});
  expect(server.requests).toHaveLength(3);
  for (const request of server.requests) expect(request.headers.cookie).toBeUndefined();
});

test("Harbor's message is told; body and password are not", async () => {
  const server = await misbehavingServer([
    json(400, { errors: [{ code: "BAD_REQUEST", message: "no such thing" }] }),
  ]);
  const failure = await server.client.put("/x", { secret: "body-secret" }).catch(String);
  expect(failure).toContain("400 to PUT /api/v2.0/x: no such thing.");
  expect(failure).not.toMatch(/body-secret|s3cret-password/);
});

test("an answer of another shape is an error that names it", async () => {
  const server = await misbehavingServer([json(200, { id: "one" }), json(200, "Pong")]);
  await expect(server.client.get("/x", thing)).rejects.toThrow(
    /GET \/api\/v2\.0\/x is not what Harbor 2\.15 sends.*id/s,
  );
});

test("a deletion of what is gone is none; a search for it finds nothing", async () => {
  const server = await misbehavingServer([empty(404)]);
  await server.client.delete("/x");
  expect(await server.client.find("/x", thing)).toBeUndefined();
});

test("a create whose answer was lost is looked for before it is asked again", async () => {
  const server = await misbehavingServer([reset]);
  const result = await server.client.create("/x", {}, () => Promise.resolve("found"));
  expect(result).toEqual({ existing: "found" });
  expect(server.asked).toEqual(["POST /x"]);
});

test("a create that never arrived is asked again", async () => {
  const server = await misbehavingServer([empty(503), empty(201, { Location: "/api/v2.0/x/7" })]);
  expect(await server.client.create("/x", {}, () => Promise.resolve(undefined))).toEqual({
    location: "/x/7",
  });
  expect(server.asked).toEqual(["POST /x", "POST /x"]);
});

test("a conflict is looked up; one that can't be found stays an error", async () => {
  const server = await misbehavingServer([empty(409)]);
  expect(await server.client.create("/x", {}, () => Promise.resolve("there"))).toEqual({ existing: "there" });
  await expect(server.client.create("/x", {}, () => Promise.resolve(undefined))).rejects.toThrow("409");
});

test("one refusal of the right password is waited out", async () => {
  const server = await misbehavingServer([empty(401), ok]);
  expect(await server.client.get("/x", thing)).toEqual({ id: 1 });
  expect(server.asked).toEqual(["GET /x", "GET /x"]);
  expect(server.logins()).toBe(2);
});

test("many requests try the password out once, a wrong one twice", async () => {
  const right = await misbehavingServer([ok]);
  await Promise.all(Array.from({ length: 20 }, () => right.client.get("/x", thing)));
  expect(right.logins()).toBe(1);

  const wrong = await misbehavingServer([ok], {}, empty(401));
  const all = await Promise.allSettled(Array.from({ length: 20 }, () => wrong.client.get("/x", thing)));
  expect(all.every(({ status }) => status === "rejected")).toBe(true);
  await expect(wrong.client.put("/x", {})).rejects.toThrow(/username or password is wrong/);
  expect(wrong.logins()).toBe(2);
  expect(wrong.asked).toEqual([]);
});

test("a robot, which may not ask who it is, is let through", async () => {
  const server = await misbehavingServer([ok], {}, empty(412));
  expect(await server.client.get("/x", thing)).toEqual({ id: 1 });
});

test("a Harbor that is busy at first is not taken for one that refuses", async () => {
  let first = true;
  const server = await misbehavingServer([ok], {}, (request, response) => {
    (first ? empty(503) : ok)(request, response);
    first = false;
  });
  expect(await server.client.get("/x", thing)).toEqual({ id: 1 });
});

test("requests at a time are bounded", async () => {
  const waiting: (() => void)[] = [];
  const hold: Answer = (request, response) => {
    waiting.push(() => {
      ok(request, response);
    });
  };
  const server = await misbehavingServer([hold], { parallel: 3 });
  const all = Promise.all(Array.from({ length: 9 }, () => server.client.get("/x", thing)));
  for (const round of [1, 2, 3]) {
    await expect.poll(() => waiting.length).toBe(3);
    expect(server.asked).toHaveLength(3 * round);
    for (const answer of waiting.splice(0)) answer();
  }
  await all;
});

test("after a cancel nothing new is begun, and no wait goes on", async () => {
  const cancel = new AbortController();
  const server = await misbehavingServer([empty(503)], {
    retry: { attempts: 9, baseDelay: 60_000, maxDelay: 60_000 },
    signal: cancel.signal,
  });
  const asking = server.client.get("/x", thing);
  await expect.poll(() => server.asked.length).toBe(1);
  cancel.abort(new Error("Cancelled."));
  await expect(asking).rejects.toThrow("Cancelled.");
  await expect(server.client.get("/x", thing)).rejects.toThrow("Cancelled.");
  expect(server.asked).toHaveLength(1);
});
