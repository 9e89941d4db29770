/**
 * The Harbor stand-in: Harbor 2.15.2's API as far as the lab needs it, and a real pull-through `/v2/`.
 * It answers as the recordings in test/fixtures/harbor-api do; what it doesn't have is a 501 that says so.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { readAll } from "../upstream/http-client.ts";
import { AccessLog } from "./access-log.ts";
import { startOidcLogin } from "./api/oidc.ts";
import { addProject } from "./api/projects.ts";
import { Router } from "./api/router.ts";
import type { HarborOptions } from "./app.ts";
import { App } from "./app.ts";
import { checkAllEndpoints } from "./endpoint-health.ts";
import type { Principal } from "./exchange.ts";
import { Exchange } from "./exchange.ts";
import { Faults } from "./faults.ts";
import { HarborError } from "./harbor-error.ts";
import { addSchedule } from "./jobs.ts";
import { NOT_FOUND_PAGE } from "./not-found-page.ts";
import { robotLogin } from "./robots.ts";
import { Sessions } from "./sessions.ts";
import { RegistryApi } from "./v2/registry.ts";
import { answerTokenRequest, bearerOf } from "./v2/token.ts";

export type { HarborOptions } from "./app.ts";

export interface Harbor {
  /** What is listened on, with scheme. */
  readonly url: string;
  readonly port: number;
  /** For tests: the database, to change it behind the API's back. */
  readonly app: App;
  /** For tests: what goes wrong next. */
  readonly faults: Faults;
  close(): Promise<void>;
}

/** Where nginx leads those who log in by password while OIDC is on. */
const PORTAL = "<!doctype html><title>Harbor stand-in</title><p>POST principal and password to /c/login.\n";
const BODY_LIMIT = 4 * 1024 * 1024;

export async function startHarbor(options: HarborOptions): Promise<Harbor> {
  const app = new App(options);
  if (app.store.fresh) initialize(app, options.adminPassword);
  const faults = new Faults(app);
  const router = new Router(app);
  const registry = new RegistryApi(app);
  const sessions = new Sessions(app.keys);
  const log = new AccessLog(options.accessLog);
  let closed = false;

  async function answer(exchange: Exchange): Promise<void> {
    const { path } = exchange;
    refuseWhileReadOnly(app, exchange);
    sessions.guard(exchange);
    const pinging = path === "/api/v2.0/ping";
    if (!pinging) exchange.principal = await authenticate(exchange);
    if (path === "/c/login") await formLogin(exchange);
    else if (path === "/account/sign-in") exchange.text(200, "text/html", PORTAL);
    else if (path === "/c/oidc/login") await startOidcLogin(app, exchange);
    else if (path === "/service/token") answerTokenRequest(app, exchange);
    else if (path === "/api/version") {
      exchange.text(200, "text/plain; charset=utf-8", `${JSON.stringify({ version: "v2.0" })}\n`);
    } else if (path === "/v2" || path.startsWith("/v2/")) await registry.handle(exchange);
    else if (/^\/api\/v2\.0(\/|$)/.test(path)) {
      const body = (await readAll(exchange.request, BODY_LIMIT)).toString("utf8");
      const reply = await router.handle(exchange, body);
      if (exchange.writes) app.store.save();
      exchange.send(reply);
    } else exchange.text(404, "text/html; charset=utf-8", NOT_FOUND_PAGE);
  }

  async function authenticate(exchange: Exchange): Promise<Principal> {
    const basic = exchange.basic();
    if (basic !== undefined) {
      const [name] = basic;
      const robot = robotLogin(app.state, app.now(), ...basic);
      if (robot !== undefined) return { robot, name };
      const user = await app.accounts.login(...basic);
      return user === undefined ? {} : { user, name };
    }
    const user = app.accounts.byId(sessions.userId(exchange) ?? 0);
    return bearerOf(app, exchange) ?? (user === undefined ? {} : { user, name: user.username });
  }

  async function formLogin(exchange: Exchange): Promise<void> {
    const form = new URLSearchParams((await readAll(exchange.request, BODY_LIMIT)).toString("utf8"));
    const user = await app.accounts.login(form.get("principal") ?? "", form.get("password") ?? "");
    if (user === undefined) throw new HarborError(401, "unauthorized");
    sessions.login(exchange, user.id);
    exchange.send({ status: 200 });
  }

  async function respond(exchange: Exchange): Promise<void> {
    const fault = faults.take(exchange.method, exchange.path);
    if (fault?.kind === "status") {
      exchange.text(fault.status, "text/html", fault.body ?? "", fault.headers);
    } else if (fault?.kind === "restart") {
      await stopListening(server);
      await sleep(fault.downMs);
      if (!closed) await listen(server, port, host);
    } else if (fault?.kind === "reset" && fault.effect === "before") exchange.response.destroy();
    else {
      if (fault?.kind === "latency") await sleep(fault.ms);
      exchange.cutOff = fault?.kind === "reset";
      await answer(exchange);
    }
  }

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const exchange = new Exchange(request, response);
    // Stock Harbor's nginx adds these.
    response.setHeader("X-Frame-Options", "DENY");
    response.setHeader("Content-Security-Policy", "frame-ancestors 'none'");
    response.once("close", () => {
      log.write(exchange);
    });
    respond(exchange).catch((error: unknown) => {
      exchange.fail(error);
    });
  };

  const server = options.tls === undefined ? createServer(handle) : createTlsServer(options.tls, handle);
  const host = options.host ?? "127.0.0.1";
  const port = await listen(server, options.port ?? 0, host);
  const url = `${options.tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
  app.externalUrl = (options.externalUrl ?? url).replace(/\/+$/, "");
  const health = setInterval(() => void checkAllEndpoints(app), options.healthCheckMs ?? 300_000);
  return {
    url,
    port,
    app,
    faults,
    async close() {
      closed = true;
      clearInterval(health);
      registry.close();
      await stopListening(server);
      await log.close();
    },
  };
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

async function stopListening(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** Before the session: no cookie is set. Settings can be changed all the same, and people log in. */
function refuseWhileReadOnly(app: App, { writes, path }: Exchange): void {
  if (!app.settings.read_only || !writes) return;
  if (path === "/api/v2.0/configurations" || path === "/c/login") return;
  const message = "The system is in read only mode. Any modification is prohibited.";
  throw new HarborError(403, message, { code: "DENIED" });
}

/** What a new Harbor holds: admin, the place of the anonymous user, and the project `library`. */
function initialize(app: App, adminPassword: string): void {
  const admin = { username: "admin", realname: "system admin", comment: "admin user", admin: true };
  const { id } = app.accounts.add(admin, adminPassword);
  app.store.next("user");
  for (const [vendorType, vendorId] of [
    ["SYSTEM_ARTIFACT_CLEANUP", 0],
    ["EXECUTION_SWEEP", -1],
  ] as const) {
    addSchedule(app, { vendorType, vendorId, type: "", cron: "0 0 0 * * *", parameters: {} });
  }
  addProject(app, { name: "library", ownerId: id, metadata: { public: "true" } }, -1);
  app.store.save();
}
