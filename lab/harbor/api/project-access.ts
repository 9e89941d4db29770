/** Which projects a caller sees, what it may do there, and how a project is named in a path. */
import type { App } from "../app.ts";
import type { Principal } from "../exchange.ts";
import { HarborError } from "../harbor-error.ts";
import { robotMay } from "../robots.ts";
import type { Project, User } from "../store.ts";
import type { Call, Permission } from "./call.ts";
import { authenticated, forbidden, maySystem } from "./call.ts";

/** What anyone may do in a public project. */
const PUBLIC: ReadonlySet<Permission> = new Set([
  "project:read",
  "metadata:list",
  "metadata:read",
  "repository:list",
  "repository:read",
  "repository:pull",
  "artifact:list",
  "artifact:read",
] as const);

export function isPublic(project: Project): boolean {
  return project.metadata["public"] === "true";
}

/** Whether the user has all rights on the project: the stand-in knows system and project admins only. */
export function isProjectAdmin(user: User | undefined, project: Project): boolean {
  return user !== undefined && (user.admin || user.id === project.ownerId);
}

export function mayInProject({ user, robot }: Principal, project: Project, permission: Permission): boolean {
  return (
    (isPublic(project) && PUBLIC.has(permission)) ||
    isProjectAdmin(user, project) ||
    (robot !== undefined && robotMay(robot, "project", project.name, permission))
  );
}

export function visibleProjects(app: App, { principal }: Call): Project[] {
  const { user, robot } = principal;
  const named = new Set(
    robot?.permissions.flatMap(({ kind, namespace }) => (kind === "project" ? [namespace] : [])),
  );
  const sees = (project: Project): boolean =>
    isPublic(project) || isProjectAdmin(user, project) || named.has("*") || named.has(project.name);
  return app.store.state.projects.filter(
    (project) => sees(project) || (robot !== undefined && maySystem(principal, "project:list")),
  );
}

/** By id where the text is all digits and the header `X-Is-Resource-Name` is not given, else by name. */
export function findProject(app: App, call: Call, parameter = "project_name_or_id"): Project | undefined {
  const text = call.param(parameter);
  const byId = isById(call, parameter);
  return app.store.state.projects.find((project) =>
    byId ? project.id === Number(text) : project.name === text,
  );
}

function isById(call: Call, parameter: string): boolean {
  return /^\d+$/.test(call.param(parameter)) && call.header("x-is-resource-name") !== "true";
}

/**
 * The permission alone: throws 401 or 403 where it lacks, 404 for an unknown name. Some of Harbor's handlers ask no
 * more, so with an id the project may be missing. Anonymous gets 401 for a private one and for one that doesn't exist.
 */
export function projectPermission(
  app: App,
  call: Call,
  permission: Permission,
  parameter = "project_name_or_id",
): Project | undefined {
  const project = findProject(app, call, parameter);
  if (project === undefined && !isById(call, parameter)) {
    authenticated(call);
    throw notFound(call, parameter);
  }
  return permitted(call, project, permission);
}

/** As `projectPermission`, for a project that something else than the path names. */
export function permitted(
  call: Call,
  project: Project | undefined,
  permission: Permission,
): Project | undefined {
  if (project !== undefined && mayInProject(call.principal, project, permission)) return project;
  authenticated(call);
  const { user, robot } = call.principal;
  const everywhere =
    user?.admin === true || (robot !== undefined && robotMay(robot, "project", "*", permission));
  if (project === undefined && everywhere) return undefined;
  throw forbidden(call);
}

/** The project's id; who has the permission everywhere is believed, even where there is no such project. */
export function projectIdFor(app: App, call: Call, permission: Permission): number {
  return projectPermission(app, call, permission)?.id ?? Number(call.param("project_name_or_id"));
}

/** The project, where the caller has the permission on it. */
export function projectAccess(
  app: App,
  call: Call,
  permission: Permission,
  parameter = "project_name_or_id",
): Project {
  const project = projectPermission(app, call, permission, parameter);
  if (project === undefined) throw notFound(call, parameter);
  return project;
}

function notFound(call: Call, parameter: string): HarborError {
  return new HarborError(404, `project ${call.param(parameter)} not found`);
}
