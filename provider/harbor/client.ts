/**
 * Harbor's API over HTTP. Basic auth without cookies: Harbor sets one with every answer, and refuses writes that
 * carry it (quirk 4 in test/fixtures/harbor-api/README.md, as are the numbers below).
 */
import { request as send, type Dispatcher } from "undici";
import { z } from "zod";
import type { HarborConnection } from "../configuration.ts";
import { agentFor, throughProxy, type Environment } from "../http-agent.ts";
import { toJson } from "../to-json.ts";
import { connectionError, ConnectionError, HarborError, isStatus } from "./harbor-error.ts";
import { Limiter } from "./limiter.ts";
import { DEFAULT_RETRY, isTransient, pause, retry, type RetryPolicy } from "./retry.ts";

export interface ClientOptions {
  readonly retry?: RetryPolicy;
  /** How long Harbor refuses even the right password after a wrong one: 1.5 s (2). Milliseconds, default 1600. */
  readonly lockout?: number;
  /** Requests at a time, default 8. */
  readonly parallel?: number;
  /** Aborted: no further request is begun. */
  readonly signal?: AbortSignal;
  /** Where the HTTP proxy is named, default the process's own. */
  readonly environment?: Environment;
}

export interface HarborRequest {
  readonly method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  /** Below `/api/v2.0`, query included, already encoded. */
  readonly path: string;
  readonly body?: unknown;
  /** The path names a project by its name, which may be all digits (15). */
  readonly byName?: boolean;
}

interface Answer {
  readonly status: number;
  readonly location: string;
  readonly text: string;
}

const PREFIX = "/api/v2.0";
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

const errors = z.object({ errors: z.array(z.object({ message: z.string() })) });

export class HarborClient {
  readonly #connection: HarborConnection;
  readonly #retry: RetryPolicy;
  readonly #lockout: number;
  readonly #signal: AbortSignal;
  readonly #limiter: Limiter;
  readonly #agent: Dispatcher;
  /** For messages. */
  readonly #origin: string;
  readonly #authorization: string;
  #authenticated: Promise<void> | undefined;

  constructor(connection: HarborConnection, options: ClientOptions = {}) {
    this.#connection = connection;
    this.#retry = options.retry ?? DEFAULT_RETRY;
    this.#lockout = options.lockout ?? 1600;
    this.#signal = options.signal ?? new AbortController().signal;
    const parallel = options.parallel ?? 8;
    this.#limiter = new Limiter(parallel);
    const url = new URL(connection.url);
    const timeouts = { connections: parallel, timeout: connection.requestTimeout };
    const limits = { ...timeouts, maxAnswerBytes: MAX_ANSWER_BYTES, ca: connection.caCertificate };
    this.#agent = agentFor(url, limits, options.environment);
    this.#origin = connection.url + throughProxy(url, options.environment);
    this.#authorization =
      "Basic " + Buffer.from(`${connection.username}:${connection.password}`).toString("base64");
  }

  /** Base URL. */
  get url(): string {
    return this.#connection.url;
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }

  /** The parsed answer. Throws `HarborError` for any status but 200. */
  async get<T>(path: string, schema: z.ZodType<T>, byName = false): Promise<T> {
    const answer = await this.#repeat({ method: "GET", path, byName });
    return parseAnswer(`GET ${PREFIX}${path}`, answer.text, schema);
  }

  /** As `get`, but undefined where Harbor has no such thing. */
  async find<T>(path: string, schema: z.ZodType<T>, byName = false): Promise<T | undefined> {
    return this.get(path, schema, byName).catch(ignore404);
  }

  async put(path: string, body: unknown, byName = false): Promise<void> {
    await this.#repeat({ method: "PUT", path, body, byName });
  }

  /** For what makes nothing, such as a test of a connection, and may be asked twice without harm. */
  async post(path: string, body: unknown): Promise<void> {
    await this.#repeat({ method: "POST", path, body });
  }

  /** The parsed answer. */
  async patch<T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<T> {
    const answer = await this.#repeat({ method: "PATCH", path, body });
    return parseAnswer(`PATCH ${PREFIX}${path}`, answer.text, schema);
  }

  /** What is gone already is no error. */
  async delete(path: string, byName = false): Promise<void> {
    await this.#repeat({ method: "DELETE", path, byName }).catch(ignore404);
  }

  /**
   * Creates an object, once: after a broken connection or a busy answer it looks by `existing` whether the object is
   * there before it asks again. The result is the new object's path below the API and the parsed body (undefined where there
   * is none), or the object that was there.
   */
  async create<T>(
    path: string,
    body: unknown,
    existing: () => Promise<T | undefined>,
    byName = false,
  ): Promise<{ readonly location: string; readonly body: unknown } | { readonly existing: T }> {
    let uncertain = false;
    const attempt = async () => {
      if (uncertain) {
        const found = await existing();
        if (found !== undefined) return { existing: found };
      }
      try {
        const { location, text } = await this.#once({ method: "POST", path, body, byName });
        return { location: location.replace(PREFIX, ""), body: toJson(text) };
      } catch (error) {
        if (isStatus(error, 409)) {
          const found = await existing();
          if (found !== undefined) return { existing: found };
        }
        uncertain = isTransient(error);
        throw error;
      }
    };
    return retry(attempt, this.#retry, 2 * this.#connection.requestTimeout, this.#signal);
  }

  /** Only what may be asked twice without harm. */
  async #repeat(request: HarborRequest): Promise<Answer> {
    return retry(() => this.#once(request), this.#retry, 2 * this.#connection.requestTimeout, this.#signal);
  }

  async #once(request: HarborRequest): Promise<Answer> {
    const authenticated = (this.#authenticated ??= this.#authenticate());
    await authenticated;
    try {
      return await this.#send(request);
    } catch (error) {
      if (!isStatus(error, 401)) throw error;
    }
    // Somebody else's wrong guess locks the account for all (2), so one 401 proves nothing.
    if (this.#authenticated === authenticated) this.#authenticated = this.#authenticate();
    await this.#authenticated;
    return this.#send(request);
  }

  /**
   * A wrong password looks like success wherever anonymous may read (1): it is tried out before anything else, by one
   * request for all, since each wrong one locks the account. A refusal is kept and not tried again.
   */
  async #authenticate(): Promise<void> {
    const whoAmI = async () => {
      await this.#send({ method: "GET", path: "/users/current" }).catch((error: unknown) => {
        // Robots may not ask who they are (6), but only after their secret was found right.
        if (!isStatus(error, 412)) throw error;
      });
    };
    try {
      await whoAmI().catch(async (error: unknown) => {
        if (!isStatus(error, 401)) throw error;
        await pause(this.#lockout, this.#signal);
        await whoAmI();
      });
    } catch (error) {
      if (!isStatus(error, 401)) this.#authenticated = undefined;
      throw error;
    }
  }

  async #send(request: HarborRequest): Promise<Answer> {
    return this.#limiter.run(async () => {
      this.#signal.throwIfAborted();
      const { status, location, text } = await this.#exchange(request);
      const name = `${request.method} ${PREFIX}${request.path}`;
      if (status === 200 || status === 201) return { status, location, text };
      if (status >= 300 && status < 400) {
        const target = URL.parse(location, this.#connection.url)?.origin ?? location;
        const advice = `Set the provider's url to Harbor's own address, perhaps ${target}.`;
        throw new ConnectionError(
          `Harbor's url ${this.#connection.url} redirects ${name} to ${target}. ${advice}`,
          false,
        );
      }
      throw new HarborError(name, status, harborMessage(text));
    });
  }

  async #exchange({ method, path, body, byName }: HarborRequest): Promise<Answer> {
    const headers: Record<string, string> = {
      accept: "application/json",
      authorization: this.#authorization,
    };
    if (body !== undefined) headers["content-type"] = "application/json";
    if (byName === true) headers["x-is-resource-name"] = "true";
    try {
      const response = await send(this.#connection.url + PREFIX + path, {
        dispatcher: this.#agent,
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(this.#connection.requestTimeout),
      });
      const { location } = response.headers;
      return {
        status: response.statusCode,
        location: typeof location === "string" ? location : "",
        text: await response.body.text(),
      };
    } catch (error) {
      throw connectionError(this.#origin, `${method} ${PREFIX}${path}`, error);
    }
  }
}

function ignore404(error: unknown): undefined {
  if (!isStatus(error, 404)) throw error;
}

function parseAnswer<T>(request: string, text: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(toJson(text));
  if (parsed.success) return parsed.data;
  throw new Error(
    `Harbor's answer to ${request} is not what Harbor 2.15 sends: ${z.prettifyError(parsed.error)}`,
  );
}

function harborMessage(text: string): string {
  const parsed = errors.safeParse(toJson(text));
  return parsed.success ? parsed.data.errors.map(({ message }) => message.trim()).join("; ") : "";
}
