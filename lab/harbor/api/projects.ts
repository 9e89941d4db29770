/** `/projects`: ordinary and proxy-cache projects. */
import { z } from "zod";
import type { App } from "../app.ts";
import { PROXY_ADAPTERS } from "../endpoint-health.ts";
import type { Reply } from "../exchange.ts";
import { HarborError, internalError, invalid } from "../harbor-error.ts";
import type { Project } from "../store.ts";
import { NEVER, removeWhere } from "../store.ts";
import type { Call, Route } from "./call.ts";
import { authenticated, bodyOf, int64, maySystem } from "./call.ts";
import { fuzzy, listReply } from "./list.ts";
import { METADATA_KEYS, keptMetadata } from "./metadata.ts";
import { addMember, memberCounts } from "./members.ts";
import { findProject, isProjectAdmin, isPublic, projectAccess, visibleProjects } from "./project-access.ts";
import { limitProblem, quotaOf } from "./quotas.ts";
import { showWithoutCredential } from "./registries.ts";
import { addDefaultRetention, removeRetentionOf } from "./retentions.ts";

/** Owns the projects that robots make. */
const ADMIN_ID = 1;

const projectBody = z.object({
  project_name: z.string().nullish(),
  public: z.boolean().nullish(),
  registry_id: int64.nullish(),
  storage_limit: int64.nullish(),
  metadata: z.object(Object.fromEntries(METADATA_KEYS.map((key) => [key, z.string().nullish()]))).nullish(),
  cve_allowlist: z.object({ items: z.array(z.object({ cve_id: z.string() })).nullish() }).nullish(),
});
const MODELS = { "": "ProjectReq", metadata: "ProjectMetadata", cve_allowlist: "CVEAllowlist" };

const columns = {
  project_id: (project: Project) => project.id,
  name: (project: Project) => project.name,
  owner_id: (project: Project) => project.ownerId,
  registry_id: (project: Project) => project.registryId ?? 0,
  public: (project: Project) => String(isPublic(project)),
  creation_time: (project: Project) => project.created,
  update_time: (project: Project) => project.updated,
};

/** Adds a project with all that comes with one. The id is taken even where the name is refused. */
export function addProject(
  app: App,
  given: Pick<Project, "name" | "ownerId" | "metadata"> & { readonly registryId?: number },
  limit: number,
): Project {
  const { store } = app;
  const id = store.next("project");
  if (store.state.projects.some(({ name }) => name === given.name)) {
    throw new HarborError(409, `The project named ${given.name} already exists`);
  }
  const at = app.now();
  const retention =
    given.registryId === undefined ? {} : { retention_id: String(addDefaultRetention(app, id)) };
  const project: Project = {
    ...given,
    id,
    metadata: { ...given.metadata, ...retention },
    allowlist: { id: store.next("allowlist"), items: [] },
    blobs: {},
    created: at,
    updated: at,
  };
  store.state.projects.push(project);
  addMember(app, { projectId: id, kind: "u", entityId: given.ownerId, role: 1 });
  if (app.settings.quota_per_project_enable) {
    store.state.quotas.push({ id: store.next("quota"), projectId: id, limit, created: at, updated: at });
  }
  return project;
}

export function projectRoutes(app: App): Route[] {
  const { store } = app;
  const one = "/projects/{project_name_or_id}";

  const show = (call: Call) => (project: Project) => {
    const detailed = call.query.get("with_detail") !== "false";
    const { allowlist, registryId } = project;
    return {
      creation_time: project.created,
      ...roles(call, project),
      cve_allowlist: {
        creation_time: NEVER,
        ...(detailed
          ? { id: allowlist.id, items: allowlist.items, project_id: project.id }
          : { items: null }),
        update_time: NEVER,
      },
      ...(detailed ? { metadata: project.metadata } : {}),
      name: project.name,
      owner_id: project.ownerId,
      ...(detailed ? { owner_name: app.accounts.byId(project.ownerId)?.username ?? "" } : {}),
      project_id: project.id,
      ...(registryId === undefined ? {} : { registry_id: registryId }),
      repo_count: repositoryCount(project),
      update_time: project.updated,
    };
  };
  const repositoryCount = (project: Project): number =>
    store.state.repositories.filter(({ projectId }) => projectId === project.id).length;

  function list(call: Call): Reply {
    const wanted = {
      public: call.query.get("public"),
      owner: call.query.get("owner"),
      name: call.query.get("name"),
    };
    const owner = wanted.owner === null ? undefined : app.accounts.byName(wanted.owner)?.id;
    const projects = visibleProjects(app, call).filter(
      (project) =>
        (wanted.public === null || String(isPublic(project)) === wanted.public) &&
        (wanted.owner === null || project.ownerId === owner) &&
        fuzzy(project.name, wanted.name ?? ""),
    );
    return listReply(call, projects, columns, "name", show(call));
  }

  function head(call: Call): Reply {
    const name = call.query.get("project_name");
    if (name === null) throw invalid("project_name in query is required");
    authenticated(call);
    if (store.state.projects.some((project) => project.name === name)) return { status: 200 };
    throw new HarborError(404, `project ${name} not found`);
  }

  function create(call: Call): Reply {
    const body = parse(call);
    authenticated(call);
    const { user, robot } = call.principal;
    const name = body.project_name ?? "";
    const registryId = body.registry_id ?? undefined;
    const privileged = maySystem(call.principal, "project:create");
    if (robot?.level === "project") throw new HarborError(403, "Only system level robot can create project");
    if (app.settings.project_creation_restriction === "adminonly" && !privileged) {
      throw new HarborError(403, "Only system admin can create project");
    }
    if (registryId !== undefined && !privileged) {
      throw new HarborError(403, "Only system admin can create proxy cache project");
    }
    checkName(name);
    const limit = body.storage_limit ?? 0;
    const problem = limit === 0 ? undefined : limitProblem(limit);
    if (problem !== undefined) throw new HarborError(400, `bad request: ${problem}`);
    checkUpstream(registryId);
    const visible = body.metadata?.["public"] ?? String(body.public ?? false);
    if (!["true", "false"].includes(visible)) {
      throw new HarborError(400, `metadata.public should only be 'true' or 'false', but got: '${visible}'`);
    }
    const metadata = { ...keptMetadata(body.metadata ?? {}), public: visible };
    const made = addProject(
      app,
      { name, ownerId: user?.id ?? ADMIN_ID, metadata, ...(registryId === undefined ? {} : { registryId }) },
      limit === 0 ? app.settings.storage_per_project : limit,
    );
    const byName = call.header("x-resource-name-in-location") === "true";
    return { status: 201, headers: { Location: `/api/v2.0/projects/${byName ? made.name : made.id}` } };
  }

  function checkUpstream(registryId: number | undefined): void {
    if (registryId === undefined) return;
    if (registryId <= 0) {
      throw new HarborError(
        400,
        `bad request: ${registryId} is invalid value of registry_id, it should be geater than 0`,
      );
    }
    const registry = store.state.registries.find(({ id }) => id === registryId);
    if (registry === undefined) throw internalError();
    if (!PROXY_ADAPTERS.includes(registry.type)) {
      throw new HarborError(400, `bad request: unsupported registry type ${registry.type}`);
    }
  }

  // Name, registry, storage limit and top-level `public` are ignored: Harbor answers 200 all the same.
  function update(call: Call): Reply {
    const body = parse(call);
    const project = projectAccess(app, call, "project:update");
    project.metadata = { ...project.metadata, ...keptMetadata(body.metadata ?? {}) };
    if (body.cve_allowlist?.items) {
      project.allowlist.items = body.cve_allowlist.items;
      store.next("allowlist");
    }
    return { status: 200 };
  }

  function remove(call: Call): Reply {
    const project = projectAccess(app, call, "project:delete");
    if (repositoryCount(project) > 0) {
      throw new HarborError(
        412,
        "precondition failed: the project contains repositories, can not be deleted",
      );
    }
    removeWhere(store.state.projects, ({ id }) => id === project.id);
    removeRetentionOf(app, project.id);
    const { quotas, members, robots, immutableRules } = store.state;
    for (const table of [quotas, members, robots, immutableRules]) {
      removeWhere<{ projectId: number }>(table, ({ projectId }) => projectId === project.id);
    }
    // What a robot may do in a project hangs on its number: another one of this name is not meant.
    for (const robot of robots) {
      removeWhere(
        robot.permissions,
        ({ kind, namespace }) => kind === "project" && namespace === project.name,
      );
    }
    return { status: 200 };
  }

  function summary(call: Call): Reply {
    const project = projectAccess(app, call, "project:read");
    const quota = quotaOf(app, project.id);
    const registry = store.state.registries.find(({ id }) => id === project.registryId);
    return {
      status: 200,
      json: {
        ...memberCounts(app, project.id),
        ...(quota === undefined ? {} : { quota }),
        ...(registry === undefined ? {} : { registry: showWithoutCredential(registry) }),
        repo_count: repositoryCount(project),
      },
    };
  }

  return [
    { method: "GET", path: "/projects", handle: list },
    { method: "HEAD", path: "/projects", handle: head },
    { method: "POST", path: "/projects", handle: create },
    {
      method: "GET",
      path: one,
      handle: (call) => ({ status: 200, json: show(call)(projectAccess(app, call, "project:read")) }),
    },
    { method: "PUT", path: one, handle: update },
    { method: "DELETE", path: one, handle: remove },
    { method: "GET", path: `${one}/summary`, handle: summary },
    {
      method: "GET",
      path: `${one}/_deletable`,
      handle: (call) => ({
        status: 200,
        json:
          repositoryCount(projectAccess(app, call, "project:delete")) === 0
            ? { deletable: true }
            : { message: "the project contains repositories, can not be deleted" },
      }),
    },
    {
      // By name only: an id is not found.
      method: "GET",
      path: `${one}/logs`,
      handle: (call) => {
        authenticated(call);
        const name = call.param("project_name_or_id");
        if (findProject(app, { ...call, header: () => "true" }) === undefined) {
          throw new HarborError(404, `project ${name} not found`);
        }
        throw new HarborError(501, "stand-in: not implemented: audit logs");
      },
    },
  ];
}

function parse(call: Call): z.infer<typeof projectBody> {
  const body = bodyOf(call, projectBody, "project", MODELS);
  if ((body.project_name ?? "").length > 255) {
    throw invalid("validation failure list:\nproject_name in body should be at most 255 chars long");
  }
  return body;
}

function checkName(name: string): void {
  if (name === "") {
    throw new HarborError(400, "Project name  is illegal in length. (greater than 255 or less than 1)");
  }
  if (!/^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(name)) {
    throw new HarborError(400, "project name is not in lower case or contains illegal characters");
  }
}

function roles(call: Call, project: Project): object {
  return isProjectAdmin(call.principal.user, project)
    ? { current_user_role_id: 1, current_user_role_ids: [1] }
    : { current_user_role_ids: null };
}
