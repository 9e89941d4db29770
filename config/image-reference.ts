/** Image references as the runtimes take them apart. */

/** `docker.io/hello-world:1` is of the repository `docker.io/library/hello-world`. */
export function repositoryOf(image: string): string {
  const [name = ""] = image.split("@");
  const repository = name.replace(/:[^/:]+$/, "").replace(/^index\.docker\.io\//, "docker.io/");
  return repository.replace(/^docker\.io\/([^/]+)$/, "docker.io/library/$1");
}

/** The longest of the prefixes that a repository begins with: a registry, a path in one, or all hosts of a domain. */
export function prefixOf(repository: string, prefixes: readonly string[]): string | undefined {
  const [host = ""] = repository.split("/");
  return prefixes
    .filter((prefix) =>
      prefix.startsWith("*.")
        ? host.endsWith(prefix.slice(1))
        : repository === prefix || repository.startsWith(`${prefix}/`),
    )
    .sort((a, b) => b.length - a.length)[0];
}
