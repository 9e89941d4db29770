/** The image that each node pulls through the cache before it counts as good. */
import { prefixOf, repositoryOf } from "../../config/image-reference.ts";
import type { PoolSettings, RegistrySettings, Runtime } from "../../config/settings.ts";
import type { VerifyPull } from "../../provider/sdk.ts";

/**
 * @param log Harbor's access log, and the way to its machine
 * @throws Error for an image of a registry that isn't cached, which the settings don't let through
 */
export function verifyPull(
  { image, timeout }: NonNullable<PoolSettings["verifyPull"]>,
  runtime: Runtime,
  registries: readonly RegistrySettings[],
  log: VerifyPull["log"],
): VerifyPull {
  return {
    image,
    ...pullCommands(runtime, image),
    requests: `/v2/${cachedAs(image, registries)}/manifests/`,
    timeout,
    log,
  };
}

/** Harbor's project and the repository in it: `proxy.docker.io/library/hello-world`. */
export function cachedAs(image: string, registries: readonly RegistrySettings[]): string {
  const projects = new Map(
    registries.flatMap(({ name, aliases, project }) => [name, ...aliases].map((prefix) => [prefix, project])),
  );
  const repository = repositoryOf(image);
  const prefix = prefixOf(repository, [...projects.keys()]) ?? "";
  const project = projects.get(prefix);
  if (project === undefined) throw new Error(`${image} is of no registry that is cached`);
  return `${project}${repository.slice(prefix.length)}`;
}

/** For `sh`; to remove what isn't there is no error, to remove what is in use is one. */
export function pullCommands(
  runtime: Runtime,
  image: string,
): { readonly pullCommand: string; readonly removeCommand: string } {
  const quoted = `'${image.replaceAll("'", "'\\''")}'`;
  if (runtime === "podman") {
    return {
      pullCommand: `podman pull --quiet ${quoted}`,
      removeCommand: `! podman image exists ${quoted} || podman rmi ${quoted}`,
    };
  }
  const crictl = CRICTL[runtime];
  return {
    pullCommand: `${crictl.setUp} && ${crictl.run} pull ${quoted}`,
    removeCommand: `${crictl.setUp} && { ! ${crictl.run} inspecti ${quoted} >/dev/null 2>&1 || ${crictl.run} rmi ${quoted}; }`,
  };
}

/** /usr/local/bin, where Kubespray and k3s install, is left out of PATH by the sudo of some distributions. */
const PATH = 'PATH="$PATH:/usr/local/bin"';

/** Its own configuration says where the runtime listens; without one it would take the first that it finds. */
const socket = (path: string): string =>
  `${PATH} && { [ -e /etc/crictl.yaml ] || export CONTAINER_RUNTIME_ENDPOINT=unix://${path}; }`;

const CRICTL: Readonly<Record<Exclude<Runtime, "podman">, { readonly setUp: string; readonly run: string }>> =
  {
    "cri-o": { setUp: socket("/run/crio/crio.sock"), run: "crictl" },
    containerd: { setUp: socket("/run/containerd/containerd.sock"), run: "crictl" },
    k3s: { setUp: PATH, run: "k3s crictl" },
    rke2: {
      setUp: "export CRI_CONFIG_FILE=/var/lib/rancher/rke2/agent/etc/crictl.yaml",
      run: "/var/lib/rancher/rke2/bin/crictl",
    },
  };
