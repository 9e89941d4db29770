/**
 * Stand-in for curl, for what the steps on the Harbor machine ask of it: one GET of an http, https or file URL.
 * An option that it doesn't know is an error, and so is a feature of curl that the steps don't need.
 */
import { createReadStream, createWriteStream, readFileSync } from "node:fs";
import type { LookupFunction } from "node:net";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { basic } from "../../upstream/registry-client.ts";
import { send } from "../../upstream/http-client.ts";

/** Exit codes as curl's manual gives them. */
const [USAGE, NO_CONNECTION, HTTP_ERROR, NO_RANGE, NO_FILE] = [2, 7, 22, 33, 37];

class CurlError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(`curl: (${code}) ${message}`);
    this.code = code;
  }
}

const value = { type: "string" } as const;
const flag = { type: "boolean" } as const;
const options = {
  ...{ config: value, output: value, "write-out": value, "connect-to": value, cacert: value },
  ...{ proto: value, noproxy: value, retry: value, "retry-delay": value, "continue-at": value },
  ...{ "connect-timeout": value, "max-time": value, "speed-limit": value, "speed-time": value },
  ...{ fail: flag, silent: flag, "show-error": flag, location: flag },
} as const;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values["continue-at"] !== undefined) throw new CurlError(NO_RANGE, "a download can't be resumed here");
  const config = values.config === "-" ? parseConfig(await text(process.stdin)) : {};
  const url = new URL(config.url ?? positionals[0] ?? "");
  const seconds = Number(values["max-time"] ?? values["speed-time"] ?? 30);
  const { status, body } = await open(url, config.user, {
    ...(values.cacert === undefined ? {} : { ca: readFileSync(values.cacert, "utf8") }),
    ...(values["connect-to"] === undefined ? {} : { connectTo: values["connect-to"] }),
    followRedirects: values.location === true,
    timeoutMs: seconds * 1000,
  });
  if (values.fail === true && status >= 400) {
    throw new CurlError(HTTP_ERROR, `The requested URL returned error: ${status}`);
  }
  await pipeline(body, values.output === undefined ? process.stdout : createWriteStream(values.output));
  if (values["write-out"] !== undefined) {
    if (values["write-out"] !== "%{http_code}")
      throw new CurlError(USAGE, "only %{http_code} can be written");
    process.stdout.write(String(status));
  }
}

/** `url = "…"` and `user = "name:password"`, one a line. */
function parseConfig(lines: string): { url?: string; user?: string } {
  const entries = [...lines.matchAll(/^(\w+) = "((?:[^"\\]|\\.)*)"$/gm)].map(([, name = "", quoted = ""]) => {
    if (name !== "url" && name !== "user") throw new CurlError(USAGE, `config option ${name} is unknown`);
    return [name, quoted.replaceAll(/\\(.)/g, "$1")] as const;
  });
  return Object.fromEntries(entries);
}

interface Way {
  readonly ca?: string;
  /** `::HOST:PORT`, for every address. */
  readonly connectTo?: string;
  readonly followRedirects: boolean;
  readonly timeoutMs: number;
}

async function open(
  url: URL,
  user: string | undefined,
  way: Way,
): Promise<{ status: number; body: Readable }> {
  if (url.protocol === "file:") {
    const body = createReadStream(fileURLToPath(url));
    await new Promise((resolve, reject) => {
      body.once("open", resolve).once("error", () => {
        reject(new CurlError(NO_FILE, `Couldn't open file ${url.pathname}`));
      });
    });
    return { status: 0, body };
  }
  const { connectTo, ...connection } = way;
  const [, host, port] = /^::(.*):(\d+)$/.exec(connectTo ?? "") ?? [];
  if (port !== undefined && port !== (url.port || (url.protocol === "https:" ? "443" : "80"))) {
    throw new CurlError(USAGE, "--connect-to to another port is not known here");
  }
  const colon = user?.indexOf(":") ?? -1;
  const headers =
    user === undefined
      ? {}
      : { authorization: basic({ username: user.slice(0, colon), password: user.slice(colon + 1) }) };
  return send(
    url,
    { headers },
    {
      ...connection,
      ...(host === undefined ? {} : { lookup: alwaysTo(host.replaceAll(/[[\]]/g, "")) }),
    },
  ).catch((error: unknown) => {
    throw new CurlError(NO_CONNECTION, `Failed to connect to ${url.host}: ${String(error)}`);
  });
}

function alwaysTo(address: string): LookupFunction {
  const family = address.includes(":") ? 6 : 4;
  return (_host, lookup, done) => {
    if (lookup.all === true) done(null, [{ address, family }]);
    else done(null, address, family);
  };
}

try {
  await main();
} catch (error) {
  const known = error instanceof CurlError ? error : new CurlError(USAGE, `stand-in: ${String(error)}`);
  console.error(known.message);
  process.exitCode = known.code;
}
