/** `/ping`, `/health`, `/systeminfo`, `/statistics`. */
import type { App } from "../app.ts";
import { HarborError } from "../harbor-error.ts";
import type { Route } from "./call.ts";
import { authenticated, systemAccess } from "./call.ts";
import { visibleProjects } from "./project-access.ts";

export const VERSION = "v2.15.2-080b0220";
const COMPONENTS = ["core", "database", "jobservice", "portal", "redis", "registry", "registryctl"];

export function systemRoutes(app: App): Route[] {
  return [
    { method: "GET", path: "/ping", handle: () => ({ status: 200, json: "Pong" }) },
    { method: "GET", path: "/health", handle: () => ({ status: 200, json: health(app) }) },
    {
      method: "GET",
      path: "/systeminfo",
      handle: (call) => ({
        status: 200,
        json: {
          auth_mode: app.settings.auth_mode,
          banner_message: app.settings.banner_message,
          ...(call.principal.name === undefined ? {} : details(app)),
          oidc_provider_name: app.settings.auth_mode === "oidc_auth" ? app.settings.oidc_name : "",
          primary_auth_mode: app.settings.primary_auth_mode,
          self_registration: app.settings.self_registration,
        },
      }),
    },
    {
      method: "GET",
      path: "/systeminfo/volumes",
      handle: (call) => {
        systemAccess(call, "system-volumes:read");
        return { status: 200, json: { storage: [{}] } };
      },
    },
    {
      method: "GET",
      path: "/systeminfo/getcert",
      handle: () => {
        throw new HarborError(404, "resource not found: cert not found in path: /etc/core/ca/ca.crt");
      },
    },
    {
      method: "GET",
      path: "/statistics",
      handle: (call) => {
        authenticated(call);
        return { status: 200, json: statistics(app, visibleProjects(app, call)) };
      },
    },
  ];
}

function details(app: App): object {
  return {
    current_time: app.now(),
    external_url: app.externalUrl,
    harbor_version: VERSION,
    has_ca_root: false,
    notification_enable: app.settings.notification_enable,
    project_creation_restriction: app.settings.project_creation_restriction,
    read_only: app.settings.read_only,
    registry_storage_provider_name: "filesystem",
    registry_url: new URL(app.externalUrl).host,
  };
}

function health(app: App): object {
  const components = COMPONENTS.map((name) =>
    app.isDown(name)
      ? {
          error: `failed to check health: Get "http://${name}:8080": connection refused`,
          name,
          status: "unhealthy",
        }
      : { name, status: "healthy" },
  );
  return {
    components,
    status: components.some(({ status }) => status !== "healthy") ? "unhealthy" : "healthy",
  };
}

function statistics(app: App, projects: App["store"]["state"]["projects"]): object {
  const { repositories } = app.store.state;
  const isPublic = (project: (typeof projects)[number]): boolean => project.metadata["public"] === "true";
  const repositoriesOf = (wanted: boolean): number =>
    repositories.filter(({ projectId }) =>
      projects.some((project) => project.id === projectId && isPublic(project) === wanted),
    ).length;
  const publicProjects = projects.filter(isPublic).length;
  return {
    private_project_count: projects.length - publicProjects,
    private_repo_count: repositoriesOf(false),
    public_project_count: publicProjects,
    public_repo_count: repositoriesOf(true),
    total_project_count: projects.length,
    total_repo_count: repositoriesOf(true) + repositoriesOf(false),
    total_storage_consumption: projects
      .flatMap(({ blobs }) => Object.values(blobs))
      .reduce((total, size) => total + size, 0),
  };
}
