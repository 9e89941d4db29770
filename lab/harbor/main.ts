/**
 * Runs the Harbor stand-in from a rendered harbor.yml, in place of Harbor's containers:
 *
 *     main.ts --harbor-yml PATH [--listen HOST:PORT] [--listen-https HOST:PORT] [--data-dir DIR]
 *             [--access-log PATH] [--caching-delay-ms N] [--upstream-ca PEMFILE] [--with-trivy]
 *             [--cert PEMFILE --key PEMFILE]
 *
 * One line on stdout says that it listens. SIGTERM and SIGINT end it.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { parseArgs } from "node:util";
import type { HarborYml } from "./harbor-yml.ts";
import { HarborYmlError, parseHarborYml } from "./harbor-yml.ts";
import { startHarbor } from "./harbor.ts";

class UsageError extends Error {}

interface Address {
  readonly host: string;
  readonly port: number;
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        "harbor-yml": { type: "string" },
        listen: { type: "string" },
        "listen-https": { type: "string" },
        "data-dir": { type: "string" },
        "access-log": { type: "string" },
        "caching-delay-ms": { type: "string", default: "300" },
        "upstream-ca": { type: "string" },
        "with-trivy": { type: "boolean", default: false },
        cert: { type: "string" },
        key: { type: "string" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function addressOf(text: string | undefined, defaultPort: number): Address {
  if (text === undefined) return { host: "127.0.0.1", port: defaultPort };
  const [, bracketed, plain, port] = /^(?:\[([0-9a-f:]+)\]|([^:[\]]+)):(\d{1,5})$/i.exec(text) ?? [];
  if (port === undefined) throw new UsageError(`not HOST:PORT: ${text}`);
  return { host: bracketed ?? plain ?? "", port: Number(port) };
}

/** With TLS, plain HTTP only leads to the other port, as Harbor's nginx does it. */
async function startRedirect(yml: HarborYml, address: Address): Promise<string> {
  const port = yml.https?.port === 443 ? "" : `:${yml.https?.port ?? ""}`;
  const server = createServer((request, response) => {
    response.writeHead(308, { Location: `https://${yml.hostname}${port}${request.url ?? "/"}` }).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(address.port, address.host, resolve);
  });
  const bound = server.address();
  return `http://${address.host}:${typeof bound === "object" && bound !== null ? bound.port : address.port}`;
}

async function run(): Promise<void> {
  const flags = readArguments();
  const file = flags["harbor-yml"];
  if (file === undefined) throw new UsageError("--harbor-yml is missing");
  const cachingDelayMs = Number(flags["caching-delay-ms"]);
  if (!Number.isSafeInteger(cachingDelayMs) || cachingDelayMs < 0)
    throw new UsageError("--caching-delay-ms: not a number");
  const yml = parseHarborYml(readFileSync(file, "utf8"));
  if (yml.https === undefined && flags["listen-https"] !== undefined) {
    throw new UsageError("--listen-https, but harbor.yml has no https section");
  }
  const http = addressOf(flags.listen, yml.httpPort);
  const dataDir = flags["data-dir"] ?? yml.dataVolume;
  const tls = yml.https && {
    cert: readFileSync(flags.cert ?? yml.https.certificate, "utf8"),
    key: readFileSync(flags.key ?? yml.https.privateKey, "utf8"),
  };
  const upstreamCa = flags["upstream-ca"];
  const harbor = await startHarbor({
    ...(yml.https === undefined ? http : addressOf(flags["listen-https"], yml.https.port)),
    ...(tls === undefined ? {} : { tls }),
    externalUrl: yml.externalUrl,
    adminPassword: yml.adminPassword,
    dataDir,
    accessLog: flags["access-log"] ?? path.join(dataDir, "log", "proxy.log"),
    cachingDelayMs,
    trivy: flags["with-trivy"],
    ...(upstreamCa === undefined ? {} : { upstreamCa: readFileSync(upstreamCa, "utf8") }),
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void harbor.close().then(() => process.exit(0)));
  }
  const addresses =
    tls === undefined ? `http=${harbor.url}` : `http=${await startRedirect(yml, http)} https=${harbor.url}`;
  console.log(`harbor stand-in listening ${addresses} pid=${process.pid}`);
}

try {
  await run();
} catch (error) {
  const problems =
    error instanceof HarborYmlError
      ? error.problems
      : [error instanceof Error ? error.message : String(error)];
  for (const problem of problems) console.error(`harbor stand-in: ${problem}`);
  process.exit(error instanceof UsageError ? 2 : 1);
}
