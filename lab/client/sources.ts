/** Where an image is asked for, by the registries that a node has configured, as containers/image does it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { Location, Registry } from "../machine/crio/registries-conf.ts";

/** One place to ask for an image, in the order to ask them. */
export interface Source {
  /** `host[:port]/path/name` without tag. */
  readonly repository: string;
  readonly insecure: boolean;
  /** PEM of the CA that the node trusts for this host; absent: those of the system. */
  readonly ca?: string;
}

/** `certs.d/HOST/ca.crt` below a node's /etc/containers, as it is at that moment. */
export function caFor(containers: string, repository: string): { readonly ca?: string } {
  const path = join(containers, "certs.d", hostOf(repository), "ca.crt");
  return existsSync(path) ? { ca: readFileSync(path, "utf8") } : {};
}

/**
 * Mirrors first, then the location itself unless it is blocked; without a matching prefix the repository as it is named.
 * The longest prefix wins.
 */
export function sourcesOf(
  registries: readonly Registry[],
  repository: string,
  by: "tag" | "digest" = "tag",
): Source[] {
  const match = registries
    .filter(({ prefix }) => covers(prefix, repository))
    .sort((one, other) => other.prefix.length - one.prefix.length)[0];
  if (match === undefined) return [{ repository, insecure: false }];
  const mirrors = match.mirrors.filter(({ use }) => use === "all" || use === `${by}-only`);
  return [...mirrors, ...(match.blocked ? [] : [match])].map((place) =>
    sourceAt(place, match.prefix, repository),
  );
}

function covers(prefix: string, repository: string): boolean {
  if (prefix.startsWith("*.")) return hostOf(repository).endsWith(prefix.slice(1));
  return repository === prefix || repository.startsWith(`${prefix}/`);
}

const hostOf = (repository: string): string => repository.slice(0, repository.indexOf("/"));

function sourceAt({ location, insecure }: Location, prefix: string, repository: string): Source {
  // What a wildcard stands for is the whole host.
  const covered = prefix.startsWith("*.") ? hostOf(repository) : prefix;
  return { repository: `${location || covered}${repository.slice(covered.length)}`, insecure };
}
