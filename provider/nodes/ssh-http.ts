/** HTTP as another machine asks it: over a connection that its SSH server opens. TLS ends here, not there. */
import { request as plain, type IncomingMessage } from "node:http";
import { request as secure } from "node:https";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import { endpoint, forward, type SshConnection, type SshTarget } from "./ssh-connection.ts";

export interface HttpRequest {
  readonly method: "HEAD" | "GET";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** One request within `timeout` seconds on a connection of its own. */
export async function requestThrough(
  machine: SshTarget,
  { client }: SshConnection,
  request: HttpRequest,
  timeout: number,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const { hostname, port, protocol } = request.url;
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  const target = { address, port: Number(port) || (protocol === "https:" ? 443 : 80) };
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(timeout * 1000)]);
  const stream = await forward(client, target, timeout, bounded, endpoint(machine));
  // What breaks shows in the answer.
  stream.on("error", () => undefined);
  try {
    const answer = await send(request, stream, address, bounded);
    return { status: answer.statusCode ?? 0, headers: answer.headers, text: await text(answer) };
  } catch (error) {
    // An abort hides what it was for.
    bounded.throwIfAborted();
    throw error;
  } finally {
    stream.destroy();
  }
}

function send(
  { method, url, headers }: HttpRequest,
  stream: Duplex,
  address: string,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const servername = isIP(address) === 0 ? { servername: address } : {};
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === "https:"
        ? secure(url, {
            ...{ method, headers, signal },
            createConnection: () => connectTls({ socket: stream, host: address, ...servername }),
          })
        : plain(url, { method, headers, signal, createConnection: () => stream });
    request.on("error", reject).once("response", resolve).end();
  });
}
