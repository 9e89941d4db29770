/** A client of the registry protocol (docker v2): answers 401 challenges, Basic or Bearer, and repeats the request. */
import { z } from "zod";
import type { Connection, Incoming, Outgoing } from "./http-client.ts";
import { readAll, send } from "./http-client.ts";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface Endpoint extends Connection {
  /** With scheme, without `/v2/`. */
  readonly url: string;
  readonly credentials?: Credentials;
}

/** Media types of manifests that are asked for. */
export const MANIFEST_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const tokenAnswer = z.object({ token: z.string().optional(), access_token: z.string().optional() });

export function basic(credentials: Credentials): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
}

/** The parameters of a `WWW-Authenticate` header: `Bearer realm="…",service="…"`. */
export function parseChallenge(header: string): { scheme: string; parameters: ReadonlyMap<string, string> } {
  const [scheme = ""] = header.split(" ", 1);
  const parameters = new Map<string, string>();
  for (const [, key = "", value = ""] of header.matchAll(/(\w+)="([^"]*)"/g)) parameters.set(key, value);
  return { scheme: scheme.toLowerCase(), parameters };
}

/** Sends `path` (from `/v2/` on) to the registry, authenticated where it asks for that. */
export async function ask(endpoint: Endpoint, path: string, outgoing: Outgoing = {}): Promise<Incoming> {
  const url = new URL(`${endpoint.url}${path}`);
  const first = await send(url, outgoing, endpoint);
  const header = first.headers["www-authenticate"];
  if (first.status !== 401 || header === undefined) return first;
  const authorization = await authorize(endpoint, header);
  if (authorization === undefined) return first;
  first.body.resume();
  return send(url, { ...outgoing, headers: { ...outgoing.headers, authorization } }, endpoint);
}

async function authorize(endpoint: Endpoint, header: string): Promise<string | undefined> {
  const { scheme, parameters } = parseChallenge(header);
  if (scheme === "basic") return endpoint.credentials === undefined ? undefined : basic(endpoint.credentials);
  const realm = parameters.get("realm");
  if (scheme !== "bearer" || realm === undefined) return undefined;
  const url = new URL(realm);
  for (const name of ["service", "scope"]) {
    const value = parameters.get(name);
    if (value !== undefined) url.searchParams.set(name, value);
  }
  const headers = endpoint.credentials === undefined ? {} : { authorization: basic(endpoint.credentials) };
  const answer = await send(url, { headers }, endpoint);
  const text = (await readAll(answer.body)).toString();
  if (answer.status !== 200) return undefined;
  const { token, access_token: accessToken } = tokenAnswer.parse(JSON.parse(text));
  return `Bearer ${token ?? accessToken ?? ""}`;
}
