/** The upstream of a proxy-cache project, asked over the registry protocol. */
import type { Incoming } from "../../upstream/http-client.ts";
import { readAll } from "../../upstream/http-client.ts";
import type { Endpoint } from "../../upstream/registry-client.ts";
import { MANIFEST_TYPES, ask } from "../../upstream/registry-client.ts";
import { z } from "zod";
import type { App } from "../app.ts";
import { endpointOf } from "../endpoint-health.ts";
import type { Project } from "../store.ts";

const tagList = z.object({ tags: z.array(z.string()).nullish() });

export interface Described {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: string;
}

/** The upstream answered, but not with what was asked for. */
export class UpstreamStatusError extends Error {
  readonly status: number;

  constructor(status: number, body: string) {
    super(`http status code: ${status}, body: ${body}`);
    this.status = status;
  }
}

export class UpstreamRepository {
  readonly #endpoint: Endpoint;
  readonly #path: string;

  constructor(endpoint: Endpoint, repository: string) {
    this.#endpoint = endpoint;
    this.#path = `/v2/${repository}`;
  }

  /** Undefined where the upstream says 404; throws where it doesn't answer or fails. */
  async head(reference: string): Promise<Described | undefined> {
    const answer = await this.#ask(`/manifests/${reference}`, "HEAD");
    answer.body.resume();
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw new UpstreamStatusError(answer.status, "");
    return {
      digest: String(answer.headers["docker-content-digest"] ?? ""),
      mediaType: answer.headers["content-type"] ?? "",
      size: answer.headers["content-length"] ?? "",
    };
  }

  async manifest(reference: string): Promise<{ content: Buffer; mediaType: string }> {
    const answer = await this.#ok(await this.#ask(`/manifests/${reference}`, "GET"));
    return { content: await readAll(answer.body), mediaType: answer.headers["content-type"] ?? "" };
  }

  /** A stream of the blob; throws UpstreamStatusError with the upstream's body where it isn't there. */
  async blob(digest: string): Promise<Incoming> {
    return this.#ok(await this.#ask(`/blobs/${digest}`, "GET"));
  }

  async tags(): Promise<string[]> {
    const answer = await this.#ok(await this.#ask("/tags/list", "GET"));
    return tagList.parse(JSON.parse((await readAll(answer.body)).toString())).tags ?? [];
  }

  #ask(path: string, method: string): Promise<Incoming> {
    const headers = { accept: MANIFEST_TYPES, "user-agent": "harbor-registry-client" };
    return ask(this.#endpoint, this.#path + path, { method, headers });
  }

  async #ok(answer: Incoming): Promise<Incoming> {
    if (answer.status === 200) return answer;
    throw new UpstreamStatusError(answer.status, (await readAll(answer.body)).toString());
  }
}

/** Undefined for an ordinary project, and while the endpoint's stored status is unhealthy: it isn't asked then. */
export function upstreamOf(app: App, project: Project, repository: string): UpstreamRepository | undefined {
  const registry = app.store.state.registries.find(({ id }) => id === project.registryId);
  if (registry?.status !== "healthy") return undefined;
  return new UpstreamRepository(endpointOf(app, registry), repository.slice(project.name.length + 1));
}
