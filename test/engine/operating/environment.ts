/** A Harbor stand-in, what it asks itself, and a stack of the program beside this file on the real engine. */
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { parse, parseDocument } from "yaml";
import { z } from "zod";

import { startHarbor } from "../../../lab/harbor/harbor.ts";
import type { Harbor } from "../../../lab/harbor/harbor.ts";
import { startUpstream } from "../../../lab/upstream/server.ts";
import type { Upstream } from "../../../lab/upstream/server.ts";
import { PROJECT_ROOT } from "../../../tools/engine.ts";
import type { Engine } from "../../../tools/engine.ts";
import { Stack } from "../../../tools/stack.ts";
import { harborState } from "./harbor-state.ts";
import type { HarborState } from "./harbor-state.ts";
import type { Settings } from "./objects.ts";
import { resourcesOf } from "./stack-resources.ts";
import type { StackResource } from "./stack-resources.ts";

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
  /** By the administrator; undefined where the answer has no body. */
  api(path: string, init?: RequestInit): Promise<unknown>;
  state(): Promise<HarborState>;
  /** The stack's resource of that name, and of a type that ends so. */
  resource(name: string, type: string): Promise<StackResource>;
  /** How robots sign in, by the stack's outputs. */
  logins(): Promise<Logins>;
  /** Does Harbor know these robots by these secrets? */
  signIn(...logins: readonly Login[]): Promise<boolean[]>;
  encrypt(text: string): Promise<Encrypted>;
  /** What the stack is configured to. */
  readonly wanted: Settings;
  /** Replaces settings by their names, and all extras. */
  configure(change: Partial<Settings>): Promise<void>;
  /** Requests since the last call that asked Harbor for a change: `POST /api/v2.0/labels 201`. */
  writes(): Promise<string[]>;
  close(): Promise<void>;
}

export interface Login {
  readonly username: string;
  readonly password: string;
}

const login = z.object({ username: z.string(), password: z.string() });
const encrypted = z.object({ config: z.object({ "test:text": z.object({ secure: z.string() }) }) });
const outputs = z.object({
  programRobot: login,
  pullRobot: login,
  robotAccounts: z.object({ ci: login, pusher: login }),
});

export type Logins = Readonly<Record<"program" | "pull" | "ci" | "pusher", Login>>;

/** `secrets` are all that are known to be some; robots' are added when they are asked for. */
export async function startOperating(folder: string, engine: Engine, secrets: string[]): Promise<Operating> {
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
    return encrypted.parse(parse(await readFile(configFile, "utf8"))).config["test:text"];
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
  const api = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const response = await ask(path, { username: "admin", password: ADMIN_PASSWORD }, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
  let seen = 0;
  let wanted: Settings = { settings: {}, extras: [] };

  return {
    stack,
    harbor,
    upstream,
    issuer: issuer.url,
    said,
    api,
    state: () => harborState(api),
    async resource(name, type) {
      const all = await resourcesOf(stack);
      const found = all.find((one) => one.urn.endsWith(`::${name}`) && one.type.endsWith(type));
      if (found === undefined) throw new Error(`no resource ${name}`);
      return found;
    },
    async logins() {
      const { programRobot: program, pullRobot: pull, robotAccounts } = outputs.parse(await stack.outputs());
      const found = { program, pull, ...robotAccounts };
      secrets.push(...Object.values(found).map(({ password: secret }) => secret));
      return found;
    },
    // Robots may not ask who they are, which is a 412; who isn't known is a 401.
    signIn: (...logins) =>
      Promise.all(logins.map(async (one) => (await ask("/users/current", one)).status === 412)),
    encrypt,
    get wanted() {
      return wanted;
    },
    async configure({ settings, extras = wanted.extras }) {
      wanted = { settings: { ...wanted.settings, ...settings }, extras };
      const own = Object.entries(wanted.settings).map(([key, value]) => [`operating:${key}`, value]);
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
