/** Which projects a caller sees, and how a project is named in a path. */
import type { App } from "../app.ts";
import { HarborError } from "../harbor-error.ts";
import type { Project, User } from "../store.ts";
import type { Call } from "./call.ts";

export function isPublic(project: Project): boolean {
  return project.metadata["public"] === "true";
}

/** Whether the user has all rights on the project: the stand-in knows system and project admins only. */
export function isProjectAdmin(user: User | undefined, project: Project): boolean {
  return user !== undefined && (user.admin || user.id === project.ownerId);
}

export function canRead(user: User | undefined, project: Project): boolean {
  return isPublic(project) || isProjectAdmin(user, project);
}

export function visibleProjects(app: App, call: Call): Project[] {
  return app.store.state.projects.filter((project) => canRead(call.principal.user, project));
}

/** By id where the text is all digits and the header `X-Is-Resource-Name` is not given, else by name. */
export function findProject(app: App, call: Call, parameter = "project_name_or_id"): Project | undefined {
  const text = call.param(parameter);
  const byId = /^\d+$/.test(text) && call.header("x-is-resource-name") !== "true";
  return app.store.state.projects.find((project) =>
    byId ? project.id === Number(text) : project.name === text,
  );
}

/** A project for reading. Anonymous gets 401 for one that is private and for one that doesn't exist. */
export function readProject(app: App, call: Call): Project {
  const project = findProject(app, call);
  const { user } = call.principal;
  if (user === undefined && (project === undefined || !isPublic(project)))
    throw new HarborError(401, "unauthorized");
  if (project === undefined)
    throw new HarborError(404, `project ${call.param("project_name_or_id")} not found`);
  if (!canRead(user, project)) throw new HarborError(403, user?.username ?? "");
  return project;
}

/** A project for changing. */
export function writeProject(app: App, call: Call): Project {
  const { user } = call.principal;
  if (user === undefined) throw new HarborError(401, "unauthorized");
  const project = readProject(app, call);
  if (!isProjectAdmin(user, project)) throw new HarborError(403, user.username);
  return project;
}
