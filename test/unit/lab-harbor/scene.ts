/** A stand-in with all that stood around the recorded Harbor, and what was done to it outside HTTP. */
import { Artifacts } from "../../../lab/harbor/artifacts.ts";
import type { Harbor } from "../../../lab/harbor/harbor.ts";
import { startHarbor } from "../../../lab/harbor/harbor.ts";
import { Replay } from "./replay.ts";
import { ManualSchedule, Surroundings, blobOf, manifestOf, taggedDigest } from "./surroundings.ts";

/** The real Harbor's pace; the jobs run when the replay moves the time on. */
const CACHING_DELAY_MS = 20_000;

/** What a recording needs to be replayed and doesn't say itself. */
export interface Preparation {
  /** Without `.json`. */
  readonly file: string;
  /** The file whose database this one goes on with; absent: a new Harbor. */
  readonly after?: string;
  /** What happened outside HTTP just before an exchange, by its seq. */
  readonly before?: Readonly<Record<number, (scene: Scene) => void | Promise<void>>>;
}

export class Scene {
  readonly surroundings: Surroundings;
  readonly schedule: ManualSchedule;
  readonly harbor: Harbor;
  readonly replay: Replay;

  static async start(): Promise<Scene> {
    const surroundings = await Surroundings.start();
    const schedule = new ManualSchedule();
    const harbor = await startHarbor({
      adminPassword: "Harbor12345",
      dataDir: surroundings.dataDir,
      cachingDelayMs: CACHING_DELAY_MS,
      wrongPasswordDelayMs: 5,
      schedule: schedule.schedule,
      // No network: only addresses are found.
      lookup: (hostname, _options, callback) => {
        callback(Object.assign(new Error(`no such host: ${hostname}`), { code: "ENOTFOUND" }), "");
      },
    });
    return new Scene(surroundings, schedule, harbor);
  }

  private constructor(surroundings: Surroundings, schedule: ManualSchedule, harbor: Harbor) {
    this.surroundings = surroundings;
    this.schedule = schedule;
    this.harbor = harbor;
    this.replay = new Replay(harbor, surroundings.addresses);
  }

  /** This one and no other. */
  stopped(component: string): void {
    this.allUp();
    this.harbor.faults.stop(component);
  }

  allUp(): void {
    this.harbor.faults.clear();
  }

  /** What skopeo did here: it pushed an image into a project. */
  pushed(project: string, name: string, tag: string, digest: string): void {
    const artifacts = new Artifacts(this.harbor.app);
    const target = this.harbor.app.state.projects.find((one) => one.name === project);
    if (target === undefined) throw new Error(`no project ${project}`);
    const { content, mediaType } = manifestOf(digest);
    for (const blob of digestsIn(content)) this.harbor.app.blobs.put(blobOf(blob));
    artifacts.tag(artifacts.add(target, `${project}/${name}`, content, mediaType), tag);
  }

  /** What a client does after a manifest: manifests of an index by digest, then all blobs. */
  async pulled(repository: string, reference: string): Promise<void> {
    const [, name = ""] = /^[^/]+\/(.+)$/.exec(repository) ?? [];
    const digest = reference.startsWith("sha256:") ? reference : taggedDigest(name, reference);
    await this.#get(`/v2/${repository}/manifests/${reference}`);
    for (const part of digestsIn(manifestOf(digest).content)) {
      if (manifestOf(digest).mediaType.includes("index")) await this.pulled(repository, part);
      else await this.#get(`/v2/${repository}/blobs/${part}`);
    }
  }

  /** What was changed by hand in the database's row of the first endpoint. */
  registry(change: { status?: "healthy" | "unhealthy"; type?: string }): void {
    Object.assign(this.harbor.app.state.registries[0] ?? {}, change);
  }

  async close(): Promise<void> {
    await this.harbor.close();
    await this.surroundings.close();
  }

  async #get(url: string): Promise<void> {
    const authorization = `Basic ${Buffer.from("admin:Harbor12345").toString("base64")}`;
    const response = await fetch(this.harbor.url + url, { headers: { authorization } });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`${url}: ${response.status}`);
  }
}

function digestsIn(manifest: Buffer): string[] {
  return [...manifest.toString().matchAll(/sha256:[0-9a-f]{64}/g)].map(([digest]) => digest);
}
