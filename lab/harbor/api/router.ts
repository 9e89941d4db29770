/** Finds the route of a call and checks what go-swagger checks before a handler runs. */
import type { App } from "../app.ts";
import type { Exchange, Reply } from "../exchange.ts";
import { HarborError, invalid } from "../harbor-error.ts";
import type { Call, Route } from "./call.ts";
import { immutableRuleRoutes } from "./immutable-rules.ts";
import { labelRoutes } from "./labels.ts";
import { maintenanceRoutes } from "./maintenance.ts";
import { replicationExecutionRoutes } from "./replication-executions.ts";
import { replicationRoutes } from "./replication.ts";
import { retentionRoutes } from "./retentions.ts";
import { scanningRoutes } from "./scanning.ts";
import { webhookRoutes } from "./webhooks.ts";
import { configurationRoutes } from "./configurations.ts";
import { later, laterRoutes } from "./later.ts";
import { memberRoutes } from "./members.ts";
import { metadataRoutes } from "./metadata.ts";
import { oidcRoutes } from "./oidc.ts";
import { permissionRoutes } from "./permissions.ts";
import { projectRoutes } from "./projects.ts";
import { quotaRoutes } from "./quotas.ts";
import { registryRoutes } from "./registries.ts";
import { repositoryRoutes } from "./repositories.ts";
import { robotRoutes } from "./robots.ts";
import { systemRoutes } from "./system.ts";
import { userGroupRoutes } from "./user-groups.ts";
import { userRoutes } from "./users.ts";

const PREFIX = "/api/v2.0";

export class Router {
  readonly #routes: readonly (Route & { readonly segments: readonly string[] })[];

  constructor(app: App) {
    const areas = [
      systemRoutes,
      configurationRoutes,
      oidcRoutes,
      permissionRoutes,
      userRoutes,
      userGroupRoutes,
      robotRoutes,
      memberRoutes,
      registryRoutes,
      projectRoutes,
      metadataRoutes,
      quotaRoutes,
      repositoryRoutes,
      retentionRoutes,
      immutableRuleRoutes,
      labelRoutes,
      replicationRoutes,
      replicationExecutionRoutes,
      webhookRoutes,
      maintenanceRoutes,
      scanningRoutes,
      laterRoutes,
    ];
    this.#routes = areas
      .flatMap((area) => area(app))
      .map((route) => ({ ...route, segments: route.path.split("/") }));
  }

  async handle(exchange: Exchange, body: string): Promise<Reply> {
    const path = exchange.path.slice(PREFIX.length);
    const found = this.#routes.flatMap((route) => {
      const parameters = match(route.segments, path.split("/"));
      return parameters === undefined ? [] : [{ route, parameters }];
    });
    // A literal path goes before one with a parameter: /registries/ping before /registries/{id}.
    const fewest = Math.min(...found.map(({ parameters }) => parameters.size));
    const candidates = found.filter(({ parameters }) => parameters.size === fewest);
    const chosen = candidates.find(({ route }) => route.method === exchange.method);
    const call: Call = {
      principal: exchange.principal,
      query: exchange.query,
      path,
      body,
      header: (name) => exchange.header(name),
      param: (name) => chosen?.parameters.get(name) ?? "",
    };
    if (chosen !== undefined) {
      checkMediaTypes(exchange, body);
      return chosen.route.handle(call);
    }
    if (candidates.length > 0) {
      const allowed = candidates.map(({ route }) => route.method).join(",");
      throw new HarborError(405, `method ${exchange.method} is not allowed, but [${allowed}] are`);
    }
    later(call, exchange.method);
    throw new HarborError(404, `path ${exchange.path} was not found`);
  }
}

function match(pattern: readonly string[], path: readonly string[]): ReadonlyMap<string, string> | undefined {
  if (pattern.length !== path.length) return undefined;
  const parameters = new Map<string, string>();
  for (const [position, segment] of pattern.entries()) {
    const given = path[position] ?? "";
    if (segment.startsWith("{")) {
      if (given === "") return undefined;
      parameters.set(segment.slice(1, -1), decode(given));
    } else if (segment !== given) return undefined;
  }
  return parameters;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new HarborError(400, `bad escape in the path: ${segment}`);
  }
}

function checkMediaTypes(exchange: Exchange, body: string): void {
  const accepted = (exchange.header("accept") ?? "*/*")
    .split(",")
    .map((type) => type.split(";", 1)[0]?.trim() ?? "");
  if (!accepted.some((type) => ["*/*", "application/*", "application/json"].includes(type))) {
    throw invalid("unsupported media type requested, only [application/json] are available");
  }
  const sent = exchange.header("content-type") ?? "application/octet-stream";
  if (body !== "" && sent.split(";", 1)[0]?.trim() !== "application/json") {
    throw invalid(`unsupported media type ${JSON.stringify(sent)}, only [application/json] are allowed`);
  }
}
