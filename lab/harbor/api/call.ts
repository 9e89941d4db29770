/** One call of the API after routing: its parameters, its body, who may make it. */
import { z } from "zod";
import type { Principal, Reply } from "../exchange.ts";
import { HarborError, invalid } from "../harbor-error.ts";
import { robotMay } from "../robots.ts";
import type { User } from "../store.ts";
import { parseBody } from "./go-json.ts";

export interface Call {
  readonly principal: Principal;
  readonly query: URLSearchParams;
  /** Path below `/api/v2.0`, still percent-encoded. */
  readonly path: string;
  param(name: string): string;
  header(name: string): string | undefined;
  /** Empty where there is none. */
  readonly body: string;
}

export interface Route {
  readonly method: string;
  /** `/registries/{id}` */
  readonly path: string;
  readonly handle: (call: Call) => Reply | Promise<Reply>;
}

/** Zod's own integers end at 2^53. */
export const int64 = z.number().refine(Number.isInteger);

/** `resource:action`, as `GET /permissions` lists them. */
export type Permission = `${string}:${string}`;

/** The user who calls; a robot is none. */
export function loggedIn(call: Call): User {
  authenticated(call);
  if (call.principal.user === undefined) throw forbidden(call);
  return call.principal.user;
}

/** Throws 401 unless a user or a robot calls. */
export function authenticated(call: Call): void {
  const { user, robot } = call.principal;
  if (user === undefined && robot === undefined) throw new HarborError(401, "unauthorized");
}

/** For what only system admins may do, robots never. */
export function admin(call: Call): User {
  const user = loggedIn(call);
  if (!user.admin) throw forbidden(call);
  return user;
}

export function maySystem({ user, robot }: Principal, permission: Permission): boolean {
  return user?.admin === true || (robot !== undefined && robotMay(robot, "system", "/", permission));
}

/** Throws 401 or 403 unless a system admin calls, or a robot that was given this permission of the system. */
export function systemAccess(call: Call, permission: Permission): void {
  authenticated(call);
  if (!maySystem(call.principal, permission)) throw forbidden(call);
}

/** Harbor says no more than who is refused. */
export function forbidden({ principal }: Call): HarborError {
  return new HarborError(403, principal.name ?? "");
}

/** An integer path parameter. */
export function idParam(call: Call, name = "id"): number {
  const text = call.param(name);
  if (!/^-?\d+$/.test(text)) throw invalid(`${name} in path must be of type int64: ${JSON.stringify(text)}`);
  return Number(text);
}

/** `schema` must be loose on what Harbor ignores; `name` is the parameter's and `models` are the structs' Go names. */
export function bodyOf<T extends z.ZodType>(
  call: Call,
  schema: T,
  name: string,
  models: Readonly<Record<string, string>>,
): z.infer<T> {
  return parseBody(call.body, schema, name, models);
}
