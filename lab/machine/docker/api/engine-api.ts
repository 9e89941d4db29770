/**
 * The stand-in's Engine API: what @pulumi/docker asks an engine for about networks, volumes and images. Paths, answers
 * and errors are Docker's (docs.docker.com/reference/api/engine/version/v1.51); what it doesn't know is an error.
 */
import { createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { finished } from "node:stream/promises";

import { DOCKER_VERSION } from "../docker-version.ts";
import { ObjectStore } from "../objects.ts";
import { ApiError } from "./api-error.ts";
import { IMAGE_ROUTES } from "./images.ts";
import { NETWORK_ROUTES } from "./networks.ts";
import { parseJson } from "./route.ts";
import type { ApiAnswer, Route } from "./route.ts";
import { VOLUME_ROUTES } from "./volumes.ts";

const API_VERSION = "1.51";
const MINOR = { oldest: 24, newest: 51 };

const VERSION = { Version: DOCKER_VERSION, ApiVersion: API_VERSION, MinAPIVersion: `1.${MINOR.oldest}` };
const PING: ApiAnswer = {
  status: 200,
  body: "OK",
  headers: { "Api-Version": API_VERSION, Ostype: "linux", "Docker-Experimental": "false" },
};

const ROUTES: readonly Route[] = [
  { method: "HEAD", path: /^\/_ping$/, answer: () => PING },
  { method: "GET", path: /^\/_ping$/, answer: () => PING },
  {
    method: "GET",
    path: /^\/version$/,
    answer: () => ({ status: 200, body: { ...VERSION, Os: "linux", Arch: "amd64" } }),
  },
  {
    method: "GET",
    path: /^\/info$/,
    answer: ({ store }) => ({
      status: 200,
      body: {
        ServerVersion: DOCKER_VERSION,
        OSType: "linux",
        Images: Object.keys(store.read().images).length,
      },
    }),
  },
  ...NETWORK_ROUTES,
  ...VOLUME_ROUTES,
  ...IMAGE_ROUTES,
];

/** The engine of the machine whose own directory is `machine`; it listens nowhere by itself. */
export function engineApi(machine: string): Server {
  const store = new ObjectStore(machine);
  return createServer({ keepAliveTimeout: 0 }, (request, response) => {
    void answer(store, request).then(({ status, body, headers }) => {
      const raw = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
      const type = typeof body === "string" ? "text/plain; charset=utf-8" : "application/json";
      response.writeHead(status, { ...(raw === undefined ? {} : { "Content-Type": type }), ...headers });
      response.end(request.method === "HEAD" ? undefined : raw);
    });
  });
}

async function answer(store: ObjectStore, request: IncomingMessage): Promise<ApiAnswer> {
  try {
    const sent = await text(request);
    const { pathname, searchParams } = new URL(request.url ?? "", "http://docker");
    const path = withoutVersion(pathname);
    for (const route of ROUTES) {
      const groups = route.method === request.method ? route.path.exec(path) : null;
      if (groups === null) continue;
      const names = groups.slice(1).map(decodeURIComponent);
      return route.answer({
        store,
        names,
        query: searchParams,
        body: sent === "" ? undefined : parseJson(sent),
      });
    }
    throw new ApiError(404, "page not found");
  } catch (error) {
    const status = error instanceof ApiError ? error.status : 500;
    return { status, body: { message: error instanceof Error ? error.message : String(error) } };
  }
}

function withoutVersion(pathname: string): string {
  const [prefix = "", minor] = /^\/v1\.(\d+)(?=\/)/.exec(pathname) ?? [];
  const asked = Number(minor ?? MINOR.newest);
  if (asked > MINOR.newest) {
    throw new ApiError(
      400,
      `client version 1.${asked} is too new. Maximum supported API version is ${API_VERSION}`,
    );
  }
  if (asked < MINOR.oldest) {
    throw new ApiError(
      400,
      `client version 1.${asked} is too old. Minimum supported API version is 1.${MINOR.oldest}, ` +
        "please upgrade your client to a newer version",
    );
  }
  return pathname.slice(prefix.length);
}

/** `docker system dial-stdio`: one connection to the engine, on this process's own streams, until they end. */
export async function dialStdio(machine: string): Promise<void> {
  const connection = Duplex.from({ readable: process.stdin, writable: process.stdout });
  engineApi(machine).emit("connection", connection);
  // A client that goes away is no news.
  await finished(connection).catch(() => undefined);
}
