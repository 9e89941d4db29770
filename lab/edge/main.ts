/**
 * Stand-in for Traefik, in place of its container: `main.ts CONFIGURATION`, a JSON file as `EdgeOptions`. It ends TLS before
 * the Harbor stand-in, reads tls.yml and what that names anew whenever tls.yml changes, and leads HTTP to HTTPS.
 *
 * One line on stdout says that it listens. SIGTERM and SIGINT end it.
 */
import { readFileSync, watch } from "node:fs";
import { createServer, request as ask } from "node:http";
import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { basename, dirname } from "node:path";

import { z } from "zod";

import { readTlsYml } from "./configuration.ts";

const address = z.object({ host: z.string(), port: z.int() });
const edgeOptions = z.object({
  http: address,
  https: address,
  /** Where Harbor's nginx listens. */
  backend: address,
  hostname: z.string(),
  middlewares: z.array(z.string()),
  redirectPort: z.int(),
  /** On this computer. */
  tlsYml: z.string(),
  /** Certificate and key, where they are not those of tls.yml. */
  certificate: z.object({ certFile: z.string(), keyFile: z.string() }).optional(),
  /** Folders of the container and where they lie on this computer. */
  mounts: z.record(z.string(), z.string()),
});

export type EdgeOptions = z.infer<typeof edgeOptions>;

const [file = ""] = process.argv.slice(2);
const options = edgeOptions.parse(JSON.parse(readFileSync(file, "utf8")));

/** Seconds of HSTS of the router's middlewares; undefined while one of them is unknown, and then there is no router. */
let hsts: number | undefined;

function load() {
  const { tls, http } = readTlsYml(readFileSync(options.tlsYml, "utf8"));
  const seconds = options.middlewares.map(
    (name) => http?.middlewares[name.replace(/@file$/, "")]?.headers.stsSeconds,
  );
  hsts = seconds.includes(undefined) ? undefined : (seconds[0] ?? 0);
  const pair = options.certificate ?? tls.stores?.default.defaultCertificate;
  if (pair === undefined) throw new Error("there is no certificate");
  return {
    cert: readFileSync(onThisComputer(pair.certFile)),
    key: readFileSync(onThisComputer(pair.keyFile)),
    minVersion: tls.options.default.minVersion === "VersionTLS13" ? "TLSv1.3" : "TLSv1.2",
  } as const;
}

function onThisComputer(path: string): string {
  const found = Object.entries(options.mounts).find(([folder]) => path.startsWith(`${folder}/`));
  return found === undefined ? path : found[1] + path.slice(found[0].length);
}

function serve(incoming: IncomingMessage, response: ServerResponse): void {
  const [host = ""] = (incoming.headers.host ?? "").split(":");
  if (host !== options.hostname || hsts === undefined) {
    response.writeHead(404).end("404 page not found\n");
    return;
  }
  const extra = hsts === 0 ? {} : { "strict-transport-security": `max-age=${hsts}` };
  const forwarded: OutgoingHttpHeaders = {
    "x-forwarded-proto": "https",
    "x-forwarded-host": incoming.headers.host,
    "x-forwarded-port": String(options.redirectPort),
    "x-forwarded-for": incoming.socket.remoteAddress,
  };
  const outgoing = ask(
    {
      ...options.backend,
      method: incoming.method,
      path: incoming.url,
      headers: { ...incoming.headers, ...forwarded },
    },
    (reply) => {
      response.writeHead(reply.statusCode ?? 502, { ...reply.headers, ...extra });
      reply.pipe(response);
    },
  );
  outgoing.once("error", () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end("Bad Gateway");
  });
  response.once("close", () => outgoing.destroy());
  incoming.pipe(outgoing);
}

function redirect({ method, url = "/", headers }: IncomingMessage, response: ServerResponse): void {
  const [host = ""] = (headers.host ?? "").split(":");
  const port = options.redirectPort === 443 ? "" : `:${options.redirectPort}`;
  response.writeHead(method === "GET" ? 301 : 308, { location: `https://${host}${port}${url}` }).end();
}

const https = createTlsServer({ ...load(), requestTimeout: 0 }, serve);
const http = createServer(redirect);

watch(dirname(options.tlsYml), (_, name) => {
  if (name !== basename(options.tlsYml)) return;
  try {
    https.setSecureContext(load());
    console.log("INF Configuration loaded from file");
  } catch (error) {
    // As Traefik does, it goes on with what it has.
    console.log(`ERR Error occurred during watcher callback: ${String(error)}`);
  }
});

async function listen(server: Server, { host, port }: z.infer<typeof address>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}

await listen(http, options.http);
await listen(https, options.https);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(0));
console.log(`edge stand-in listening pid=${process.pid}`);
