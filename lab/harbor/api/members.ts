/** `/projects/{p}/members`: users and groups of a project, by role. */
import { z } from "zod";
import type { App } from "../app.ts";
import type { Reply } from "../exchange.ts";
import { HarborError, internalError } from "../harbor-error.ts";
import type { Member } from "../store.ts";
import { removeWhere } from "../store.ts";
import type { Call, Route } from "./call.ts";
import { bodyOf, idParam, int64 } from "./call.ts";
import { listReply } from "./list.ts";
import { projectAccess } from "./project-access.ts";
import { OIDC_GROUP, addGroup } from "./user-groups.ts";

const ROLES: Readonly<Record<number, string>> = {
  1: "projectAdmin",
  2: "developer",
  3: "guest",
  4: "maintainer",
  5: "limitedGuest",
};
const COUNTS: Readonly<Record<number, string>> = {
  1: "project_admin_count",
  2: "developer_count",
  3: "guest_count",
  4: "maintainer_count",
  5: "limited_guest_count",
};

const newMember = z.object({
  role_id: int64.nullish(),
  member_user: z.object({ user_id: int64.nullish(), username: z.string().nullish() }).nullish(),
  member_group: z
    .object({ id: int64.nullish(), group_name: z.string().nullish(), group_type: int64.nullish() })
    .nullish(),
});
const newRole = z.object({ role_id: int64.nullish() });

export function addMember(app: App, given: Omit<Member, "id">): Member {
  const member = { ...given, id: app.store.next("member") };
  app.state.members.push(member);
  return member;
}

/** How many members of each role, as a project's summary says it. */
export function memberCounts(app: App, projectId: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const member of app.state.members.filter((one) => one.projectId === projectId)) {
    const key = COUNTS[member.role];
    if (key !== undefined) counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

export function memberRoutes(app: App): Route[] {
  const all = "/projects/{project_name_or_id}/members";
  const one = `${all}/{mid}`;

  const nameOf = ({ kind, entityId }: Member): string =>
    kind === "u"
      ? (app.accounts.byId(entityId)?.username ?? "")
      : (app.state.userGroups.find(({ id }) => id === entityId)?.name ?? "");
  const show = (member: Member): object => ({
    entity_id: member.entityId,
    entity_name: nameOf(member),
    entity_type: member.kind,
    id: member.id,
    project_id: member.projectId,
    role_id: member.role,
    role_name: ROLES[member.role] ?? "",
  });

  function list(call: Call): Reply {
    const project = projectAccess(app, call, "member:list");
    const name = call.query.get("entityname") ?? "";
    const members = app.state.members.filter(({ projectId }) => projectId === project.id);
    const reply = listReply(call, members, { entity_name: nameOf }, "entity_name", (member) => member);
    // The total counts all members, whatever the name asked for.
    const page = z.array(z.custom<Member>()).parse(reply.json);
    return { ...reply, json: page.filter((member) => name === "" || nameOf(member) === name).map(show) };
  }

  function create(call: Call): Reply {
    const body = bodyOf(call, newMember, "project_member", { "": "ProjectMember" });
    const project = projectAccess(app, call, "member:create");
    const entity = entityOf(body);
    const role = body.role_id ?? 0;
    if (ROLES[role] === undefined) {
      if (entity.made) removeWhere(app.state.userGroups, ({ id }) => id === entity.entityId);
      throw new HarborError(400, "Failed to update project member, role is not in 1,2,3");
    }
    const { kind, entityId } = entity;
    const known = app.state.members.some(
      (member) => member.projectId === project.id && member.kind === kind && member.entityId === entityId,
    );
    if (known) throw new HarborError(409, "The project member specified already exist");
    const { id } = addMember(app, { projectId: project.id, kind, entityId, role });
    const location = `/api/v2.0/projects/${call.param("project_name_or_id")}/members/${id}`;
    return { status: 201, headers: { Location: location } };
  }

  /** A group that isn't known is made, under OIDC only. */
  function entityOf({ member_user: user, member_group: group }: z.infer<typeof newMember>): {
    readonly kind: Member["kind"];
    readonly entityId: number;
    readonly made: boolean;
  } {
    if (group) {
      const id = group.id ?? 0;
      const name = group.group_name ?? "";
      const known = app.state.userGroups.find((one) =>
        id > 0 ? one.id === id : one.name === name && one.type === OIDC_GROUP,
      );
      if (known !== undefined) return { kind: "g", entityId: known.id, made: false };
      if (id > 0) throw new HarborError(400, `Group ${id} not found`);
      if (name === "") throw internalError();
      if (app.settings.auth_mode !== "oidc_auth") {
        throw new HarborError(404, `${name} not found: not supported`);
      }
      return { kind: "g", entityId: addGroup(app, { name, type: OIDC_GROUP, ldapDn: "" }).id, made: true };
    }
    const name = user?.username ?? "";
    const found = app.accounts.byId(user?.user_id ?? 0) ?? app.accounts.byName(name);
    if (found !== undefined) return { kind: "u", entityId: found.id, made: false };
    throw name === "" ? internalError() : new HarborError(404, `${name} not found: not supported`);
  }

  const find = (projectId: number, mid: number): Member | undefined =>
    app.state.members.find((member) => member.projectId === projectId && member.id === mid);

  return [
    { method: "GET", path: all, handle: list },
    { method: "POST", path: all, handle: create },
    {
      method: "GET",
      path: one,
      handle: (call) => {
        const mid = idParam(call, "mid");
        const member = find(projectAccess(app, call, "member:read").id, mid);
        if (member === undefined) throw new HarborError(404, `the project member ${mid} not found`);
        return { status: 200, json: show(member) };
      },
    },
    // One that isn't there is no error here and below, nor is a role that isn't one.
    {
      method: "PUT",
      path: one,
      handle: (call) => {
        const mid = idParam(call, "mid");
        const { role_id: role } = bodyOf(call, newRole, "role", { "": "RoleRequest" });
        const member = find(projectAccess(app, call, "member:update").id, mid);
        if (member !== undefined) member.role = role ?? 0;
        return { status: 200 };
      },
    },
    {
      method: "DELETE",
      path: one,
      handle: (call) => {
        const mid = idParam(call, "mid");
        const { id } = projectAccess(app, call, "member:delete");
        removeWhere(app.state.members, (member) => member.projectId === id && member.id === mid);
        return { status: 200 };
      },
    },
  ];
}
