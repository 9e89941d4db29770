/** `/projects/{p}/repositories` and their artifacts. */
import { z } from "zod";
import type { App } from "../app.ts";
import { Artifacts, parseManifest } from "../artifacts.ts";
import { HarborError } from "../harbor-error.ts";
import type { Artifact, Project, Repository } from "../store.ts";
import type { Call, Route } from "./call.ts";
import { listReply } from "./list.ts";
import { projectAccess } from "./project-access.ts";

const ICON = "sha256:0048162a053eef4d4ce3fe7518615bef084403614f8bca43b40ae2e762e11e06";
const imageConfig = z.looseObject({
  architecture: z.string().optional(),
  author: z.string().optional(),
  config: z.unknown(),
  created: z.string().optional(),
  os: z.string().optional(),
});

const columns = {
  id: (repository: Repository) => repository.id,
  name: (repository: Repository) => repository.name,
  creation_time: (repository: Repository) => repository.created,
  update_time: (repository: Repository) => repository.updated,
};

const artifactColumns = {
  id: (artifact: Artifact) => artifact.id,
  digest: (artifact: Artifact) => artifact.digest,
  push_time: (artifact: Artifact) => artifact.pushed,
  pull_time: (artifact: Artifact) => artifact.pulled,
  size: (artifact: Artifact) => artifact.size,
};

export function repositoryRoutes(app: App): Route[] {
  const { state } = app.store;
  const artifacts = new Artifacts(app);
  const repositories = "/projects/{project_name}/repositories";
  const one = `${repositories}/{repository_name}`;

  // These routes take the project's name only, and a slash in a repository's name escaped once or twice.
  const named = (call: Call): Call => ({
    ...call,
    header: (name) => (name === "x-is-resource-name" ? "true" : call.header(name)),
    param: (name) => call.param(name === "project_name_or_id" ? "project_name" : name),
  });
  const repositoryOf = (call: Call, project: Project): Repository => {
    const name = `${project.name}/${decodeURIComponent(call.param("repository_name"))}`;
    const repository = artifacts.repository(name);
    if (repository === undefined) throw new HarborError(404, `repository ${name} not found`);
    return repository;
  };
  const artifactOf = (call: Call, repository: Repository): Artifact => {
    const reference = call.param("reference");
    const found = artifacts.find(repository, reference);
    if (found === undefined) {
      const separator = reference.includes(":") ? "@" : ":";
      throw new HarborError(404, `artifact ${repository.name}${separator}${reference} not found`);
    }
    return found.artifact;
  };
  const showRepository = (repository: Repository): object => ({
    artifact_count: artifacts.listed(repository).length,
    creation_time: repository.created,
    id: repository.id,
    name: repository.name,
    project_id: repository.projectId,
    pull_count: repository.pullCount,
    update_time: repository.updated,
  });

  return [
    {
      method: "GET",
      path: repositories,
      handle: (call) => {
        const project = projectAccess(app, named(call), "repository:list");
        const own = state.repositories.filter(({ projectId }) => projectId === project.id);
        return listReply(call, own, columns, "-creation_time", showRepository);
      },
    },
    {
      method: "GET",
      path: one,
      handle: (call) => ({
        status: 200,
        json: showRepository(repositoryOf(call, projectAccess(app, named(call), "repository:read"))),
      }),
    },
    {
      method: "DELETE",
      path: one,
      handle: (call) => {
        const project = projectAccess(app, named(call), "repository:delete");
        artifacts.removeRepository(project, repositoryOf(call, project));
        return { status: 200 };
      },
    },
    {
      method: "GET",
      path: `${one}/artifacts`,
      handle: (call) => {
        const project = projectAccess(app, named(call), "artifact:list");
        const name = `${project.name}/${decodeURIComponent(call.param("repository_name"))}`;
        const repository = artifacts.repository(name);
        const listed = repository === undefined ? [] : artifacts.listed(repository);
        return listReply(call, listed, artifactColumns, "-push_time", (artifact) => show(app, artifact));
      },
    },
    {
      method: "GET",
      path: `${one}/artifacts/{reference}`,
      handle: (call) => {
        const repository = repositoryOf(call, projectAccess(app, named(call), "artifact:read"));
        return { status: 200, json: show(app, artifactOf(call, repository)) };
      },
    },
    {
      method: "DELETE",
      path: `${one}/artifacts/{reference}`,
      handle: (call) => {
        const project = projectAccess(app, named(call), "artifact:delete");
        artifacts.remove(project, artifactOf(call, repositoryOf(call, project)));
        return { status: 200 };
      },
    },
    {
      method: "GET",
      path: "/projects/{project_name_or_id}/artifacts",
      handle: (call) => {
        const { id } = projectAccess(app, call, "artifact:list");
        const own = state.artifacts.filter(({ projectId }) => projectId === id);
        return listReply(call, own, artifactColumns, "-push_time", (artifact) => show(app, artifact));
      },
    },
  ];
}

function show(app: App, artifact: Artifact): object {
  const { artifacts, repositories, tags } = app.store.state;
  const manifest = parseManifest(app.blobs.read(artifact.digest));
  const repositoryName = repositories.find(({ id }) => id === artifact.repositoryId)?.name ?? "";
  const configType = manifest.config?.mediaType ?? "";
  const [projectName = "", ...rest] = repositoryName.split("/");
  const escaped = encodeURIComponent(encodeURIComponent(rest.join("/")));
  const href = `/api/v2.0/projects/${projectName}/repositories/${escaped}/artifacts/${artifact.digest}`;
  const image =
    manifest.config === undefined
      ? {}
      : {
          addition_links: { build_history: { absolute: false, href: `${href}/additions/build_history` } },
          artifact_type: configType,
          extra_attrs: attributes(app.blobs.read(manifest.config.digest)),
        };
  const own = tags.filter(({ artifactId }) => artifactId === artifact.id);
  const references = (manifest.manifests ?? []).map((child) => ({
    child_digest: child.digest,
    child_id: artifacts.find(
      ({ repositoryId, digest }) => repositoryId === artifact.repositoryId && digest === child.digest,
    )?.id,
    parent_id: artifact.id,
    platform: { OsFeatures: null, ...child.platform },
    urls: null,
  }));
  return {
    accessories: null,
    ...image,
    digest: artifact.digest,
    icon: ICON,
    id: artifact.id,
    labels: null,
    manifest_media_type: artifact.mediaType,
    media_type: manifest.config === undefined ? artifact.mediaType : configType,
    project_id: artifact.projectId,
    pull_time: artifact.pulled,
    push_time: artifact.pushed,
    references: references.length === 0 ? null : references,
    repository_id: artifact.repositoryId,
    repository_name: repositoryName,
    size: artifact.size,
    tags: own.length === 0 ? null : own.map((tag) => showTag(tag)),
    type: "IMAGE",
  };
}

function showTag(tag: App["store"]["state"]["tags"][number]): object {
  return {
    artifact_id: tag.artifactId,
    id: tag.id,
    immutable: false,
    name: tag.name,
    pull_time: tag.pulled,
    push_time: tag.pushed,
    repository_id: tag.repositoryId,
  };
}

function attributes(config: Buffer): object {
  const {
    architecture,
    author,
    config: run,
    created,
    os,
  } = imageConfig.parse(JSON.parse(config.toString("utf8")));
  return { architecture, author: author ?? "", config: run, created, os };
}
