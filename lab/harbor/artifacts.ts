/** Repositories, artifacts and tags: what the cache holds and how it is found. */
import { z } from "zod";
import type { App } from "./app.ts";
import { replicatePush } from "./replication-runs.ts";
import type { Artifact, Project, Repository, Tag } from "./store.ts";
import { NEVER, removeWhere } from "./store.ts";

const descriptor = z.object({ mediaType: z.string().optional(), digest: z.string(), size: z.int() });

/** The parts of an OCI or docker manifest, image or index, that the stand-in reads. */
export const manifestSchema = z.object({
  mediaType: z.string().optional(),
  config: descriptor.optional(),
  layers: z.array(descriptor).optional(),
  manifests: z
    .array(z.looseObject({ ...descriptor.shape, platform: z.looseObject({}).optional() }))
    .optional(),
});

export type Manifest = z.infer<typeof manifestSchema>;

export function parseManifest(content: Buffer): Manifest {
  return manifestSchema.parse(JSON.parse(content.toString("utf8")));
}

export class Artifacts {
  readonly #app: App;

  constructor(app: App) {
    this.#app = app;
  }

  repository(name: string): Repository | undefined {
    return this.#app.store.state.repositories.find((one) => one.name === name);
  }

  find(repository: Repository, reference: string): { artifact: Artifact; tag?: Tag } | undefined {
    const { artifacts, tags } = this.#app.store.state;
    const tag = tags.find(({ repositoryId, name }) => repositoryId === repository.id && name === reference);
    const artifact = artifacts.find(({ id, repositoryId, digest }) =>
      tag === undefined ? repositoryId === repository.id && digest === reference : id === tag.artifactId,
    );
    return artifact && { artifact, ...(tag === undefined ? {} : { tag }) };
  }

  /** Stores a manifest whose blobs are in the blob store already, and makes its repository known. */
  add(project: Project, name: string, content: Buffer, mediaType: string): Artifact {
    const { store, blobs } = this.#app;
    const at = this.#app.now();
    const digest = blobs.put(content);
    let repository = this.repository(name);
    if (repository === undefined) {
      const id = store.next("repository");
      repository = { id, projectId: project.id, name, pullCount: 0, created: at, updated: at };
      store.state.repositories.push(repository);
    }
    const known = this.find(repository, digest);
    if (known !== undefined) return known.artifact;
    const manifest = parseManifest(content);
    const children = (manifest.manifests ?? []).map((child) => child.digest);
    const parts = [...(manifest.config === undefined ? [] : [manifest.config]), ...(manifest.layers ?? [])];
    const ofChildren = children.reduce((total, child) => total + (this.#sizeOf(repository, child) ?? 0), 0);
    for (const part of [...parts, { digest, size: content.length }]) project.blobs[part.digest] = part.size;
    const artifact: Artifact = {
      id: store.next("artifact"),
      projectId: project.id,
      repositoryId: repository.id,
      digest,
      mediaType,
      size: content.length + ofChildren + parts.reduce((total, { size }) => total + size, 0),
      children,
      pushed: at,
      pulled: NEVER,
    };
    store.state.artifacts.push(artifact);
    repository.updated = at;
    store.save();
    return artifact;
  }

  /** Makes `name` the tag of this artifact, wherever it pointed before. */
  tag(artifact: Artifact, name: string): void {
    const { store } = this.#app;
    const at = this.#app.now();
    const { repositoryId } = artifact;
    const existing = store.state.tags.find((tag) => tag.repositoryId === repositoryId && tag.name === name);
    if (existing === undefined) {
      const id = store.next("tag");
      store.state.tags.push({ id, repositoryId, artifactId: artifact.id, name, pushed: at, pulled: NEVER });
    } else if (existing.artifactId !== artifact.id) {
      Object.assign(existing, { artifactId: artifact.id, pushed: at });
    }
    replicatePush(this.#app, artifact, name);
    store.save();
  }

  pulled(repository: Repository, { artifact, tag }: { artifact: Artifact; tag?: Tag }): void {
    const at = this.#app.now();
    artifact.pulled = at;
    if (tag !== undefined) tag.pulled = at;
    repository.pullCount += 1;
    this.#app.store.save();
  }

  /** Tag names, sorted. */
  tagsOf(repository: Repository): string[] {
    return this.#app.store.state.tags
      .filter(({ repositoryId }) => repositoryId === repository.id)
      .map(({ name }) => name)
      .sort();
  }

  /** What a listing shows: children of an index only where they have a tag of their own. */
  listed(repository: Repository): Artifact[] {
    const { artifacts, tags } = this.#app.store.state;
    const own = artifacts.filter(({ repositoryId }) => repositoryId === repository.id);
    const children = new Set(own.flatMap((artifact) => artifact.children));
    return own.filter(
      ({ id, digest }) => !children.has(digest) || tags.some(({ artifactId }) => artifactId === id),
    );
  }

  remove(project: Project, artifact: Artifact): void {
    const { state } = this.#app.store;
    removeWhere(state.artifacts, ({ id }) => id === artifact.id);
    removeWhere(state.tags, ({ artifactId }) => artifactId === artifact.id);
    this.#forgetBlobs(project);
  }

  removeRepository(project: Project, repository: Repository): void {
    const { state } = this.#app.store;
    removeWhere(state.repositories, ({ id }) => id === repository.id);
    removeWhere(state.artifacts, ({ repositoryId }) => repositoryId === repository.id);
    removeWhere(state.tags, ({ repositoryId }) => repositoryId === repository.id);
    this.#forgetBlobs(project);
  }

  #sizeOf(repository: Repository, digest: string): number | undefined {
    return this.find(repository, digest)?.artifact.size;
  }

  // What no artifact of the project needs any more doesn't count for it; the files stay, as before a garbage collection.
  #forgetBlobs(project: Project): void {
    const needed = new Set<string>();
    for (const { projectId, digest } of this.#app.store.state.artifacts) {
      if (projectId !== project.id) continue;
      const { config, layers = [] } = parseManifest(this.#app.blobs.read(digest));
      for (const part of [digest, config?.digest ?? "", ...layers.map((layer) => layer.digest)])
        needed.add(part);
    }
    project.blobs = Object.fromEntries(
      Object.entries(project.blobs).filter(([digest]) => needed.has(digest)),
    );
  }
}
