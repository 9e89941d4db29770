/** `/v2/`: the registry that clients pull from. */
import { isDigest } from "../../upstream/blob-store.ts";
import { mayInProject } from "../api/project-access.ts";
import type { App } from "../app.ts";
import { Artifacts } from "../artifacts.ts";
import type { Exchange } from "../exchange.ts";
import { HarborError } from "../harbor-error.ts";
import type { Project } from "../store.ts";
import { Proxy } from "./proxy.ts";
import { serveLocalBlob, serveLocalManifest } from "./serve-local.ts";

const API_VERSION = { "Docker-Distribution-Api-Version": "registry/2.0" };
const JSON_TYPE = { "Content-Type": "application/json; charset=utf-8" };

type Kind = "manifests" | "blobs" | "tags" | "uploads";

interface Target {
  readonly kind: Kind;
  /** With the project's name. */
  readonly repository: string;
  readonly reference: string;
}

export class RegistryApi {
  readonly #app: App;
  readonly #artifacts: Artifacts;
  readonly #proxy: Proxy;

  constructor(app: App) {
    this.#app = app;
    this.#artifacts = new Artifacts(app);
    this.#proxy = new Proxy(app);
  }

  close(): void {
    this.#proxy.caching.close();
  }

  async handle(exchange: Exchange): Promise<void> {
    if (exchange.path === "/v2/" || exchange.path === "/v2") {
      if (exchange.principal.name === undefined && exchange.principal.tokenAccess === undefined) {
        throw this.#refuse(exchange, "unauthorized", "");
      }
      exchange.send({ status: 200, json: {}, headers: { ...API_VERSION, ...JSON_TYPE } });
      return;
    }
    if (exchange.path === "/v2/_catalog") {
      this.#catalog(exchange);
      return;
    }
    const target = parse(exchange.path);
    if (target === undefined) throw new HarborError(404, "page not found", { code: "NOT_FOUND" });
    const { state } = this.#app.store;
    const projectName = target.repository.split("/", 1)[0] ?? "";
    const project = state.projects.find(({ name }) => name === projectName);
    if (project === undefined) {
      throw unauthorized(`project ${projectName} not found`, "");
    }
    const reads = exchange.method === "GET" || exchange.method === "HEAD";
    this.#authorize(
      exchange,
      project,
      target,
      reads ? "pull" : exchange.method === "DELETE" ? "delete" : "push",
    );
    const type = state.registries.find(({ id }) => id === project.registryId)?.type;
    const oneName = target.repository.split("/").length === 2;
    if (reads && type === "docker-hub" && oneName && target.kind !== "tags") {
      redirectToLibrary(exchange, project, target);
    } else if (reads) await this.#read(exchange, project, target);
    else this.#write(exchange, project, target);
  }

  async #read(exchange: Exchange, project: Project, { kind, repository, reference }: Target): Promise<void> {
    const cached = project.registryId !== undefined;
    if (kind === "tags") {
      const tags = await this.#proxy.tags(project, repository);
      if (tags.length === 0) throw new HarborError(404, `repository ${repository} not found`);
      exchange.send({ status: 200, json: { name: repository, tags }, headers: JSON_TYPE });
    } else if (kind === "manifests") {
      if (cached) await this.#proxy.manifest(exchange, project, repository, reference);
      else serveLocalManifest(this.#app, this.#artifacts, exchange, repository, reference);
    } else if (kind === "blobs" && isDigest(reference)) {
      if (cached) await this.#proxy.blob(exchange, project, repository, reference);
      else await serveLocalBlob(this.#app, project, exchange, reference);
    } else
      throw new HarborError(400, "provided digest did not match uploaded content", {
        code: "DIGEST_INVALID",
      });
  }

  #write(exchange: Exchange, project: Project, { kind, repository, reference }: Target): void {
    if (exchange.method === "DELETE" && kind === "manifests") {
      const known = this.#artifacts.repository(repository);
      const found = known && this.#artifacts.find(known, reference);
      if (found === undefined) throw new HarborError(404, `artifact ${repository}@${reference} not found`);
      this.#artifacts.remove(project, found.artifact);
      this.#app.store.save();
      exchange.send({ status: 202 });
      return;
    }
    if (project.registryId !== undefined) {
      throw new HarborError(403, `denied: can not push artifact to a proxy project: ${project.name}`, {
        code: "DENIED",
      });
    }
    throw new HarborError(501, "stand-in: not implemented: pushing to a project");
  }

  #authorize(exchange: Exchange, project: Project, { repository }: Target, action: string): void {
    const { name, tokenAccess } = exchange.principal;
    const allowed =
      tokenAccess === undefined
        ? name !== undefined && mayInProject(exchange.principal, project, `repository:${action}`)
        : tokenAccess.get(project.name)?.has(action);
    if (allowed === true) return;
    const scope = `,scope="repository:${repository}:${action === "push" ? "pull,push" : action}"`;
    const message =
      exchange.header("authorization") === undefined
        ? "authorize header needed to send HEAD to repository"
        : `unauthorized to access repository: ${repository}, action: ${action}`;
    throw this.#refuse(exchange, message, scope);
  }

  #catalog(exchange: Exchange): void {
    if (exchange.principal.user?.admin !== true) {
      throw this.#refuse(exchange, "unauthorized to list catalog", ',scope="registry:catalog:*"');
    }
    const repositories = this.#app.store.state.repositories.map(({ name }) => name).sort();
    exchange.send({ status: 200, json: { repositories }, headers: JSON_TYPE });
  }

  /** A client that sent nothing is told where to get a token; one that did, to log in. */
  #refuse(exchange: Exchange, message: string, scope: string): HarborError {
    const realm = `${this.#app.externalUrl}/service/token`;
    const challenge =
      exchange.header("authorization") === undefined
        ? `Bearer realm="${realm}",service="harbor-registry"${scope}`
        : 'Basic realm="harbor"';
    return unauthorized(message, challenge);
  }
}

function unauthorized(message: string, challenge: string): HarborError {
  return new HarborError(401, `${message}: ${message}`, {
    headers: { ...API_VERSION, "Www-Authenticate": challenge },
  });
}

function parse(path: string): Target | undefined {
  const [, repository, kind, rest = ""] = /^\/v2\/(.+?\/.+)\/(manifests|blobs|tags)\/(.+)$/.exec(path) ?? [];
  if (repository === undefined) return undefined;
  if (kind === "manifests") return { kind, repository, reference: decodeURIComponent(rest) };
  if (kind === "tags") return rest === "list" ? { kind, repository, reference: "" } : undefined;
  const upload = rest.startsWith("uploads/");
  return { kind: upload ? "uploads" : "blobs", repository, reference: rest };
}

function redirectToLibrary(
  exchange: Exchange,
  project: Project,
  { kind, repository, reference }: Target,
): void {
  const image = repository.slice(project.name.length + 1);
  const location = `/v2/${project.name}/library/${image}/${kind}/${reference}`;
  exchange.text(301, "text/html; charset=utf-8", `<a href="${location}">Moved Permanently</a>.\n\n`, {
    Location: location,
  });
}
