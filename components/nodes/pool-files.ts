/** The files that a pool's nodes are given, by their runtime. */
import * as pulumi from "@pulumi/pulumi";
import type { PoolSettings, RegistrySettings } from "../../config/settings.ts";
import { caFile, caPath } from "./ca-file.ts";
import { containerdHosts } from "./containerd-hosts.ts";
import { crioAuthDropIn, crioDropIns, orderOf, poolHead } from "./crio-drop-in.ts";
import { k3sRegistries } from "./k3s-registries.ts";
import { authJson, needsLogin } from "./login.ts";
import type { Login } from "./login.ts";
import type { NodeFile } from "./node-file.ts";
import { nodeMirrors } from "./node-mirrors.ts";
import type { HarborEndpoint, NodeMirror } from "./node-mirrors.ts";

export interface PoolFilesArgs {
  readonly registries: readonly RegistrySettings[];
  readonly harbor: HarborEndpoint;
  /** PEM. Absent: Harbor's certificate is a public one, or there is none. */
  readonly caCertificate?: pulumi.Input<string> | undefined;
  /** The pull robot's, secret; absent where all caches are public. */
  readonly login?: pulumi.Input<Login> | undefined;
}

/** Paths and modes are plain, and so is every content but the CA's and those with a login in it. */
export function poolFiles(pool: PoolSettings, args: PoolFilesArgs): NodeFile[] {
  const mirrors = nodeMirrors(args.registries, pool.mirrors, args.harbor);
  return [
    ...runtimeFiles(pool, mirrors, args),
    ...(args.caCertificate === undefined
      ? []
      : [
          {
            path: caPath(args.harbor, pool.certsDir),
            content: pulumi.output(args.caCertificate).apply((pem) => caFile(pem, poolHead(pool.name))),
            mode: "0644",
          },
        ]),
  ];
}

function runtimeFiles(pool: PoolSettings, mirrors: readonly NodeMirror[], args: PoolFilesArgs): NodeFile[] {
  switch (pool.runtime) {
    case "cri-o":
    case "podman":
      return [...crioDropIns(mirrors, pool), ...crioLogins(pool, mirrors, args)];
    case "containerd":
      return containerdFiles(pool, mirrors, args);
    case "k3s":
    case "rke2":
      return [k3sFile(pool, mirrors, args)];
  }
}

function crioLogins(
  pool: PoolSettings,
  mirrors: readonly NodeMirror[],
  { login }: PoolFilesArgs,
): NodeFile[] {
  if (login === undefined) return [];
  return [
    {
      path: pool.authFile,
      content: pulumi.output(login).apply((known) => authJson(mirrors, known)),
      mode: "0600",
      merge: "auth-json",
    },
    ...(pool.runtime === "cri-o" && pool.configureRuntime
      ? [{ ...crioAuthDropIn(pool), restart: true }]
      : []),
  ];
}

function containerdFiles(
  pool: PoolSettings,
  mirrors: readonly NodeMirror[],
  args: PoolFilesArgs,
): NodeFile[] {
  return [
    ...mirrors.map((mirror): NodeFile => {
      const path = `${pool.dropInDir}/${mirror.prefix}/hosts.toml`;
      const head = [...poolHead(pool.name), `# ${mirror.prefix}: ${orderOf(mirror)}.`];
      const hosts = (login?: Login): string => containerdHosts(mirror, { ...trust(pool, args), login }, head);
      return args.login === undefined || !needsLogin(mirror)
        ? { path, content: hosts(), mode: "0644" }
        : { path, content: pulumi.output(args.login).apply(hosts), mode: "0600" };
    }),
    ...(pool.configureRuntime
      ? [
          {
            path: `${pool.configDir}/config.toml`,
            content: JSON.stringify({ config_path: pool.dropInDir }),
            mode: "0644",
            merge: "containerd-config" as const,
            restart: true,
          },
        ]
      : []),
  ];
}

function k3sFile(pool: PoolSettings, mirrors: readonly NodeMirror[], args: PoolFilesArgs): NodeFile {
  const registries = (login?: Login): string =>
    JSON.stringify(k3sRegistries(mirrors, { ...trust(pool, args), login }));
  return {
    path: `${pool.dropInDir}/registries.yaml`,
    content: args.login === undefined ? registries() : pulumi.output(args.login).apply(registries),
    mode: "0600",
    merge: "registries-yaml",
    restart: true,
  };
}

function trust(pool: PoolSettings, { harbor, caCertificate }: PoolFilesArgs) {
  return { harbor, caPath: caCertificate === undefined ? undefined : caPath(harbor, pool.certsDir) };
}
