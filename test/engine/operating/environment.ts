/** A Harbor stand-in, what it asks itself, and a stack of the program beside this file on the real engine. */
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { parseDocument } from "yaml";

import { startHarbor } from "../../../lab/harbor/harbor.ts";
import type { Harbor } from "../../../lab/harbor/harbor.ts";
import { startUpstream } from "../../../lab/upstream/server.ts";
import type { Upstream } from "../../../lab/upstream/server.ts";
import { PROJECT_ROOT } from "../../../tools/engine.ts";
import type { Engine } from "../../../tools/engine.ts";
import { Stack } from "../../../tools/stack.ts";
import { harborState } from "./harbor-state.ts";
import type { HarborState } from "./harbor-state.ts";
import type { Extra } from "./program/extra.ts";

export const ADMIN_PASSWORD = "Adm1n-Passw0rd-of-operating";
export const UPSTREAM_PASSWORD = "Upstr3am-Passw0rd-of-operating";

/** As the stack's file keeps a secret. */
export interface Encrypted {
  readonly secure: string;
}

export interface Operating {
  readonly stack: Stack;
  readonly harbor: Harbor;
  /** For bot / UPSTREAM_PASSWORD. */
  readonly upstream: Upstream;
  /** Serves a discovery document. */
  readonly issuer: string;
  /** All that the engine said so far. */
  readonly said: string[];
  /** By the administrator, or by somebody else; undefined where the answer has no body. */
  api(path: string, init?: RequestInit, login?: Login): Promise<unknown>;
  /** Status of the answer to one who signs in so. */
  status(path: string, login: Login): Promise<number>;
  state(): Promise<HarborState>;
  encrypt(text: string): Promise<Encrypted>;
  /** Replaces the stack's whole configuration. */
  configure(settings: Readonly<Record<string, unknown>>, extras: readonly Extra[]): Promise<void>;
  /** Requests since the last call that asked Harbor for a change: `POST /api/v2.0/labels 201`. */
  writes(): Promise<string[]>;
  close(): Promise<void>;
}

export interface Login {
  readonly username: string;
  readonly password: string;
}

export async function startOperating(folder: string, engine: Engine): Promise<Operating> {
  const accessLog = join(folder, "access.log");
  const configFile = join(folder, "Pulumi.test.yaml");
  const said: string[] = [];
  const harbor = await startHarbor({
    dataDir: join(folder, "harbor"),
    adminPassword: ADMIN_PASSWORD,
    externalUrl: "http://localhost",
    trivy: true,
    accessLog,
  });
  const upstream = await startUpstream({
    auth: { username: "bot", password: UPSTREAM_PASSWORD, scheme: "basic" },
  });
  const issuer = await startIssuer();
  const stack = new Stack({
    engine,
    name: "test",
    project: join(PROJECT_ROOT, "test/engine/operating/program"),
    backend: join(folder, "backend"),
    configFile,
    passphrase: "of the test",
    onOutput: (text) => said.push(text),
  });
  await stack.init();

  const edit = async (path: readonly string[], value: unknown) => {
    const document = parseDocument(await readFile(configFile, "utf8"));
    document.setIn(path, value);
    await writeFile(configFile, document.toString({ lineWidth: 0 }));
  };
  const encrypt = async (text: string) => {
    await stack.setConfig("test:text", text, { secret: true });
    return parseDocument(await readFile(configFile, "utf8")).toJS().config["test:text"] as Encrypted;
  };
  const password = await encrypt(ADMIN_PASSWORD);
  const ask = (path: string, { username, password: secret }: Login, init: RequestInit = {}) =>
    fetch(`${harbor.url}/api/v2.0${path}`, {
      ...init,
      headers: {
        authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString("base64")}`,
        "content-type": "application/json",
      },
    });
  const api = async (
    path: string,
    init: RequestInit = {},
    login = { username: "admin", password: ADMIN_PASSWORD },
  ): Promise<unknown> => {
    const response = await ask(path, login, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
  let seen = 0;

  return {
    stack,
    harbor,
    upstream,
    issuer: issuer.url,
    said,
    api,
    status: async (path, login) => (await ask(path, login)).status,
    state: () => harborState(api),
    encrypt,
    async configure(settings, extras) {
      const own = Object.entries(settings).map(([key, value]) => [`operating:${key}`, value]);
      await edit(["config"], {
        "test:url": harbor.url,
        "test:password": password,
        "test:extras": extras,
        ...Object.fromEntries(own),
      });
    },
    async writes() {
      const lines = (await readFile(accessLog, "utf8")).split("\n");
      const since = lines.slice(seen);
      seen = lines.length - 1;
      return since.flatMap((line) => {
        const [, request, status] = /"((?:POST|PUT|PATCH|DELETE) \S+) HTTP\/1.1" (\d+)/.exec(line) ?? [];
        return request === undefined ? [] : [`${request} ${status ?? ""}`];
      });
    },
    async close() {
      await Promise.all([harbor.close(), upstream.close(), issuer.close()]);
    },
  };
}

/** What Harbor asks of an issuer before its settings change. */
async function startIssuer() {
  const server = createServer((request, response) => {
    const issuer = `http://${request.headers.host ?? ""}`;
    const known = request.url === "/.well-known/openid-configuration";
    response.statusCode = known ? 200 : 404;
    response.end(JSON.stringify({ issuer, authorization_endpoint: `${issuer}/auth` }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
