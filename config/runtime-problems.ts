/** What a pool's settings ask of its runtime that it can't do: told before anything is made. */
import { prefixOf, repositoryOf } from "./image-reference.ts";
import type { MirroredSettings, PoolSettings, RegistrySettings, Runtime } from "./settings.ts";

/** A place in the pool's settings, and what is wrong there. */
export interface RuntimeProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

const names: Readonly<Record<Runtime, string>> = {
  "cri-o": "CRI-O",
  podman: "podman",
  containerd: "containerd",
  k3s: "k3s",
  rke2: "RKE2",
};

export function runtimeProblems(
  pool: PoolSettings,
  registries: readonly RegistrySettings[],
): RuntimeProblem[] {
  return [
    ...prefixProblems(pool, registries),
    ...(pool.runtime === "cri-o" || pool.runtime === "podman" ? [] : hostsProblems(pool, registries)),
    ...(pool.runtime === "k3s" || pool.runtime === "rke2" ? rancherProblems(pool, registries) : []),
    ...verifyProblems(pool, registries),
  ];
}

/** One prefix has one table: what stands first would hide the other. */
function prefixProblems(
  { mirrors }: PoolSettings,
  registries: readonly RegistrySettings[],
): RuntimeProblem[] {
  const cached = new Set(cachedPrefixes(registries));
  return mirrors.flatMap(({ prefix }, i) => {
    const path = ["mirrors", i, "prefix"];
    if (cached.has(prefix)) {
      return [{ path, message: "is cached here: give further mirrors of it as mirrors of that registry" }];
    }
    return mirrors.findIndex((other) => other.prefix === prefix) === i
      ? []
      : [{ path, message: `is there twice: give all mirrors of ${prefix} at once` }];
  });
}

/** Of runtimes that know mirrors of whole hosts only. */
function hostsProblems(
  { runtime, files, unqualifiedSearch, mirrors }: PoolSettings,
  registries: readonly RegistrySettings[],
): RuntimeProblem[] {
  const name = names[runtime];
  return [
    ...(files === "one"
      ? [{ path: ["files"], message: `one is for cri-o and podman, not for ${name}: leave it out` }]
      : []),
    ...(unqualifiedSearch.length === 0
      ? []
      : [
          {
            path: ["unqualifiedSearch"],
            message: `is for cri-o and podman: ${name} always takes docker.io for it; leave it out`,
          },
        ]),
    ...registries.filter(asksPartly).map((registry) => ({
      path: ["runtime"],
      message: `${name} has no pullFromMirror but all, and ${registry.name} is set otherwise; for example: cri-o`,
    })),
    ...mirrors.flatMap((mirrored, i) =>
      mirroredProblems(mirrored, name).map((problem) => inMirror(i, problem)),
    ),
  ];
}

function mirroredProblems(mirrored: MirroredSettings, name: string): RuntimeProblem[] {
  const { prefix, fallback, mirrors } = mirrored;
  return [
    ...(prefix.startsWith("*.") || prefix.includes("/")
      ? [
          {
            path: ["prefix"],
            message: `must be one whole registry for ${name}, which knows neither paths nor wildcards; for example: ${wholeHost(prefix)}`,
          },
        ]
      : []),
    ...(mirrors.length === 0 && !fallback
      ? [
          {
            path: ["fallback"],
            message: `can't be false without mirrors for ${name}, which can't block a registry; for example: true`,
          },
        ]
      : []),
    ...mirrors.flatMap(({ pullFromMirror }, j) =>
      pullFromMirror === "all"
        ? []
        : [
            {
              path: ["mirrors", j, "pullFromMirror"],
              message: `must be all for ${name}, which asks a mirror for tags and digests alike`,
            },
          ],
    ),
  ];
}

/** Their only way to do without a fallback is a flag of the server, for all registries. */
function rancherProblems(
  { runtime, mirrors }: PoolSettings,
  registries: readonly RegistrySettings[],
): RuntimeProblem[] {
  const flag = `${names[runtime]} has only its own flag for that, --disable-default-registry-endpoint`;
  return [
    ...registries
      .filter(({ fallback }) => !fallback)
      .map(({ name }) => ({
        path: ["runtime"],
        message: `can't do without a fallback, as ${name} is to: ${flag}; leave fallback out there`,
      })),
    ...mirrors.flatMap(({ fallback, mirrors: sources }, i) =>
      fallback || sources.length === 0
        ? []
        : [inMirror(i, { path: ["fallback"], message: `can't be false: ${flag}; leave it out` })],
    ),
  ];
}

/** The pull has to come to Harbor. */
function verifyProblems(
  { verifyPull, mirrors }: PoolSettings,
  registries: readonly RegistrySettings[],
): RuntimeProblem[] {
  if (verifyPull === undefined) return [];
  const path = ["verifyPull", "image"];
  const elsewhere = mirrors.map(({ prefix }) => prefix);
  const prefixes = cachedPrefixes(registries);
  const prefix = prefixOf(repositoryOf(verifyPull.image), [...prefixes, ...elsewhere]);
  const example = `for example: ${registries[0]?.name ?? "docker.io"}/library/hello-world:latest`;
  if (prefix === undefined) return [{ path, message: `is of no registry that is cached here; ${example}` }];
  if (elsewhere.includes(prefix)) {
    return [{ path, message: `is pulled from the mirrors of ${prefix}, and not from the cache; ${example}` }];
  }
  const registry = registries.find(({ name, aliases }) => [name, ...aliases].includes(prefix));
  const by = verifyPull.image.includes("@") ? "digest-only" : "tag-only";
  return registry === undefined || registry.pullFromMirror === "all" || registry.pullFromMirror === by
    ? []
    : [
        {
          path,
          message: `is not asked of the cache: pullFromMirror of ${registry.name} is ${registry.pullFromMirror}`,
        },
      ];
}

function cachedPrefixes(registries: readonly RegistrySettings[]): string[] {
  return registries.flatMap(({ name, aliases }) => [name, ...aliases]);
}

function asksPartly({ pullFromMirror, mirrors }: RegistrySettings): boolean {
  return [pullFromMirror, ...mirrors.map((mirror) => mirror.pullFromMirror)].some((asked) => asked !== "all");
}

function inMirror(index: number, { path, message }: RuntimeProblem): RuntimeProblem {
  return { path: ["mirrors", index, ...path], message };
}

function wholeHost(prefix: string): string {
  return prefix.startsWith("*.") ? `registry.${prefix.slice(2)}` : (prefix.split("/")[0] ?? prefix);
}
