/** A client of one cluster's API server (kubernetes.io/docs/reference/using-api). */
import { Agent, request } from "undici";
import type { Dispatcher } from "undici";
import { z } from "zod";

import type { Properties } from "../../../provider/values.ts";
import type { Access } from "./kubeconfig.ts";

/** client-go's own. */
const CONNECT_MS = 30_000;
const DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

export const objectSchema = z.custom<Properties>((value) => typeof value === "object" && value !== null);

const statusSchema = z.object({ message: z.string(), reason: z.string().default("") });

const discoverySchema = z.object({
  kind: z.literal("APIGroupDiscoveryList"),
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string().default("") }).default({ name: "" }),
      versions: z.array(
        z.object({
          version: z.string(),
          resources: z
            .array(
              z.object({
                resource: z.string(),
                responseKind: z.object({ kind: z.string() }).optional(),
                scope: z.string(),
              }),
            )
            .default([]),
        }),
      ),
    }),
  ),
});

const eventSchema = z.object({ type: z.string() });

/** An answer of the API server other than success, in its own words. */
export class ApiError extends Error {
  readonly status: number;
  /** `AlreadyExists`, `Forbidden`, `NotFound`, … */
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Of the body, default application/json. */
  readonly contentType?: string;
  readonly accept?: string;
  /** How long the answer may pause, default the client's. */
  readonly quietMs?: number;
  readonly signal: AbortSignal;
}

/** How a kind is reached. */
interface Place {
  readonly plural: string;
  readonly namespaced: boolean;
}

export class Api {
  readonly #access: Access;
  readonly #agent: Agent;
  #places: ReadonlyMap<string, Place> = new Map();

  /** Nothing is connected before the first request; `timeoutMs` is for each of them. */
  constructor(access: Access, timeoutMs: number) {
    this.#access = access;
    this.#agent = new Agent({
      connect: { ...access.tls, timeout: CONNECT_MS },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
  }

  /** Asks which kinds there are. */
  async discover(signal: AbortSignal): Promise<void> {
    const found = new Map<string, Place>();
    for (const path of ["/api", "/apis"]) {
      const answer = await this.request({ method: "GET", path, accept: DISCOVERY, signal });
      for (const { metadata, versions } of discoverySchema.parse(answer).items)
        for (const { version, resources } of versions)
          for (const { resource, responseKind, scope } of resources) {
            const apiVersion = metadata.name === "" ? version : `${metadata.name}/${version}`;
            if (responseKind === undefined) continue;
            found.set(`${apiVersion} ${responseKind.kind}`, {
              plural: resource,
              namespaced: scope === "Namespaced",
            });
          }
    }
    this.#places = found;
  }

  /** Undefined: the cluster has no such kind, as far as it was asked. */
  place(apiVersion: string, kind: string): Place | undefined {
    return this.#places.get(`${apiVersion} ${kind}`);
  }

  /** Path of one object, or of all of its kind without a name. */
  path({ apiVersion, kind, namespace, name }: Identity): string {
    const place = this.place(apiVersion, kind);
    if (place === undefined)
      throw new ApiError(404, "NoMatch", `no matches for kind "${kind}" in version "${apiVersion}"`);
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const inside = place.namespaced ? `/namespaces/${encodeURIComponent(namespace)}` : "";
    return `${root}${inside}/${place.plural}${name === "" ? "" : `/${encodeURIComponent(name)}`}`;
  }

  /** The object that is answered. */
  async request(asked: ApiRequest): Promise<Properties> {
    const body = await this.#send(asked);
    return objectSchema.parse(JSON.parse(await body.text()));
  }

  /** Watches what `path` and `query` name, does `work` once it is watched, and ends with a deletion or the watch. */
  async untilDeleted(
    asked: Pick<ApiRequest, "path" | "query" | "quietMs" | "signal">,
    work: () => Promise<void>,
  ): Promise<void> {
    const query = { ...asked.query, watch: "true" };
    const body = await this.#send({ ...asked, method: "GET", query });
    try {
      await work();
      let rest = "";
      body.setEncoding("utf8");
      for await (const piece of body) {
        const lines = `${rest}${String(piece)}`.split("\n");
        rest = lines.pop() ?? "";
        if (lines.some((line) => line !== "" && eventSchema.parse(JSON.parse(line)).type === "DELETED"))
          return;
      }
    } finally {
      // To end it early is an error to undici, which nobody else would hear.
      body.on("error", () => undefined).destroy();
    }
  }

  close(): void {
    void this.#agent.destroy();
  }

  async #send({ method, path, query = {}, ...asked }: ApiRequest): Promise<Dispatcher.ResponseData["body"]> {
    const search = new URLSearchParams(query).toString();
    const url = `${this.#access.server}${path}${search === "" ? "" : `?${search}`}`;
    const { authorization } = this.#access;
    const headers = {
      accept: asked.accept ?? "application/json",
      ...(authorization === undefined ? {} : { authorization }),
      ...(asked.body === undefined ? {} : { "content-type": asked.contentType ?? "application/json" }),
    };
    const body = asked.body === undefined ? null : JSON.stringify(asked.body);
    const response = await request(url, {
      ...{ method, headers, body, signal: asked.signal, dispatcher: this.#agent },
      ...(asked.quietMs === undefined ? {} : { bodyTimeout: asked.quietMs }),
    }).catch((error: unknown) => {
      throw new Error(`${method} ${url}: ${inWords(error)}`, { cause: error });
    });
    if (response.statusCode < 400) return response.body;
    const text = await response.body.text();
    const status = statusSchema.safeParse(json(text));
    const { message, reason } = status.success ? status.data : { message: text.trim(), reason: "" };
    throw new ApiError(response.statusCode, reason, message === "" ? `HTTP ${response.statusCode}` : message);
  }
}

/** What names an object. The namespace of a kind that has none doesn't count. */
export interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** A failed connection to a name with several addresses says nothing itself. */
function inWords(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(inWords).join(", ");
  return error instanceof Error ? error.message : String(error);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
