/** A server that plays recorded exchanges with a real Harbor, in the given order, and refuses every other request. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { afterEach } from "vitest";
import { HarborClient } from "../../../provider/harbor/client.ts";
import { readRecording, type RecordedRequest } from "../lab-harbor/recording.ts";

export interface RecordedHarbor {
  readonly client: HarborClient;
  /** What was asked otherwise than recorded, and what was not asked. */
  unexpected(): string[];
}

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** The client's own look at who it is comes first. */
const WHO_AM_I = "01-system/16";

/**
 * Plays exchanges named `FILE/SEQ`, as in `04-registries/16`. `paths` are those that we ask otherwise than recorded and Harbor
 * answers alike, by the recorded one: a project by its name instead of its number (quirk 15), a list by pages. A key may begin with the method.
 */
export async function recordedHarbor(
  exchanges: readonly string[],
  password = "Harbor12345",
  begin: readonly string[] = [WHO_AM_I],
  paths: Readonly<Record<string, string>> = {},
): Promise<RecordedHarbor> {
  const expected = [...begin, ...exchanges].map((name) => {
    const [file = "", seq] = name.split("/");
    const found = readRecording(file).find((exchange) => exchange.seq === Number(seq));
    if (!found?.request || !found.response) throw new Error(`no exchange ${name}`);
    const { method, path: recorded } = found.request;
    const path = paths[`${method} ${recorded}`] ?? paths[recorded];
    return {
      name,
      request: path === undefined ? found.request : askedBy(path, found.request),
      response: found.response,
    };
  });
  const unexpected: string[] = [];
  const server = createServer((request, response) => {
    void textOf(request).then((body) => {
      const next = expected.shift();
      const asked = `${request.method ?? ""} ${request.url ?? ""} ${body}`;
      const problem =
        next === undefined ? "nothing more was expected" : mismatch(next.request, request, body);
      if (next === undefined || problem !== undefined) {
        unexpected.push(`${asked}: ${problem ?? ""} (${next?.name ?? "end"})`);
        response.writeHead(418).end();
        return;
      }
      const { status, headers, body: json, body_raw: raw } = next.response;
      // The body is written anew, so its length may differ.
      const kept = Object.entries(headers).filter(([name]) => name !== "Content-Length");
      response
        .writeHead(status, Object.fromEntries(kept))
        .end(json === undefined ? raw : JSON.stringify(json));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const connection = { url: `http://127.0.0.1:${port}`, username: "admin", password, requestTimeout: 5000 };
  const client = new HarborClient(connection, { lockout: 1 });
  open.push(async () => {
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    client,
    unexpected: () => [...unexpected, ...expected.map(({ name }) => `not asked: ${name}`)],
  };
}

function mismatch(recorded: RecordedRequest, request: IncomingMessage, body: string): string | undefined {
  if (request.method !== recorded.method || request.url !== recorded.path) {
    return `recorded is ${recorded.method} ${recorded.path}`;
  }
  if (request.headers.cookie !== undefined) return "a cookie was sent";
  const auth = Buffer.from((request.headers.authorization ?? "").replace("Basic ", ""), "base64").toString();
  if (recorded.headers["Authorization"] !== `Basic <${auth}>`) return `credentials are ${auth}`;
  for (const name of ["Content-Type", "X-Is-Resource-Name"]) {
    if (request.headers[name.toLowerCase()] !== recorded.headers[name]) return `header ${name} differs`;
  }
  const [sent, wanted] = [
    body === "" ? undefined : significant(JSON.parse(body)),
    significant(recorded.body),
  ];
  return isDeepStrictEqual(sent, wanted) ? undefined : `recorded body is ${JSON.stringify(recorded.body)}`;
}

function askedBy(path: string, recorded: RecordedRequest): RecordedRequest {
  const named = /\/projects\/(?!\d+(?:\/|$))/.test(path) ? { "X-Is-Resource-Name": "true" } : {};
  return { ...recorded, path, headers: { ...recorded.headers, ...named } };
}

/** Harbor takes an absent `insecure` for false; `primary_auth_mode`, which the recordings leave alone, was false. */
function significant(body: unknown): unknown {
  if (typeof body !== "object" || body === null) return body ?? undefined;
  return Object.fromEntries(
    Object.entries(body).filter(
      ([key, value]) => !["insecure", "primary_auth_mode"].includes(key) || value !== false,
    ),
  );
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}
