/**
 * A small pull client for machines without skopeo and podman: it reads a node's files and pulls as CRI-O does, by tag
 * with GET, choosing the source once, when the manifest loads.
 */
import type { Source } from "./registries-conf.ts";
import { sourcesOf } from "./registries-conf.ts";
import { digestOf, fetchBlob, fetchManifest, imageIndex, imageManifest } from "./source.ts";

export interface Pulled {
  /** The repository that served it, as `host[:port]/path/name`. */
  readonly from: string;
  /** Of the linux/amd64 manifest. */
  readonly digest: string;
  /** Bytes of configuration and layers. */
  readonly size: number;
}

/** Pulls `reference` (`host[:port]/path/name:tag`) by way of the files in `dropInDir`, and checks every digest. */
export async function pullImage(dropInDir: string, reference: string): Promise<Pulled> {
  const colon = reference.lastIndexOf(":");
  const [repository, tag] = [reference.slice(0, colon), reference.slice(colon + 1)];
  const refusals: string[] = [];
  for (const source of await sourcesOf(dropInDir, repository)) {
    const top = await fetchManifest(source, tag).catch((error: unknown) => {
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
  return { from: source.repository, digest: digestOf(single), size };
}
