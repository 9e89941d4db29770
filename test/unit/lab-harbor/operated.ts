/** A stand-in with an endpoint, a project of its own (2) and a proxy-cache project (3), and a clock that the test moves. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach } from "vitest";
import type { HarborOptions } from "../../../lab/harbor/app.ts";
import { Artifacts } from "../../../lab/harbor/artifacts.ts";
import type { Harbor } from "../../../lab/harbor/harbor.ts";
import { startHarbor } from "../../../lab/harbor/harbor.ts";
import { makeImage } from "../../../lab/upstream/image.ts";
import { basic } from "../../../lab/upstream/registry-client.ts";
import type { Upstream } from "../../../lab/upstream/server.ts";
import { startUpstream } from "../../../lab/upstream/server.ts";

const ADMIN = { username: "admin", password: "Harbor12345" };
const RUN_MS = 300;

/** Started anew for each test of the file. */
export function operatedHarbor(): Operated {
  const operated = new Operated();
  beforeEach(() => operated.start());
  afterEach(() => operated.close());
  return operated;
}

/** What the answer to a refused request holds. */
export function refused(status: number, message: string): object {
  return { status, body: { errors: [{ message }] } };
}

class Operated {
  #dir = "";
  #upstream: Upstream | undefined;
  #harbor: Harbor | undefined;
  #now = new Date(0);

  get state(): Harbor["app"]["state"] {
    return this.#running.app.state;
  }

  get upstreamUrl(): string {
    return this.#upstream?.url ?? "";
  }

  /** Moves the clock on by as long as a run takes; answers with the time then. */
  afterARun(): string {
    this.#now = new Date(this.#now.getTime() + RUN_MS);
    return this.#now.toISOString();
  }

  stopJobservice(): void {
    writeFileSync(this.#downFile, "jobservice\n");
  }

  startJobservice(): void {
    rmSync(this.#downFile);
  }

  async restart(options: Partial<HarborOptions> = {}): Promise<void> {
    await this.#harbor?.close();
    this.#harbor = await startHarbor({
      adminPassword: ADMIN.password,
      dataDir: path.join(this.#dir, "harbor"),
      cachingDelayMs: RUN_MS,
      wrongPasswordDelayMs: 5,
      clock: () => this.#now,
      ...options,
    });
  }

  async api(method: string, url: string, body?: unknown, credentials = ADMIN) {
    const response = await fetch(`${this.#running.url}/api/v2.0${url}`, {
      method,
      headers: { authorization: basic(credentials), "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
  }

  /** What a push to a project leaves. */
  pushed(project: string, name: string, tag: string): void {
    const { app } = this.#running;
    const target = app.state.projects.find((one) => one.name === project);
    const { manifests, blobs } = makeImage(name);
    const [manifest] = manifests;
    if (target === undefined || manifest === undefined) throw new Error(`can't push ${project}/${name}`);
    for (const { content } of blobs) app.blobs.put(content);
    const artifacts = new Artifacts(app);
    artifacts.tag(artifacts.add(target, `${project}/${name}`, manifest.content, manifest.mediaType), tag);
  }

  /** `RETENTION 0 0 0 * * *`, without the two of Harbor's own. */
  schedules(): string[] {
    return this.state.schedules.slice(2).map(({ vendorType, cron }) => `${vendorType} ${cron}`);
  }

  async start(): Promise<void> {
    this.#now = new Date("2026-11-21T02:30:00.000Z");
    this.#dir = mkdtempSync(path.join(tmpdir(), "operated-"));
    this.#upstream = await startUpstream({});
    await this.restart();
    for (const [url, body] of [
      ["/registries", { name: "up", type: "docker-registry", url: this.upstreamUrl }],
      ["/projects", { project_name: "own" }],
      ["/projects", { project_name: "cache", registry_id: 1 }],
    ] as const) {
      const { status } = await this.api("POST", url, body);
      if (status !== 201) throw new Error(`POST ${url}: ${status}`);
    }
  }

  async close(): Promise<void> {
    await this.#harbor?.close();
    this.#harbor = undefined;
    await this.#upstream?.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  get #running(): Harbor {
    if (this.#harbor === undefined) throw new Error("not started");
    return this.#harbor;
  }

  get #downFile(): string {
    return path.join(this.#dir, "harbor", "lab-down");
  }
}
