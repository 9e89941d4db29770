/** OIDC as far as it needs nobody to log in: the test of an issuer, and the way to it from `/c/oidc/login`. */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { readAll, send } from "../../upstream/http-client.ts";
import type { App } from "../app.ts";
import type { Exchange } from "../exchange.ts";
import { HarborError, internalError } from "../harbor-error.ts";
import type { Route } from "./call.ts";
import { admin, bodyOf } from "./call.ts";

const pinged = z.object({ url: z.string().nullish(), verify_cert: z.boolean().nullish() });
const discovery = z.object({ issuer: z.string(), authorization_endpoint: z.string() });

export function oidcRoutes(app: App): Route[] {
  return [
    {
      method: "POST",
      path: "/system/oidc/ping",
      handle: async (call) => {
        const body = bodyOf(call, pinged, "endpoint", { "": "OIDCEndpoint" });
        admin(call);
        if ((await discover(app, body.url ?? "", body.verify_cert ?? false)) === undefined) {
          throw new HarborError(400, "failed to verify connection");
        }
        return { status: 200 };
      },
    },
  ];
}

/** `/c/oidc/login`: leads to the issuer. The stand-in can't take anyone back. */
export async function startOidcLogin(app: App, exchange: Exchange): Promise<void> {
  const { settings } = app;
  if (settings.auth_mode !== "oidc_auth") throw new HarborError(412, "Auth Mode is not OIDC based.");
  const found = await discover(app, settings.oidc_endpoint, settings.oidc_verify_cert);
  if (found === undefined) throw internalError();
  const location = new URL(found.authorization_endpoint);
  const extra = z.record(z.string(), z.string()).parse(JSON.parse(settings.oidc_extra_redirect_parms));
  const parameters = {
    client_id: settings.oidc_client_id,
    code_challenge: randomBytes(32).toString("base64url"),
    code_challenge_method: "S256",
    ...extra,
    redirect_uri: `${app.externalUrl}/c/oidc/callback`,
    response_type: "code",
    scope: settings.oidc_scope.split(",").join(" "),
    state: randomBytes(24).toString("base64url"),
  };
  for (const [name, value] of Object.entries(parameters)) location.searchParams.set(name, value);
  const link = location.href.replaceAll("&", "&amp;");
  exchange.text(302, "text/html; charset=utf-8", `<a href="${link}">Found</a>.\n\n`, {
    Location: location.href,
  });
}

/** The issuer's discovery document, where it answers with its own name. */
async function discover(
  app: App,
  issuer: string,
  verify: boolean,
): Promise<z.infer<typeof discovery> | undefined> {
  try {
    const url = new URL(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
    const answer = await send(url, {}, app.connection(!verify, ""));
    const body = await readAll(answer.body);
    if (answer.status !== 200) return undefined;
    const found = discovery.parse(JSON.parse(body.toString("utf8")));
    return found.issuer === issuer ? found : undefined;
  } catch {
    return undefined;
  }
}
