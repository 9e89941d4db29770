/** Sends recorded requests to the stand-in and compares its answers with the recorded ones. */
import { z } from "zod";
import { basic } from "../../../lab/upstream/registry-client.ts";
import { readAll, send } from "../../../lab/upstream/http-client.ts";
import type { Harbor } from "../../../lab/harbor/harbor.ts";
import type { RecordedExchange, RecordedRequest, RecordedResponse } from "./recording.ts";
import { headerValues } from "./recording.ts";
import { Ids, withIdsOf } from "./replayed-ids.ts";

/** Compared as they stand; absent must be absent. */
const COMPARED_HEADERS = [
  "Accept-Ranges",
  "Content-Type",
  "Docker-Content-Digest",
  "Docker-Distribution-Api-Version",
  "Etag",
  "Link",
  "Location",
  "Vary",
  "Www-Authenticate",
  "X-Total-Count",
];

/** Where the ids of a collection come from, by the end of its path. */
const SEQUENCES: Readonly<Record<string, string>> = {
  executions: "execution",
  immutabletagrules: "immutableRule",
  labels: "label",
  members: "member",
  projects: "project",
  registries: "registry",
  "replication/policies": "replicationPolicy",
  retentions: "retention",
  robots: "robot",
  "system/gc": "execution",
  "system/purgeaudit": "execution",
  usergroups: "userGroup",
  users: "user",
  "webhook/policies": "webhookPolicy",
};

const HARBOR = "127.0.0.1:18080";
const ADMIN = { username: "admin", password: "Harbor12345" };
const claims = z.object({
  sub: z.string().optional(),
  access: z.array(z.object({ name: z.string(), actions: z.array(z.string()) })),
});

/** One answer as it is compared: all that differs from run to run is taken out. */
export interface Comparable {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Names of the cookies that are set. */
  readonly cookies: readonly string[];
  readonly csrfToken: boolean;
  readonly body: unknown;
  readonly endsWithNewline: boolean | undefined;
}

export class Replay {
  readonly #harbor: Harbor;
  readonly #host: string;
  /** Recorded text to what stands for it here: addresses, cookies, tokens. */
  readonly #here: Map<string, string>;
  readonly #ids = new Ids();

  constructor(harbor: Harbor, addresses: ReadonlyMap<string, string>) {
    this.#harbor = harbor;
    this.#host = new URL(harbor.url).host;
    const here: [string, string][] = [...addresses, [HARBOR, this.#host]];
    this.#here = new Map([
      ...here,
      ...here
        .map((pair) => pair.map(encodeURIComponent))
        .map(([from = "", to = ""]): [string, string] => [from, to]),
    ]);
  }

  /**
   * The recorded answer and the one that the stand-in gives to the same request. With free ids, those inside bodies
   * need not be the recorded ones: for recordings of a database whose beginnings aren't known.
   */
  async exchange(
    recorded: RecordedExchange,
    ids: "exact" | "free",
  ): Promise<{ expected: Comparable; actual: Comparable }> {
    const { request, response } = recorded;
    if (request === null || response === null || response === undefined) throw new Error("not an exchange");
    this.#giveId(response);
    const here = await this.#send(request);
    this.#learn(response, here);
    if (ids === "free") this.#ids.learn(request.path, response.body, here.body);
    const expected = comparable(response, request);
    const actual = comparable(this.#asRecorded(here), request);
    return ids === "exact" ? { expected, actual } : { expected, actual: withIdsOf(expected, actual) };
  }

  async #send(request: RecordedRequest): Promise<RecordedResponse> {
    const body = request.body_raw ?? (request.body === undefined ? undefined : JSON.stringify(request.body));
    const url = new URL(`http://${this.#host}${this.#ids.translate(request.path)}`);
    // The path goes out as it was recorded: no normalizing of escapes.
    const answer = await send(
      url,
      {
        method: request.method,
        headers: await this.#headers(request),
        ...(body === undefined ? {} : { body: this.#translate(body) }),
      },
      { followRedirects: false },
    );
    const bytes = await readAll(answer.body);
    const headers = Object.entries(answer.headers).flatMap(([name, value]) =>
      [value ?? []].flat().map((one): [string, string] => [name, one]),
    );
    return {
      status: answer.status,
      headers: Object.fromEntries(headers),
      headers_list: headers,
      ...bodyOf(bytes),
    };
  }

  async #headers(request: RecordedRequest): Promise<Record<string, string>> {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.headers)) headers[name] = this.#translate(value);
    const [, username, password] = /^Basic <([^:]*):(.*)>$/.exec(headers["Authorization"] ?? "") ?? [];
    if (username !== undefined) headers["Authorization"] = basic({ username, password: password ?? "" });
    const [, token] = /^Bearer (ey\S+)$/.exec(request.headers["Authorization"] ?? "") ?? [];
    if (token !== undefined) headers["Authorization"] = `Bearer ${await this.#tokenLike(token)}`;
    return headers;
  }

  /** The token that was given here for a recorded one, or one for the same rights where its request wasn't recorded. */
  async #tokenLike(token: string): Promise<string> {
    const known = this.#here.get(token);
    if (known !== undefined) return known;
    const { sub, access } = claims.parse(
      JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()),
    );
    const url = new URL(`http://${this.#host}/service/token?service=harbor-registry`);
    for (const { name } of access) url.searchParams.append("scope", `repository:${name}:pull`);
    const headers = sub === undefined ? {} : { authorization: basic(ADMIN) };
    const answer = await send(url, { headers });
    const given = z
      .object({ token: z.string() })
      .parse(JSON.parse((await readAll(answer.body)).toString())).token;
    this.#here.set(token, given);
    return given;
  }

  /** Lets the object that is made next have the id that it had. */
  #giveId(recorded: RecordedResponse): void {
    const [location = ""] = headerValues(recorded, "Location");
    const [, collection = "", id] = /^\/api\/v2\.0(\/.+)\/(\d+)$/.exec(location) ?? [];
    const [, sequence] = Object.entries(SEQUENCES).find(([end]) => collection.endsWith(`/${end}`)) ?? [];
    // 0 is the id of what has none.
    if (recorded.status !== 201 || sequence === undefined || id === "0") return;
    this.#harbor.app.state.sequences[sequence] = Number(id) - 1;
  }

  /** Pairs what the two answers hand out for later requests. */
  #learn(recorded: RecordedResponse, here: RecordedResponse): void {
    const cookies = (response: RecordedResponse) =>
      new Map(headerValues(response, "Set-Cookie").map((cookie) => cookiePair(cookie)));
    const ours = cookies(here);
    for (const [name, value] of cookies(recorded)) this.#here.set(value, ours.get(name) ?? "");
    const [csrf] = headerValues(recorded, "X-Harbor-Csrf-Token");
    if (csrf !== undefined) this.#here.set(csrf, headerValues(here, "X-Harbor-Csrf-Token")[0] ?? "");
    for (const key of ["token", "secret"]) {
      const given = z.object({ [key]: z.string() });
      const [theirs, mine] = [given.safeParse(recorded.body), given.safeParse(here.body)];
      if (theirs.success && mine.success) this.#here.set(theirs.data[key] ?? "", mine.data[key] ?? "");
    }
  }

  #translate(text: string): string {
    return [...this.#here].reduce((done, [recorded, here]) => done.replaceAll(recorded, here), text);
  }

  #asRecorded(response: RecordedResponse): RecordedResponse {
    const back = (text: string): string =>
      [...this.#here]
        .filter(([recorded]) => /^127\.0\.0\.1(?::|%3A)/.test(recorded))
        .reduce((done, [recorded, here]) => done.replaceAll(here, recorded), text);
    return {
      ...response,
      headers_list: (response.headers_list ?? []).map(([name, value]): [string, string] => [
        name,
        back(value),
      ]),
      ...(response.body === undefined
        ? {}
        : { body: JSON.parse(back(JSON.stringify(response.body))) as unknown }),
      ...(response.body_raw === undefined ? {} : { body_raw: back(response.body_raw) }),
    };
  }
}

function comparable(response: RecordedResponse, request: RecordedRequest): Comparable {
  const headers: Record<string, string> = {};
  for (const name of COMPARED_HEADERS) {
    const [value] = headerValues(response, name);
    if (value !== undefined) headers[name] = withoutNonces(value);
  }
  return {
    status: response.status,
    headers,
    cookies: headerValues(response, "Set-Cookie")
      .map((cookie) => cookiePair(cookie)[0])
      .sort(),
    csrfToken: headerValues(response, "X-Harbor-Csrf-Token").length > 0,
    body: settled(response.body ?? response.body_raw, headers["Content-Type"] ?? ""),
    endsWithNewline: request.path.startsWith("/api/v2.0") ? response.body_ends_with_newline : undefined,
  };
}

/** What an OIDC login makes up each time. */
function withoutNonces(text: string): string {
  return text.replaceAll(/\b(code_challenge|state)=[^&"]+/g, "$1=<random>");
}

/** Times, tokens, secrets, the words of a failed health check and Harbor's error page become placeholders. */
function settled(value: unknown, contentType: string, key = ""): unknown {
  if (typeof value === "string") {
    if (contentType.startsWith("text/html") && value.startsWith("<!DOCTYPE")) return "<page>";
    if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) && key !== "created") {
      return value.startsWith("0001") && key !== "pull_time" ? value : "<time>";
    }
    return ["token", "secret", "error"].includes(key) ? `<${key}>` : withoutNonces(value);
  }
  if (key === "expires_at" && value !== -1) return "<time>";
  if (Array.isArray(value)) return value.map((item) => settled(item, contentType));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, settled(item, contentType, name)]),
  );
}

function bodyOf(bytes: Buffer): Pick<RecordedResponse, "body" | "body_raw" | "body_ends_with_newline"> {
  const text = bytes.toString("utf8");
  try {
    return { body: JSON.parse(text), body_ends_with_newline: text.endsWith("\n") };
  } catch {
    return { body_raw: Buffer.from(text).equals(bytes) ? text : `base64:${bytes.toString("base64")}` };
  }
}

function cookiePair(cookie: string): [string, string] {
  const [pair = ""] = cookie.split(";", 1);
  const equals = pair.indexOf("=");
  return [pair.slice(0, equals), pair.slice(equals + 1)];
}
