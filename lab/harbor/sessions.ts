/** Harbor's cookies: the session id `sid`, and the CSRF token that goes with it. */
import { randomBytes } from "node:crypto";
import type { Exchange } from "./exchange.ts";
import { HarborError } from "./harbor-error.ts";
import type { Keys } from "./keys.ts";

const CSRF_COOKIE = "_gorilla_csrf";
/** Below these, a request without a session needs no CSRF token. */
const API_PREFIXES = ["/api/", "/v2/", "/service/"];

export class Sessions {
  readonly #keys: Keys;
  readonly #users = new Map<string, number>();

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  /** The id of the user who logged in by the form in this session. */
  userId(exchange: Exchange): number | undefined {
    return this.#users.get(exchange.cookie("sid") ?? "");
  }

  /** Checks the CSRF token where one is due, and sets the cookies. Throws 403. */
  guard(exchange: Exchange): void {
    const sid = exchange.cookie("sid");
    const isApi = API_PREFIXES.some((prefix) => exchange.path.startsWith(prefix));
    if (!isApi || sid !== undefined) this.#checkCsrf(exchange);
    if (sid === undefined || !this.#isOurs(sid)) this.#setSid(exchange);
  }

  /** A new session for a user who gave the right password. */
  login(exchange: Exchange, userId: number): void {
    this.#users.set(this.#setSid(exchange), userId);
  }

  // An id carries its own signature, so that the many sessions nobody comes back to need no memory.
  #setSid(exchange: Exchange): string {
    const random = randomBytes(8).toString("hex");
    const sid = random + this.#keys.sign("sid", random).slice(0, 16);
    const others = [exchange.response.getHeader("Set-Cookie") ?? []].flat().map(String);
    const kept = others.filter((cookie) => !cookie.startsWith("sid="));
    exchange.response.setHeader("Set-Cookie", [...kept, `sid=${sid}; Path=/; HttpOnly`]);
    return sid;
  }

  #isOurs(sid: string): boolean {
    return this.#keys.verify("sid", sid.slice(0, 16), sid.slice(16));
  }

  #checkCsrf(exchange: Exchange): void {
    const { response } = exchange;
    let token = this.#tokenOf(exchange.cookie(CSRF_COOKIE));
    if (token === undefined) {
      token = randomBytes(32);
      const text = token.toString("base64url");
      const value = `${text}.${this.#keys.sign("csrf", text)}`;
      response.setHeader("Set-Cookie", [
        `${CSRF_COOKIE}=${value}; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict`,
      ]);
    }
    const mask = randomBytes(32);
    response.setHeader("X-Harbor-Csrf-Token", Buffer.concat([mask, xor(mask, token)]).toString("base64"));
    if (exchange.writes) {
      const given = exchange.header("x-harbor-csrf-token");
      if (given === undefined) throw new HarborError(403, "CSRF token not found in request");
      const bytes = Buffer.from(given, "base64");
      if (bytes.length !== 64 || !xor(bytes.subarray(0, 32), bytes.subarray(32)).equals(token)) {
        throw new HarborError(403, "CSRF token invalid");
      }
    }
    response.setHeader("Vary", "Cookie");
  }

  #tokenOf(cookie: string | undefined): Buffer | undefined {
    const [text = "", signature = ""] = cookie?.split(".") ?? [];
    return this.#keys.verify("csrf", text, signature) ? Buffer.from(text, "base64url") : undefined;
  }
}

function xor(left: Uint8Array, right: Uint8Array): Buffer {
  return Buffer.from(left.map((byte, position) => byte ^ (right[position] ?? 0)));
}
