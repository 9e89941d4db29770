/** Registry tokens: `/service/token`, and what a bearer of one may do. */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { mayInProject } from "../api/project-access.ts";
import type { App } from "../app.ts";
import type { Exchange, Principal } from "../exchange.ts";
import { robotName } from "../robots.ts";

const claims = z.object({
  sub: z.string().optional(),
  exp: z.int(),
  access: z.array(z.object({ type: z.string(), name: z.string(), actions: z.array(z.string()) })),
});

type Access = z.infer<typeof claims>["access"][number];

/** Answers with a token for whatever was asked, with the actions that the caller has: possibly none. */
export function answerTokenRequest(app: App, exchange: Exchange): void {
  const service = exchange.query.get("service") ?? "";
  if (service !== "harbor-registry") {
    exchange.text(400, "text/plain; charset=utf-8", `Unable to handle service: ${service}`);
    return;
  }
  const scopes = exchange.query.getAll("scope").flatMap((scope) => scope.split(" "));
  const access = scopes.flatMap((scope) => grant(app, exchange.principal, scope));
  const now = Math.floor(Date.parse(app.now()) / 1000);
  const { name } = exchange.principal;
  const lifetime = app.settings.token_expiration * 60;
  const token = sign(app, {
    iss: "harbor-token-issuer",
    ...(name === undefined ? {} : { sub: name }),
    aud: "harbor-registry",
    exp: now + lifetime,
    nbf: now,
    iat: now,
    jti: randomBytes(12).toString("base64url"),
    access,
  });
  const issued = `${new Date(now * 1000).toISOString().slice(0, 19)}Z`;
  exchange.send({
    status: 200,
    headers: { "Content-Type": "application/json; charset=utf-8" },
    json: { token, access_token: "", expires_in: lifetime, issued_at: issued },
  });
}

/** The bearer of a token that is ours and still good; undefined for any other. */
export function bearerOf(app: App, exchange: Exchange): Principal | undefined {
  const [, token = ""] = /^Bearer (\S+)$/i.exec(exchange.header("authorization") ?? "") ?? [];
  const [header = "", payload = "", signature = ""] = token.split(".");
  if (!app.keys.verify("token", `${header}.${payload}`, signature)) return undefined;
  const { sub, exp, access } = claims.parse(JSON.parse(Buffer.from(payload, "base64url").toString("utf8")));
  if (exp * 1000 < Date.parse(app.now())) return undefined;
  // Harbor's check of a token is by project, not by repository.
  const tokenAccess = new Map<string, ReadonlySet<string>>();
  for (const { name, actions } of access) {
    const project = name.split("/", 1)[0] ?? "";
    tokenAccess.set(project, new Set([...(tokenAccess.get(project) ?? []), ...actions]));
  }
  const user = sub === undefined ? undefined : app.accounts.byName(sub);
  const robot = app.state.robots.find((one) => robotName(app.state, one) === sub);
  return {
    tokenAccess,
    ...(user === undefined ? {} : { user, name: user.username }),
    ...(robot === undefined || sub === undefined ? {} : { robot, name: sub }),
  };
}

function grant(app: App, principal: Principal, scope: string): Access[] {
  const [type = "", ...rest] = scope.split(":");
  const name = rest.slice(0, -1).join(":");
  if (name === "") return [];
  if (type !== "repository") return [{ type, name, actions: principal.user?.admin === true ? ["*"] : [] }];
  const project = app.store.state.projects.find((one) => one.name === name.split("/", 1)[0]);
  const may = (action: string): boolean =>
    project !== undefined && mayInProject(principal, project, `repository:${action}`);
  return [{ type, name, actions: ["push", "delete", "pull"].filter(may) }];
}

// The real one signs by RS256; nobody but the stand-in itself reads these.
function sign(app: App, payload: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part(payload)}`;
  return `${text}.${app.keys.sign("token", text)}`;
}
