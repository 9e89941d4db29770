/** `/usergroups`: groups of OIDC, LDAP or an HTTP proxy, by name. */
import { z } from "zod";
import type { App } from "../app.ts";
import { HarborError } from "../harbor-error.ts";
import type { UserGroup } from "../store.ts";
import { removeWhere } from "../store.ts";
import type { Call, Route } from "./call.ts";
import { authenticated, bodyOf, idParam, int64, systemAccess } from "./call.ts";
import { fuzzy, listReply } from "./list.ts";

export const OIDC_GROUP = 3;

const groupBody = z.object({
  group_name: z.string().nullish(),
  group_type: int64.nullish(),
  ldap_group_dn: z.string().nullish(),
});
const columns = { id: (group: UserGroup) => group.id, group_name: (group: UserGroup) => group.name };

export function addGroup(app: App, given: Omit<UserGroup, "id">): UserGroup {
  const group = { ...given, id: app.store.next("userGroup") };
  app.state.userGroups.push(group);
  return group;
}

export function userGroupRoutes(app: App): Route[] {
  const { userGroups } = app.state;
  const find = (id: number): UserGroup => {
    const group = userGroups.find((one) => one.id === id);
    if (group === undefined) throw new HarborError(404, `the user group with id ${id} is not found`);
    return group;
  };
  const list = (call: Call, name: string) =>
    listReply(
      call,
      userGroups.filter((group) => fuzzy(group.name, name)),
      columns,
      "id",
      (group) => ({ ...show(group), id: group.id }),
    );
  return [
    {
      method: "GET",
      path: "/usergroups",
      handle: (call) => {
        systemAccess(call, "user-group:list");
        return list(call, call.query.get("group_name") ?? "");
      },
    },
    {
      method: "GET",
      path: "/usergroups/search",
      handle: (call) => {
        authenticated(call);
        return list(call, call.query.get("groupname") ?? "");
      },
    },
    {
      method: "POST",
      path: "/usergroups",
      handle: (call) => {
        const body = bodyOf(call, groupBody, "usergroup", { "": "UserGroup" });
        systemAccess(call, "user-group:create");
        const given = {
          name: body.group_name ?? "",
          type: body.group_type ?? 0,
          ldapDn: body.ldap_group_dn ?? "",
        };
        if (userGroups.some(({ name, type }) => name === given.name && type === given.type)) {
          throw new HarborError(
            409,
            `duplicate user group, group name:${given.name}, group type: ${given.type}, ldap group DN: ${given.ldapDn}`,
          );
        }
        const { id } = addGroup(app, given);
        return { status: 201, headers: { Location: `/api/v2.0/usergroups/${id}` } };
      },
    },
    {
      method: "GET",
      path: "/usergroups/{group_id}",
      handle: (call) => {
        const id = idParam(call, "group_id");
        systemAccess(call, "user-group:read");
        return { status: 200, json: show(find(id)) };
      },
    },
    {
      method: "PUT",
      path: "/usergroups/{group_id}",
      handle: (call) => {
        const id = idParam(call, "group_id");
        const body = bodyOf(call, groupBody, "usergroup", { "": "UserGroup" });
        systemAccess(call, "user-group:update");
        find(id).name = body.group_name ?? "";
        return { status: 200 };
      },
    },
    {
      method: "DELETE",
      path: "/usergroups/{group_id}",
      handle: (call) => {
        const id = idParam(call, "group_id");
        systemAccess(call, "user-group:delete");
        find(id);
        removeWhere(userGroups, (group) => group.id === id);
        removeWhere(app.state.members, ({ kind, entityId }) => kind === "g" && entityId === id);
        return { status: 200 };
      },
    },
  ];
}

function show({ name, type, ldapDn }: UserGroup): object {
  return { group_name: name, group_type: type, ...(ldapDn === "" ? {} : { ldap_group_dn: ldapDn }) };
}
