/**
 * Warms a pull-through cache so that an image survives an outage of its upstream: Harbor makes a tag only when a client
 * sends HEAD for it, and keeps an index only where its children were pulled by digest.
 */
import type { Source } from "./sources.ts";
import { fetchBlob, fetchManifest, headTag, imageIndex, imageManifest } from "./source.ts";

/** Asks for the tag by HEAD, then for everything below it by digest. */
export async function warmImage(source: Source, tag: string): Promise<void> {
  const top = await fetchManifest(source, await headTag(source, tag));
  const several = imageIndex.safeParse(JSON.parse(top.toString()));
  const singles = several.success
    ? await Promise.all(several.data.manifests.map(({ digest }) => fetchManifest(source, digest)))
    : [top];
  for (const single of singles) {
    const { config, layers } = imageManifest.parse(JSON.parse(single.toString()));
    for (const blob of [config, ...layers]) await fetchBlob(source, blob.digest);
  }
}
