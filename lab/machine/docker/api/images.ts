import { findImage, parseReference, pullImage } from "../image-references.ts";
import type { Image, Objects } from "../objects.ts";
import { ApiError } from "./api-error.ts";
import type { Route } from "./route.ts";

export const IMAGE_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: /^\/images\/json$/,
    answer: ({ store }) => ({ status: 200, body: Object.values(store.read().images).map(shown) }),
  },
  {
    method: "POST",
    path: /^\/images\/create$/,
    answer: ({ store, query }) => {
      const [name, tag] = [query.get("fromImage"), query.get("tag") ?? ""];
      if (name === null) throw new ApiError(400, "stand-in: images come from a registry here: fromImage");
      const reference = tag === "" ? name : `${name}${tag.startsWith("sha256:") ? "@" : ":"}${tag}`;
      const { familiar } = read(() => parseReference(reference), 400);
      const { RepoDigests } = store.change((kept) => read(() => pullImage(kept, reference), 404));
      const lines = [
        { status: `Pulling from ${familiar}`, id: tag },
        { status: `Digest: ${RepoDigests[0]?.split("@")[1] ?? ""}` },
        { status: `Status: Downloaded newer image for ${reference}` },
      ];
      return { status: 200, body: lines.map((line) => `${JSON.stringify(line)}\r\n`).join("") };
    },
  },
  {
    method: "GET",
    path: /^\/images\/(.+)\/json$/,
    answer: ({ store, names: [name = ""] }) => ({ status: 200, body: shown(find(store.read(), name)) }),
  },
  {
    method: "DELETE",
    path: /^\/images\/(.+)$/,
    answer: ({ store, names: [name = ""] }) => ({
      status: 200,
      body: store.change((kept) => {
        const image = find(kept, name);
        Reflect.deleteProperty(kept.images, image.Id);
        return [...image.RepoTags.map((Untagged) => ({ Untagged })), { Deleted: image.Id }];
      }),
    }),
  },
];

function find(kept: Objects, name: string): Image {
  const found = read(() => findImage(kept, name), 400);
  if (found === undefined) throw new ApiError(404, `No such image: ${name}`);
  return found;
}

function read<T>(work: () => T, status: number): T {
  try {
    return work();
  } catch (error) {
    throw new ApiError(status, error instanceof Error ? error.message : String(error));
  }
}

const shown = (image: Image): object => ({ ...image, Os: "linux", Architecture: "amd64", Size: 0 });
