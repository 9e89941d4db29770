/**
 * The settings of one environment: what `Pulumi.<stack>.yaml` says, parsed, checked and completed with defaults.
 * Everything after the loader works on these types only.
 */
import type * as z from "zod";
import type { CacheOptions } from "./schema/cache.ts";
import type { edge, gitops } from "./schema/edge.ts";
import type { harbor } from "./schema/harbor.ts";
import type { mirror, mirrored } from "./schema/node-files.ts";
import type { Amount, verifyPull } from "./schema/rollout.ts";
import type { ClientSettings, DexClientSettings, LoginSettings } from "./schema/login.ts";
import type { machine } from "./schema/machine.ts";
import type { MaintenanceSettings } from "./schema/maintenance.ts";
import type { DestinationSettings, ProjectSettings } from "./schema/project.ts";
import type { RegistryType } from "./schema/registry.ts";
import type { RobotSettings } from "./schema/robot.ts";
import type { Secret } from "./schema/secret.ts";
import type { tls } from "./schema/tls.ts";
import type { TopLevel } from "./top-level.ts";

export type {
  CacheOptions,
  ClientSettings,
  DestinationSettings,
  DexClientSettings,
  LoginSettings,
  MaintenanceSettings,
  ProjectSettings,
  RegistryType,
  RobotSettings,
  Secret,
};

/** How a machine is reached over SSH. */
export interface SshAccess {
  /** Host name or IP address, without port. */
  readonly address: string;
  /** TCP port, default 22. */
  readonly port: number;
  readonly user: string;
  /** OpenSSH private key (PEM text). Absent: the agent at `SSH_AUTH_SOCK` is asked. */
  readonly privateKey?: Secret;
  /** One public key line as in known_hosts, without the host: `ssh-ed25519 AAAA…`. */
  readonly hostKey: string;
  /** A host to go through, itself reached directly. */
  readonly jump?: SshAccess;
}

/** The machine that becomes Harbor; see schema/machine.ts. */
export type Machine = z.output<typeof machine>;

/** A machine that exists already. */
export type ExistingMachine = Extract<Machine, { type: "existing" }>;

/** A machine on AWS EC2; see schema/aws.ts. */
export type AwsMachine = Extract<Machine, { type: "aws" }>;

/** How Harbor is reached; see schema/tls.ts. */
export type Tls = z.output<typeof tls>;

/** Harbor on its machine; see schema/harbor.ts. At least one of `installer.sha256` and `installer.cosign` is set. */
export type HarborSettings = z.output<typeof harbor>;

/** The edge before Harbor; see schema/edge.ts. */
export type EdgeSettings = z.output<typeof edge>;

/** Where the stack's rendered files go; see schema/edge.ts. */
export type GitopsSettings = z.output<typeof gitops>;

/** One upstream registry, as a pull-through cache sees it. */
export interface RegistrySettings {
  /** Registry host as image references name it, with port where it has one: `docker.io`, `reg.example.com:5000`. */
  readonly name: string;
  /** URL that Harbor asks. */
  readonly endpoint: string;
  readonly type: RegistryType;
  /** Harbor project, default `proxy.<name>` made fit for Harbor's rule. */
  readonly project: string;
  readonly credentials?: { readonly username: string; readonly password: Secret };
  /** May be pulled without login. Default true without credentials. */
  readonly public: boolean;
  /** Bytes, -1 is unlimited (default). */
  readonly quotaBytes: number;
  /** What `cache` says for all, and this registry for itself. */
  readonly cache: CacheOptions;
  /** Harbor doesn't check the endpoint's certificate; nodes fall back over plain HTTP or unchecked TLS too. */
  readonly insecure: boolean;
  /** PEM, CA of the endpoint. */
  readonly caCertificate?: string;
  /** Further prefixes served by this project, e.g. `k8s.gcr.io` for `registry.k8s.io`. */
  readonly aliases: readonly string[];
  /** Nodes ask the registry itself where no mirror serves, default true. */
  readonly fallback: boolean;
  /** Which references nodes ask the cache for, default all (cri-o, podman). */
  readonly pullFromMirror: PullFromMirror;
  /** Asked by nodes after the cache. */
  readonly mirrors: readonly MirrorSettings[];
}

/** A mirror that isn't this cache; see schema/node-files.ts. */
export type MirrorSettings = z.output<typeof mirror>;

export type PullFromMirror = MirrorSettings["pullFromMirror"];

/** Mirrors of a prefix that isn't cached here; see schema/node-files.ts. */
export type MirroredSettings = z.output<typeof mirrored>;

/** What runs a node's containers, as far as it can use mirrors with a path. */
export type Runtime = "cri-o" | "podman" | "containerd" | "k3s" | "rke2";

/** How a pool's nodes are gone through; see schema/rollout.ts. */
export interface RolloutSettings {
  /** Nodes that are done first: a number, default 1, or names. */
  readonly canary: number | readonly string[];
  /** Most nodes of each further wave, default 25%. */
  readonly wave: Amount;
  /** Seconds between two waves, default 10. */
  readonly pause: number;
  /** Failed nodes that are borne, default 0. */
  readonly maxFailed: Amount;
  /** Nodes at the same time, default 10; 1 for k3s and rke2. */
  readonly parallel: number;
}

/** A node of the cluster. */
export interface NodeSettings extends SshAccess {
  /** Unique over all pools. Default: the address. */
  readonly name: string;
}

/** Nodes that are configured alike and rolled out together. */
export interface PoolSettings {
  readonly name: string;
  readonly runtime: Runtime;
  readonly nodes: readonly NodeSettings[];
  /** Run by `sudo -n`. Default: true unless the user is root. */
  readonly sudo: boolean;
  /** Folder of the mirror files; defaults of this and the next by runtime: runtime-defaults.ts. */
  readonly dropInDir: string;
  /** Folder of registries' CAs. */
  readonly certsDir: string;
  /** Makes the runtime read the files again; empty: it does so by itself. */
  readonly reloadCommand: string;
  /** For what the runtime reads at its start only. Empty: it has no start. */
  readonly restartCommand: string;
  /** Must succeed after a reload or restart; empty: none. */
  readonly checkCommand: string;
  /** Prints the end of the runtime's log; empty: it has none. */
  readonly logCommand: string;
  /** A drop-in for each registry, default, or one for all (cri-o, podman). */
  readonly files: "per-registry" | "one";
  /** Mirrors of what isn't cached here. */
  readonly mirrors: readonly MirroredSettings[];
  /** Registries that an image without one is looked for in; empty: left alone. */
  readonly unqualifiedSearch: readonly string[];
  /** Logins of the runtime, into which ours are merged (cri-o, podman). */
  readonly authFile: string;
  /** The runtime's own configuration (cri-o, containerd). */
  readonly configDir: string;
  /** Set what the runtime's configuration lacks for our files, default false. */
  readonly configureRuntime: boolean;
  readonly rollout: RolloutSettings;
  /** Default: no image is pulled. */
  readonly verifyPull?: NonNullable<z.output<typeof verifyPull>>;
  /** Default `warning`. */
  readonly onConflict: "warning" | "error";
  /** Default `fail`. */
  readonly onUnreachable: "fail" | "skip";
  /** Seconds: TCP and SSH handshake; one command; one node in all. */
  readonly timeouts: { readonly connect: number; readonly command: number; readonly total: number };
}

/** Everything; the plain ones are described in top-level.ts. */
export interface Settings extends TopLevel {
  readonly registries: readonly RegistrySettings[];
  readonly pools: readonly PoolSettings[];
}
