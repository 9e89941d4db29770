/** A client of Docker's Engine API (docs.docker.com/reference/api/engine) at the address that the provider is given. */
import { Pool } from "undici";
import { z } from "zod";

import { SshSocket, sshArguments } from "./ssh-socket.ts";

/** The newest API that the real plugin's client speaks. */
const NEWEST_MINOR = 51;
const HEADERS_MS = 120_000;
/** Between two pieces of an answer; a pull tells its progress all the time. */
const BODY_MS = 300_000;
const IDLE_MS = 30_000;

const errorSchema = z.object({ message: z.string() });

/** An answer of the engine other than success. */
export class EngineError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(`Error response from daemon: ${message}`);
    this.status = status;
  }
}

export interface EngineRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Without the API's version: `/networks/create`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

export class Engine {
  readonly #host: string;
  readonly #pool: Pool;
  #version: string | undefined;

  /** `ssh://…` or `unix://…`; nothing is connected before the first request. */
  constructor(host: string, sshOpts: readonly string[]) {
    this.#host = host;
    const limits = {
      headersTimeout: HEADERS_MS,
      bodyTimeout: BODY_MS,
      keepAliveTimeout: IDLE_MS,
      connections: 8,
    };
    if (host.startsWith("unix://")) {
      this.#pool = new Pool("http://localhost", { ...limits, socketPath: host.slice("unix://".length) });
    } else if (host.startsWith("ssh://")) {
      const args = sshArguments(host, sshOpts);
      this.#pool = new Pool("http://docker.example.com", {
        ...limits,
        connect: (_options, connected) => {
          // It has to come later than this call, and undici uses nothing of a socket but the stream.
          queueMicrotask(() => {
            connected(null, new SshSocket(args) as never);
          });
        },
      });
    } else {
      throw new Error(`the stand-in for the plugin docker reaches ssh:// and unix:// only, not ${host}`);
    }
  }

  /** The body, or undefined where the engine has no such thing. */
  async find(path: string, signal: AbortSignal): Promise<unknown> {
    try {
      return JSON.parse(await this.request({ method: "GET", path, signal }));
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** The body as text. */
  async request({ method, path, query = {}, body, signal }: EngineRequest): Promise<string> {
    this.#version ??= await this.#negotiate(signal);
    const search = new URLSearchParams(query).toString();
    return this.#send({
      method,
      path: `/v${this.#version}${path}${search === "" ? "" : `?${search}`}`,
      body,
      signal,
    });
  }

  /** Is there an engine? Else the error says why not. */
  async ping(signal: AbortSignal): Promise<void> {
    this.#version = await this.#negotiate(signal);
  }

  close(): void {
    void this.#pool.destroy();
  }

  async #negotiate(signal: AbortSignal): Promise<string> {
    // The real one asks by HEAD, after which undici would give the connection up.
    const { headers, body } = await this.#connected(() =>
      this.#pool.request({ method: "GET", path: "/_ping", signal }),
    );
    await body.dump();
    const [, minor] = /^1\.(\d+)$/.exec(String(headers["api-version"])) ?? [];
    return `1.${Math.min(NEWEST_MINOR, Number(minor ?? 24))}`;
  }

  async #send(request: {
    method: "GET" | "POST" | "DELETE";
    path: string;
    body: unknown;
    signal: AbortSignal;
  }) {
    const { method, path, signal } = request;
    const { statusCode, body } = await this.#connected(() =>
      this.#pool.request({
        ...{ method, path, signal },
        ...(request.body === undefined
          ? {}
          : { body: JSON.stringify(request.body), headers: { "content-type": "application/json" } }),
      }),
    );
    const text = await body.text();
    if (statusCode < 400) return text;
    const parsed = errorSchema.safeParse(json(text));
    throw new EngineError(statusCode, parsed.success ? parsed.data.message : text);
  }

  async #connected<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`error during connect to ${this.#host}: ${why}`, { cause: error });
    }
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
