/** One request and its answer, as the stand-in's handlers see them. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { HarborError } from "./harbor-error.ts";
import type { Robot, User } from "./store.ts";

/** Who asks: a user or a robot, a bearer of a registry token, or nobody known. */
export interface Principal {
  readonly user?: User;
  readonly robot?: Robot;
  /** As it signs in. */
  readonly name?: string;
  /** What a registry token allows, by project name. */
  readonly tokenAccess?: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface Reply {
  readonly status: number;
  /** Sent as JSON; absent: an empty body. */
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  /** Without the query, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly started = performance.now();
  principal: Principal = {};
  /** The connection breaks in place of an answer. */
  cutOff = false;
  /** For the access log: where the content came from. */
  servedFrom: "cache" | "upstream" | "-" = "-";

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request;
    this.response = response;
    this.method = request.method ?? "GET";
    const [path = "/", query = ""] = (request.url ?? "/").split("?", 2);
    this.path = path;
    this.query = new URLSearchParams(query);
  }

  /** Whether it may change something. */
  get writes(): boolean {
    return !SAFE_METHODS.has(this.method);
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  cookie(name: string): string | undefined {
    for (const part of (this.header("cookie") ?? "").split(";")) {
      const [key = "", ...value] = part.trim().split("=");
      if (key === name) return value.join("=");
    }
    return undefined;
  }

  /** User name and password of a Basic header; undefined where there is none or it is broken. */
  basic(): readonly [string, string] | undefined {
    const [, encoded] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(this.header("authorization") ?? "") ?? [];
    const text = encoded === undefined ? "" : Buffer.from(encoded, "base64").toString("utf8");
    const colon = text.indexOf(":");
    return colon < 0 ? undefined : [text.slice(0, colon), text.slice(colon + 1)];
  }

  send(reply: Reply): void {
    if (reply.json === undefined) this.#end(reply.status, { ...reply.headers }, "");
    else {
      this.#end(
        reply.status,
        { "Content-Type": "application/json", ...reply.headers },
        `${JSON.stringify(reply.json)}\n`,
      );
    }
  }

  text(
    status: number,
    contentType: string,
    text: string,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    this.#end(status, { "Content-Type": contentType, ...headers }, text);
  }

  fail(error: unknown): void {
    if (this.response.headersSent) {
      this.response.destroy();
      return;
    }
    const known = error instanceof HarborError ? error : undefined;
    if (known === undefined) console.error(`harbor stand-in: ${this.method} ${this.path}:`, error);
    const { status, code, message } = known ?? {
      status: 500,
      code: "UNKNOWN",
      message: "internal server error",
    };
    if (message === "") {
      this.send({ status });
      return;
    }
    const body = `${JSON.stringify({ errors: [{ code, message }] })}\n`;
    this.text(status, "application/json; charset=utf-8", body, known?.headers);
  }

  #end(status: number, headers: Readonly<Record<string, string>>, body: string): void {
    if (this.cutOff) {
      this.response.destroy();
      return;
    }
    this.response.writeHead(status, { ...headers, "Content-Length": String(Buffer.byteLength(body)) });
    this.response.end(this.method === "HEAD" ? undefined : body);
  }
}
