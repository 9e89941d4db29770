/** `/configurations`: the settings of the system. */
import { connect } from "node:net";
import { z } from "zod";
import type { App } from "../app.ts";
import { HarborError } from "../harbor-error.ts";
import type { Settings } from "../settings.ts";
import { WRITE_ONLY, settingsSchema } from "../settings.ts";
import type { Call, Route } from "./call.ts";
import { admin, bodyOf } from "./call.ts";
import { syntaxError } from "./go-json.ts";
import { limitProblem } from "./quotas.ts";

const AUTH_MODES = ["db_auth", "ldap_auth", "uaa_auth", "http_auth", "oidc_auth"];
const POSITIVE = ["token_expiration", "robot_token_duration", "session_timeout"] as const;
const MOST = 9_999_999_999;
const CONNECT_TIMEOUT_MS = 2000;

/** A key that is absent or null stays as it is; keys that aren't known are ignored. */
const values = Object.entries(settingsSchema.shape).map(
  ([key, schema]) => [key, schema.unwrap().nullish()] as const,
);
const update = z.object(Object.fromEntries(values)).nullable();

export function configurationRoutes(app: App): Route[] {
  const usersExist = (): boolean => app.state.users.some((user) => !user.admin);

  function show(): object {
    const shown = Object.entries(app.settings)
      .filter(([key]) => !WRITE_ONLY.some((hidden) => hidden === key))
      .map(([key, value]): [string, object] => [
        key,
        { editable: key !== "auth_mode" || !usersExist(), value },
      ]);
    return { ...Object.fromEntries(shown), scan_all_policy: {} };
  }

  async function change(call: Call) {
    const given = bodyOf(call, update, "configurations", { "": "Configurations" }) ?? {};
    admin(call);
    const sent = new Map(Object.entries(given).filter(([, value]) => value !== null && value !== undefined));
    const next = settingsSchema.parse({ ...app.settings, ...Object.fromEntries(sent) });
    check(app.settings, next, usersExist());
    for (const key of WRITE_ONLY) {
      if (sent.has(key) && next[key] !== "") next[key] = app.keys.encrypt(next[key]);
    }
    Object.assign(app.settings, next);
    const { audit_log_forward_endpoint: endpoint } = next;
    // Stored all the same.
    if (sent.has("audit_log_forward_endpoint") && endpoint !== "" && !(await answers(endpoint))) {
      throw new HarborError(400, `bad request: could not connect to the audit endpoint: ${endpoint}`);
    }
    return { status: 200 };
  }

  return [
    { method: "PUT", path: "/configurations", handle: change },
    {
      method: "GET",
      path: "/configurations",
      handle: (call) => {
        admin(call);
        return { status: 200, json: show() };
      },
    },
    {
      method: "GET",
      path: "/internalconfig",
      handle: () => {
        throw new HarborError(401, "only internal service is allowed to call this API");
      },
    },
  ];
}

/** Harbor's checks: there are none on OIDC. One bad key refuses all. */
function check(current: Settings, next: Settings, usersExist: boolean): void {
  const bad = (key: string, why: string): HarborError =>
    new HarborError(400, `bad request: item name ${key}: ${why}`);
  if (!AUTH_MODES.includes(next.auth_mode)) {
    throw bad("auth_mode", `invalid auth_mode, shoud be one of ${AUTH_MODES.join(", ")}`);
  }
  if (usersExist && next.auth_mode !== current.auth_mode) {
    throw new HarborError(
      400,
      "the auth mode cannot be modified as new users have been inserted into database",
    );
  }
  for (const key of POSITIVE) {
    const value = next[key];
    if (value <= 0) throw new HarborError(400, `the ${key} value must be positive`);
    if (value > MOST) throw new HarborError(400, `the ${key} value is over the limit value: ${MOST}`);
  }
  if (!["adminonly", "everyone"].includes(next.project_creation_restriction)) {
    const why = "invalid project_creation_restriction, should be adminonly or everyone";
    throw bad("project_creation_restriction", why);
  }
  const problem = limitProblem(next.storage_per_project);
  if (problem !== undefined) throw new HarborError(400, `bad request: ${problem}`);
  const why = syntaxError(next.oidc_extra_redirect_parms);
  if (why !== undefined) throw bad("oidc_extra_redirect_parms", why);
}

/** Whether something listens on `host:port`. */
function answers(endpoint: string): Promise<boolean> {
  const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(endpoint) ?? [];
  if (port === "") return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: CONNECT_TIMEOUT_MS });
    const done = (answered: boolean) => () => {
      socket.destroy();
      resolve(answered);
    };
    socket.once("connect", done(true)).once("error", done(false)).once("timeout", done(false));
  });
}
