/**
 * The settings of one environment: what `Pulumi.<stack>.yaml` says, parsed, checked and completed with defaults.
 * Everything after the loader works on these types only.
 */
import type * as z from "zod";
import type { CacheOptions } from "./schema/cache.ts";
import type { edge, gitops } from "./schema/edge.ts";
import type { harbor } from "./schema/harbor.ts";
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
}

/** A node of the cluster. */
export interface NodeSettings extends SshAccess {
  /** Unique over all pools. Default: the address. */
  readonly name: string;
}

/** Nodes that are configured alike and rolled out together. */
export interface PoolSettings {
  readonly name: string;
  readonly runtime: "cri-o";
  readonly nodes: readonly NodeSettings[];
  /** Run by `sudo -n`. Default: true unless the user is root. */
  readonly sudo: boolean;
  /** Default `/etc/containers/registries.conf.d`. */
  readonly dropInDir: string;
  /** Default `/etc/containers/certs.d`. */
  readonly certsDir: string;
  /** Default `systemctl reload crio`. */
  readonly reloadCommand: string;
  /** Must succeed after the reload. Default `systemctl is-active --quiet crio`. */
  readonly checkCommand: string;
  /** Nodes worked on at the same time, default 10. */
  readonly parallel: number;
  /** Seconds: TCP and SSH handshake; one command; one node in all. */
  readonly timeouts: { readonly connect: number; readonly command: number; readonly total: number };
}

/** Everything; the plain ones are described in top-level.ts. */
export interface Settings extends TopLevel {
  readonly registries: readonly RegistrySettings[];
  readonly pools: readonly PoolSettings[];
}
