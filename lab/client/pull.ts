/**
 * A small pull client for machines without skopeo and podman: it pulls as CRI-O does, by tag with GET, choosing the
 * source once, when the manifest loads.
 */
import type { Registry } from "../machine/crio/registries-conf.ts";
import { digestOf, fetchBlob, fetchManifest, imageIndex, imageManifest } from "./source.ts";
import { caFor, sourcesOf } from "./sources.ts";
import type { Source } from "./sources.ts";

export interface Pulled {
  /** The repository that served it, as `host[:port]/path/name`. */
  readonly from: string;
  /** Of the linux/amd64 manifest. */
  readonly digest: string;
  /** Bytes of configuration and layers. */
  readonly size: number;
  /** Digests of the layers. */
  readonly layers: string[];
}

/** A node's configuration, as its runtime has read it. */
export interface NodeConfiguration {
  readonly registries: readonly Registry[];
  /** The node's /etc/containers. */
  readonly containers: string;
}

/**
 * Pulls `reference` (`host[:port]/path/name:tag` or `…@sha256:…`) by way of the registries that a node has configured,
 * and checks every digest. `trying` is told each repository that is asked.
 */
export async function pullImage(
  { registries, containers }: NodeConfiguration,
  reference: string,
  trying?: (repository: string) => void,
): Promise<Pulled> {
  const digest = reference.includes("@");
  const end = digest ? reference.indexOf("@") : reference.lastIndexOf(":");
  const [repository, wanted] = [reference.slice(0, end), reference.slice(end + 1)];
  const refusals: string[] = [];
  for (const place of sourcesOf(registries, repository, digest ? "digest" : "tag")) {
    const source = { ...place, ...caFor(containers, place.repository) };
    trying?.(source.repository);
    const top = await fetchManifest(source, wanted).catch((error: unknown) => {
      refusals.push(`${source.repository}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    });
    if (top !== undefined) return pullFrom(source, top);
  }
  throw new Error(`${reference} could not be pulled:\n${refusals.join("\n")}`);
}

async function pullFrom(source: Source, top: Buffer): Promise<Pulled> {
  const several = imageIndex.safeParse(JSON.parse(top.toString()));
  const wanted = several.data?.manifests.find(
    (one) => one.platform?.os === "linux" && one.platform.architecture === "amd64",
  );
  if (several.success && wanted === undefined) throw new Error(`${source.repository} has no linux/amd64`);
  const single = wanted === undefined ? top : await fetchManifest(source, wanted.digest);
  const { config, layers } = imageManifest.parse(JSON.parse(single.toString()));
  let size = 0;
  for (const blob of [config, ...layers]) {
    size += (await fetchBlob(source, blob.digest)).length;
  }
  return {
    from: source.repository,
    digest: digestOf(single),
    size,
    layers: layers.map(({ digest }) => digest),
  };
}
