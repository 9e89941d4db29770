/** Caching in the background, after an answer was given from the upstream. */
import { isDigest } from "../../upstream/blob-store.ts";
import type { App } from "../app.ts";
import { Artifacts, parseManifest } from "../artifacts.ts";
import type { Artifact, Project } from "../store.ts";
import { holdsBlob } from "./serve-local.ts";
import type { UpstreamRepository } from "./upstream.ts";

/** Harbor looks this many times for the blobs of an image to be there, then fetches what is missing. */
const IMAGE_TRIES = 10;
/** Harbor looks this many times for the manifests of an index, then caches it with those that came. */
const INDEX_TRIES = 20;
const TAG_TRIES = 60;

/** Where a pulled thing belongs: `repository` is with the project's name. */
export interface Target {
  readonly project: Project;
  readonly repository: string;
  readonly upstream: UpstreamRepository;
}

export interface PulledManifest {
  readonly content: Buffer;
  readonly mediaType: string;
  readonly digest: string;
}

export class Caching {
  /** Indexes as the upstream gave them, by repository and digest: what Harbor keeps in Redis. */
  readonly indexes = new Map<string, PulledManifest>();
  readonly #app: App;
  readonly #artifacts: Artifacts;
  readonly #jobs = new Map<string, () => void>();
  /** Digest of the upstream's index to digest of what was cached of it. */
  readonly #rewritten = new Map<string, string>();

  constructor(app: App) {
    this.#app = app;
    this.#artifacts = new Artifacts(app);
  }

  /** Fetches the blob once more and makes it the project's: HEAD doesn't find it before that. */
  blob(target: Target, digest: string): void {
    this.#repeat(`blob ${target.project.name} ${digest}`, this.#app.cachingDelayMs / 20, 1, async () => {
      await this.#fetchBlob(target, digest);
      this.#app.store.save();
      return true;
    });
  }

  /** `reference` is what the client asked by, a tag or a digest. */
  manifest(target: Target, manifest: PulledManifest, reference: string): void {
    const { manifests } = parseManifest(manifest.content);
    const key = `manifest ${target.repository} ${manifest.digest}`;
    const delay = this.#app.cachingDelayMs;
    if (manifests === undefined) {
      this.#repeat(key, delay, IMAGE_TRIES, (last) => this.#addImage(target, manifest, last));
      return;
    }
    this.indexes.set(`${target.repository} ${manifest.digest}`, manifest);
    this.#repeat(key, delay, INDEX_TRIES, (last) => {
      const cached = this.#addIndex(target, manifest, last);
      // Harbor notes which index was rewritten under the digest that the client sent: by tag, a later HEAD can't
      // find what it should tag.
      if (cached !== undefined && isDigest(reference)) {
        this.#rewritten.set(`${target.repository} ${manifest.digest}`, cached);
      }
      return Promise.resolve(cached !== undefined);
    });
  }

  /** Sets the tag once the artifact is there: a client that asked by HEAD gets its tag cached. */
  tag(target: Target, name: string, digest: string): void {
    this.#repeat(
      `tag ${target.repository} ${name} ${digest}`,
      this.#app.cachingDelayMs / 2,
      TAG_TRIES,
      () => {
        const artifact = this.#find(target, this.#rewritten.get(`${target.repository} ${digest}`) ?? digest);
        if (artifact !== undefined) this.#artifacts.tag(artifact, name);
        return Promise.resolve(artifact !== undefined);
      },
    );
  }

  close(): void {
    for (const callOff of this.#jobs.values()) callOff();
    this.#jobs.clear();
  }

  async #addImage(target: Target, image: PulledManifest, last: boolean): Promise<boolean> {
    const { config, layers = [] } = parseManifest(image.content);
    const parts = [...(config === undefined ? [] : [config]), ...layers].map(({ digest }) => digest);
    const missing = parts.filter((digest) => !holdsBlob(this.#app, target.project, digest));
    if (missing.length > 0 && !last) return false;
    for (const digest of missing) await this.#fetchBlob(target, digest);
    this.#add(target, image.content, image.mediaType);
    return true;
  }

  /**
   * Writes the index anew, three blanks deep, with only those manifests that are cached, so that its digest changes;
   * returns that. Undefined while manifests are missing.
   */
  #addIndex(target: Target, index: PulledManifest, last: boolean): string | undefined {
    const all = parseManifest(index.content).manifests ?? [];
    const here = all.filter(({ digest }) => this.#find(target, digest) !== undefined);
    if (here.length < all.length && !last) return undefined;
    if (here.length === 0) throw new Error("none of its manifests was pulled");
    const manifests = here.map(({ mediaType, size, digest, ...rest }) => ({
      mediaType,
      size,
      digest,
      ...rest,
    }));
    const rewritten = { schemaVersion: 2, mediaType: index.mediaType, manifests };
    const content = Buffer.from(JSON.stringify(rewritten, undefined, 3));
    return this.#add(target, content, index.mediaType).digest;
  }

  #find(target: Target, digest: string): Artifact | undefined {
    const repository = this.#artifacts.repository(target.repository);
    return repository && this.#artifacts.find(repository, digest)?.artifact;
  }

  #add(target: Target, content: Buffer, mediaType: string): Artifact {
    // The project may have been deleted meanwhile.
    const project = this.#app.store.state.projects.find(({ id }) => id === target.project.id);
    if (project === undefined) throw new Error(`project ${target.project.name} is gone`);
    return this.#artifacts.add(project, target.repository, content, mediaType);
  }

  async #fetchBlob({ project, upstream }: Target, digest: string): Promise<void> {
    const { blobs } = this.#app;
    if (!blobs.has(digest)) await blobs.write(digest, (await upstream.blob(digest)).body);
    project.blobs[digest] = blobs.size(digest);
  }

  /** Runs `job` every `delay` ms until it says that it is done, at most `tries` times; one job per key. */
  #repeat(key: string, delay: number, tries: number, job: (last: boolean) => Promise<boolean>): void {
    if (this.#jobs.has(key)) return;
    const plan = (left: number): void => {
      this.#jobs.set(
        key,
        this.#app.schedule(() => run(left), delay),
      );
    };
    const run = async (left: number): Promise<void> => {
      try {
        const done = await job(left === 1);
        if (!this.#jobs.has(key)) return;
        if (!done && left > 1) plan(left - 1);
        else this.#jobs.delete(key);
      } catch (error) {
        this.#jobs.delete(key);
        console.error(`harbor stand-in: caching ${key}: ${String(error)}`);
      }
    };
    plan(tries);
  }
}
