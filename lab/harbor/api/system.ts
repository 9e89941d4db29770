/** `/ping`, `/health`, `/systeminfo`, `/statistics`. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { App } from "../app.ts";
import { HarborError } from "../harbor-error.ts";
import type { Route } from "./call.ts";
import { admin, loggedIn } from "./call.ts";
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
          auth_mode: "db_auth",
          banner_message: "",
          ...(call.principal.user === undefined ? {} : details(app)),
          oidc_provider_name: "",
          primary_auth_mode: false,
          self_registration: false,
        },
      }),
    },
    {
      method: "GET",
      path: "/systeminfo/volumes",
      handle: (call) => {
        admin(call);
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
        loggedIn(call);
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
    notification_enable: true,
    project_creation_restriction: "everyone",
    read_only: false,
    registry_storage_provider_name: "filesystem",
    registry_url: new URL(app.externalUrl).host,
  };
}

/** A component whose name stands on a line of the file `lab-down` in the data folder is shown as stopped. */
function health(app: App): object {
  const file = path.join(app.options.dataDir, "lab-down");
  const down = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const components = COMPONENTS.map((name) =>
    down.includes(name)
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
