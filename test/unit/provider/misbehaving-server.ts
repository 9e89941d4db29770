/** An HTTP server that misbehaves as told, and remembers what it was asked. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach } from "vitest";
import { HarborClient, type ClientOptions } from "../../../provider/harbor/client.ts";

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface MisbehavingServer {
  readonly client: HarborClient;
  /** `METHOD /path below the API`, without the client's look at who it is. */
  readonly asked: string[];
  readonly requests: IncomingMessage[];
  /** What was sent, in the order of `asked`. */
  readonly bodies: string[];
  /** How often the client asked who it is. */
  logins(): number;
}

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** `answers` are used up in order; the last one stays. */
export async function misbehavingServer(
  answers: readonly Answer[],
  options: ClientOptions = {},
  login: Answer = json(200, { username: "admin" }),
): Promise<MisbehavingServer> {
  const asked: string[] = [];
  const requests: IncomingMessage[] = [];
  const bodies: string[] = [];
  let logins = 0;
  const server = createServer((request, response) => {
    requests.push(request);
    const path = (request.url ?? "").replace("/api/v2.0", "");
    if (path === "/users/current") {
      logins++;
      login(request, response);
      return;
    }
    asked.push(`${request.method ?? ""} ${path}`);
    const index = bodies.push("") - 1;
    request.on("data", (piece: Buffer) => {
      bodies[index] = `${bodies[index] ?? ""}${piece.toString()}`;
    });
    const answer = answers[Math.min(asked.length, answers.length) - 1];
    answer?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const client = new HarborClient(
    { url: `http://127.0.0.1:${port}`, username: "admin", password: "s3cret-password", requestTimeout: 1000 },
    { retry: { attempts: 4, baseDelay: 5, maxDelay: 20 }, lockout: 5, ...options },
  );
  open.push(async () => {
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { client, asked, requests, bodies, logins: () => logins };
}

export function json(status: number, body: unknown, headers: Record<string, string | string[]> = {}): Answer {
  return (_request, response) => {
    response.writeHead(status, headers).end(JSON.stringify(body));
  };
}

export function empty(status: number, headers: Record<string, string | string[]> = {}): Answer {
  return (_request, response) => {
    response.writeHead(status, headers).end();
  };
}

export const reset: Answer = (request) => {
  request.socket.destroy();
};

export const hang: Answer = () => undefined;

/** Headers come, the body doesn't. */
export const hangInBody: Answer = (_request, response) => {
  response.writeHead(200, { "Content-Length": "100" }).write('{"id":');
};
