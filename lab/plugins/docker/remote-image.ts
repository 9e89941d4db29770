/**
 * docker:index/remoteImage:RemoteImage (terraform-provider-docker, internal/provider/resource_docker_image*.go). Its id is
 * the image's with the name behind it. It is pulled where the engine doesn't have it, and never again; it can't be built
 * here.
 */
import { z } from "zod";

import { EngineError } from "./engine.ts";
import type { At, Found, Kind } from "./kind.ts";

const imageSchema = z.object({
  Id: z.string(),
  RepoDigests: z.array(z.string()).nullable(),
});

const nameSchema = z.object({ name: z.string(), platform: z.string().optional() });

export const remoteImage: Kind = {
  defaults: {},
  computed: [],
  outputs: ["imageId", "repoDigest"],
  updatable: ["keepLocally", "forceRemove"],
  uniqueName: false,
  create: async (at, inputs) => {
    const { name, platform } = nameSchema.parse(inputs);
    const there = await find(at, name);
    if (there !== undefined) return there;
    await pull(at, name, platform);
    const pulled = await find(at, name);
    if (pulled === undefined) throw new Error(`unable to find or pull image ${name}`);
    return pulled;
  },
  read: (at, id, state) => {
    const { name } = state;
    // As with the real plugin: docker_image has no importer.
    if (typeof name !== "string") throw new Error(`resource docker_image doesn't support import: ${id}`);
    return find(at, name);
  },
  delete: async (at, _id, { name, keepLocally, forceRemove }) => {
    if (keepLocally === true || typeof name !== "string") return;
    const path = `/images/${encodeURI(name)}`;
    const query = forceRemove === true ? { force: "1" } : {};
    try {
      await at.engine.request({ method: "DELETE", path, query, signal: at.signal });
    } catch (error) {
      if (!(error instanceof EngineError && error.status === 404)) throw error;
    }
  },
};

/** The answer is a line of JSON per step; one with an `error` is a failure whatever the status. */
async function pull({ engine, signal }: At, name: string, platform: string | undefined): Promise<void> {
  const query = { ...fromImage(name), ...(platform === undefined ? {} : { platform }) };
  try {
    const said = await engine.request({ method: "POST", path: "/images/create", query, signal });
    const [, error] = /^\{.*"error":("(?:[^"\\]|\\.)*")/m.exec(said) ?? [];
    if (error !== undefined) throw new Error(String(JSON.parse(error)));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`unable to pull image ${name}: ${why}`, { cause: error });
  }
}

function fromImage(name: string): { fromImage: string; tag: string } {
  const [tagged = "", digest] = name.split("@");
  const [, repository = tagged, tag = "latest"] = /^(.+):([^:/]+)$/.exec(tagged) ?? [];
  return { fromImage: repository, tag: digest ?? tag };
}

async function find({ engine, signal }: At, name: string): Promise<Found | undefined> {
  const body = await engine.find(`/images/${encodeURI(name)}/json`, signal);
  if (body === undefined) return undefined;
  const { Id, RepoDigests } = imageSchema.parse(body);
  return {
    id: `${Id}${name}`,
    state: { name, imageId: Id, repoDigest: repoDigest(name, RepoDigests ?? []) },
  };
}

/**
 * The real plugin's rule (internal/provider/data_source_docker_image.go): the only digest; of several the first that
 * begins as the name does before its first colon, else the first; empty for an image that came from no registry.
 */
export function repoDigest(name: string, digests: readonly string[]): string {
  const [first = "", ...more] = digests;
  if (more.length === 0) return first;
  const [untagged = ""] = name.split(":");
  return digests.find((digest) => digest.startsWith(untagged)) ?? first;
}
