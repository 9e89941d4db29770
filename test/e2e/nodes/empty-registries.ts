/** Registries on loopback that have nothing and note what they are asked for. */
import { createServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

export class EmptyRegistries {
  /** `NAME PATH`, oldest first. */
  requests: string[] = [];
  readonly #servers: Server[] = [];

  /** `HOST:PORT` of a further one. */
  async open(name: string, tls?: { readonly key: string; readonly cert: string }): Promise<string> {
    const answer: RequestListener = (request, response) => {
      this.requests.push(`${name} ${request.url ?? ""}`);
      response.statusCode = request.url === "/v2/" ? 200 : 404;
      response.end();
    };
    const server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** `HOST:PORT` that nobody listens at. */
  async dead(): Promise<string> {
    const place = await this.open("dead");
    await close(this.#servers.pop());
    return place;
  }

  /** What was asked for manifests, without those who ask whether there is a registry. */
  manifests(): string[] {
    return this.requests.filter((request) => request.includes("manifests"));
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.splice(0).map(close));
  }
}

async function close(server: Server | undefined): Promise<void> {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
}
