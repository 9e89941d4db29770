/** Image references as Docker reads them, and the registry that the stand-in plays: which images there are to pull. */
import { createHash } from "node:crypto";

import { DockerError } from "./docker-error.ts";
import { IMAGES } from "./images.ts";
import type { Image, Objects } from "./objects.ts";

/** What the edge is made of; any tag of these can be pulled. */
const REPOSITORIES = ["docker.io/library/traefik", "docker.io/tecnativa/docker-socket-proxy"];

export interface Reference {
  /** With its registry: `docker.io/library/traefik`. */
  readonly repository: string;
  /** As Docker shows it: `traefik`. */
  readonly familiar: string;
  readonly tag?: string;
  /** `sha256:…` */
  readonly digest?: string;
}

const COMPONENT = "[a-z0-9]+(?:[._-]+[a-z0-9]+)*";
const REFERENCE = new RegExp(
  `^(?<name>(?:[a-z0-9.-]+(?::\\d+)?/)?${COMPONENT}(?:/${COMPONENT})*)` +
    "(?::(?<tag>\\w[\\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$",
);

/** Without tag and digest the tag is `latest`. */
export function parseReference(text: string): Reference {
  const { name, tag, digest } = REFERENCE.exec(text)?.groups ?? {};
  if (name === undefined) throw new DockerError(`invalid reference format: ${text}`);
  const [first = "", ...rest] = name.split("/");
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const path = hasRegistry ? rest.join("/") : name;
  const registry = hasRegistry ? first : "docker.io";
  const official = registry === "docker.io" && !path.includes("/");
  const repository = `${registry}/${official ? "library/" : ""}${path}`;
  const pinned = digest === undefined ? {} : { digest };
  const tagged = tag ?? (digest === undefined ? "latest" : undefined);
  return {
    repository,
    familiar: repository.replace(/^docker\.io\/(library\/)?/, ""),
    ...(tagged === undefined ? {} : { tag: tagged }),
    ...pinned,
  };
}

/** The image that a reference means among those that the engine has. */
export function findImage(kept: Objects, text: string): Image | undefined {
  const byId = Object.values(kept.images).find(
    ({ Id }) => Id === text || Id.slice("sha256:".length) === text,
  );
  if (byId !== undefined || /^(sha256:)?[0-9a-f]{64}$/.test(text)) return byId;
  const { familiar, tag, digest } = parseReference(text);
  return Object.values(kept.images).find(({ RepoTags, RepoDigests }) =>
    digest === undefined
      ? RepoTags.includes(`${familiar}:${tag ?? ""}`)
      : RepoDigests.includes(`${familiar}@${digest}`),
  );
}

/**
 * Adds the image to those that the engine has. Its digest is made up from repository and tag, the same each time; one
 * that is pulled by digest has that digest.
 *
 * @throws DockerError in the engine's words for an image that the stand-in's registry hasn't.
 */
export function pullImage(kept: Objects, text: string): Image {
  const { repository, familiar, tag, digest } = parseReference(text);
  const name = `${repository}${tag === undefined ? "" : `:${tag}`}`;
  if (!REPOSITORIES.includes(repository) && !IMAGES.test(`${familiar}:${tag ?? ""}`)) {
    throw new DockerError(`manifest for ${text} not found: manifest unknown: manifest unknown`);
  }
  const repoDigest = `${familiar}@${digest ?? sha256(name)}`;
  const id = sha256(repoDigest);
  const image = (kept.images[id] ??= { Id: id, RepoTags: [], RepoDigests: [repoDigest] });
  // With a digest, Docker leaves the tag alone.
  if (digest === undefined) {
    const repoTag = `${familiar}:${tag ?? ""}`;
    if (!image.RepoTags.includes(repoTag)) image.RepoTags.push(repoTag);
  }
  return image;
}

const sha256 = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;
