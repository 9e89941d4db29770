/** A tiny API server of Kubernetes, without rules of its own: what the stand-in for the plugin asks, it answers. */
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

import { z } from "zod";

const objectSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string(), managedFields: z.unknown().optional() }),
});
type Stored = z.infer<typeof objectSchema>;

const KINDS = [
  {
    group: "",
    version: "v1",
    kinds: { secrets: "Secret", configmaps: "ConfigMap", namespaces: "Namespace" },
  },
  { group: "dex.coreos.com", version: "v1", kinds: { oauth2clients: "OAuth2Client" } },
];

export class ApiServer {
  /** By path. */
  readonly objects = new Map<string, Stored>();
  /** `POST /api/v1/…?…` */
  readonly asked: string[] = [];
  /** What is refused, by method. */
  readonly refused = new Map<
    string,
    { readonly status: number; readonly reason: string; readonly message: string }
  >();
  /** Deleted objects stay. */
  stubborn = false;
  #watcher: ServerResponse | undefined;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url ?? "", "http://it");
    const method = request.method ?? "";
    this.asked.push(`${method} ${request.url ?? ""}`);
    const send = (status: number, body: object) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    const fail = (status: number, reason: string, message: string) => {
      send(status, { kind: "Status", reason, message });
    };
    const refused = this.refused.get(method);
    if (refused !== undefined) {
      fail(refused.status, refused.reason, refused.message);
      return;
    }
    if (path === "/api" || path === "/apis") {
      send(200, discovery(path));
      return;
    }
    if (query.get("watch") === "true") {
      this.#watcher = response;
      response.writeHead(200).write('{"type":"ADDED","object":{}}\n');
      if (this.stubborn) response.end();
      return;
    }
    const body = method === "POST" || method === "PATCH" ? await json(request) : undefined;
    const name = method === "POST" ? `${path}/${objectSchema.parse(body).metadata.name}` : path;
    const found = this.objects.get(name);
    if (method === "POST" && found !== undefined) {
      fail(409, "AlreadyExists", `"${name}" already exists`);
    } else if (method === "POST" || (method === "PATCH" && !Array.isArray(body))) {
      const given = objectSchema.parse(body);
      const metadata = { ...given.metadata, uid: "1", managedFields: [managed(query, method)] };
      const made = { ...found, ...given, metadata };
      if (query.get("dryRun") === null) this.objects.set(name, made);
      send(201, made);
    } else if (found === undefined) {
      fail(404, "NotFound", `"${name}" not found`);
    } else if (method === "DELETE" && !this.stubborn) {
      send(200, found);
      setTimeout(() => {
        this.objects.delete(name);
        this.#watcher?.end('{"type":"DELETED","object":{}}\n');
      }, 20);
    } else {
      send(200, found);
    }
  }
}

const managed = (query: URLSearchParams, method: string) => ({
  manager: query.get("fieldManager"),
  operation: method === "POST" ? "Update" : "Apply",
  fieldsV1: { "f:id": {} },
});

const discovery = (path: string) => ({
  kind: "APIGroupDiscoveryList",
  items: KINDS.filter(({ group }) => (group === "") === (path === "/api")).map(
    ({ group, version, kinds }) => ({
      metadata: { name: group },
      versions: [
        {
          version,
          resources: Object.entries(kinds).map(([resource, kind]) => ({
            ...{ resource, responseKind: { group, version, kind } },
            scope: kind === "Namespace" ? "Cluster" : "Namespaced",
          })),
        },
      ],
    }),
  ),
});
