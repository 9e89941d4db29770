/** `/users`: who am I, new users, passwords. */
import { z } from "zod";
import { checkStrength } from "../accounts.ts";
import type { App } from "../app.ts";
import { HarborError } from "../harbor-error.ts";
import type { User } from "../store.ts";
import { removeWhere } from "../store.ts";
import type { Route } from "./call.ts";
import { bodyOf, idParam, loggedIn, systemAccess } from "./call.ts";
import { listReply } from "./list.ts";

const newUser = z.object({
  username: z.string().nullish(),
  email: z.string().nullish(),
  realname: z.string().nullish(),
  comment: z.string().nullish(),
  password: z.string().nullish(),
});
const newPassword = z.object({ old_password: z.string().nullish(), new_password: z.string().nullish() });

export function userRoutes(app: App): Route[] {
  const { accounts, store } = app;
  return [
    {
      method: "GET",
      path: "/users",
      handle: (call) => {
        systemAccess(call, "user:list");
        const others = store.state.users.filter((user) => !user.admin);
        return listReply(
          call,
          others,
          { username: (user) => user.username, user_id: (user) => user.id },
          "user_id",
          show,
        );
      },
    },
    {
      method: "POST",
      path: "/users",
      handle: (call) => {
        const body = bodyOf(call, newUser, "userReq", { "": "UserCreationReq" });
        systemAccess(call, "user:create");
        const { auth_mode: mode } = app.settings;
        if (mode !== "db_auth") {
          throw new HarborError(403, `creating local user is not allowed under auth mode: ${mode}`);
        }
        const username = body.username ?? "";
        checkStrength(body.password ?? "");
        if (username === "") throw new HarborError(400, "username is required");
        if (accounts.byName(username) !== undefined)
          throw new HarborError(409, `user ${username} already exists`);
        const user = accounts.add(
          { username, realname: body.realname ?? "", comment: body.comment ?? "", admin: false },
          body.password ?? "",
        );
        return { status: 201, headers: { Location: `/api/v2.0/users/${user.id}` } };
      },
    },
    {
      method: "GET",
      path: "/users/current",
      handle: (call) => {
        if (call.principal.robot !== undefined) {
          throw new HarborError(412, "get current user not available for security context: robot");
        }
        return { status: 200, json: show(loggedIn(call)) };
      },
    },
    {
      method: "GET",
      path: "/users/current/permissions",
      handle: (call) => {
        loggedIn(call);
        const scope = call.query.get("scope") ?? "";
        if (/^\/(?:project\/\d+|system)?$/.test(scope)) {
          throw new HarborError(501, "stand-in: not implemented: permissions of the current user");
        }
        return { status: 200, json: [] };
      },
    },
    {
      method: "DELETE",
      path: "/users/{user_id}",
      handle: (call) => {
        const id = idParam(call, "user_id");
        systemAccess(call, "user:delete");
        if (accounts.byId(id) === undefined) throw new HarborError(404, `user ${id} not found`);
        removeWhere(store.state.users, (user) => user.id === id);
        return { status: 200 };
      },
    },
    {
      method: "PUT",
      path: "/users/{user_id}/password",
      handle: (call) => {
        const id = idParam(call, "user_id");
        const body = bodyOf(call, newPassword, "password", { "": "PasswordReq" });
        const caller = loggedIn(call);
        const user = accounts.byId(id);
        if (caller.id !== id) throw new HarborError(403, caller.username);
        if (user === undefined) throw new HarborError(404, `user ${id} not found`);
        accounts.changePassword(user, body.old_password ?? "", body.new_password ?? "");
        return { status: 200 };
      },
    },
  ];
}

function show(user: User): object {
  return {
    admin_role_in_auth: false,
    comment: user.comment,
    creation_time: user.created,
    realname: user.realname,
    sysadmin_flag: user.admin,
    update_time: user.updated,
    user_id: user.id,
    username: user.username,
  };
}
