/**
 * The settings of one environment: what `Pulumi.<stack>.yaml` says, parsed, checked and completed with defaults.
 * Everything after the loader works on these types only.
 */
import type { Output } from "@pulumi/pulumi";

/** A value that the state, logs and previews show only as `[secret]`. */
export type Secret = Output<string>;

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

/** A machine that exists already and that becomes Harbor. */
export interface ExistingMachine extends SshAccess {
  readonly type: "existing";
  /** Run the steps by `sudo -n`. Default: true unless the user is root. */
  readonly sudo: boolean;
}

/** A machine on AWS EC2; its component comes with the AWS edge. */
export interface AwsMachine {
  readonly type: "aws";
  readonly [setting: string]: unknown;
}

export type Machine = ExistingMachine | AwsMachine;

export type Tls =
  /** Plain HTTP: loopback or a trusted network only. */
  | { readonly mode: "none" }
  /** An own CA, made on the machine, given to the nodes. */
  | { readonly mode: "self-signed"; readonly validityDays: number; readonly renewBeforeDays: number }
  | {
      readonly mode: "letsencrypt-route53";
      readonly email: string;
      readonly staging: boolean;
      readonly hostedZoneId?: string;
      readonly resolvers: readonly string[];
    };

export interface HarborSettings {
  /** Without `v`: `2.15.2`. */
  readonly version: string;
  readonly installer: {
    /** Where the machine fetches the package. Default: the online installer of goharbor's GitHub release. */
    readonly url: string;
    /** Hex sha256 of the package. At least one of `sha256` and `cosign` is set. */
    readonly sha256?: string;
    /** Verify `<url>.sigstore.json` with cosign on the machine. Default false. */
    readonly cosign: boolean;
  };
  /** Absolute path, default `/opt/harbor`. */
  readonly installDir: string;
  /** Absolute path, default `/data`. */
  readonly dataDir: string;
  /** A block device to mount at `dataDir`. A file system is made only on a blank one. */
  readonly dataVolume?: { readonly device: string; readonly fsType: "ext4" | "xfs" };
  /** Address that Harbor's ports are published on, default `0.0.0.0`. */
  readonly listenAddress: string;
  /** Default 80. */
  readonly httpPort: number;
  /** Default 443; used where TLS is not `none`. */
  readonly httpsPort: number;
  readonly adminPassword?: Secret;
  readonly databasePassword?: Secret;
  /** Install Docker by the distribution's packages where it is missing. Default false. */
  readonly installDocker: boolean;
  /** What the machine must have; defaults 2 CPU, 4 GiB, 40 GiB at `dataDir`. */
  readonly requirements: { readonly cpus: number; readonly memoryGiB: number; readonly diskGiB: number };
  readonly metrics: { readonly enabled: boolean; readonly port: number; readonly path: string };
  readonly cache: { readonly enabled: boolean; readonly expireHours: number };
  readonly uploadPurging: {
    readonly enabled: boolean;
    readonly age: string;
    readonly interval: string;
    readonly dryRun: boolean;
  };
  /** Outgoing HTTP proxy of Harbor's components. */
  readonly proxy?: {
    readonly httpProxy?: string;
    readonly httpsProxy?: string;
    readonly noProxy: readonly string[];
    readonly components: readonly string[];
  };
  readonly logLevel: "debug" | "info" | "warning" | "error" | "fatal";
  /** Delete `dataDir`'s content at destroy. Default false. */
  readonly purgeData: boolean;
  /** How long each step on the machine may take, seconds. */
  readonly timeouts: { readonly step: number; readonly health: number };
}

/** Harbor's adapter types that may back a proxy-cache project. */
export type RegistryType =
  | "docker-hub"
  | "harbor"
  | "azure-acr"
  | "ali-acr"
  | "aws-ecr"
  | "google-gcr"
  | "docker-registry"
  | "github-ghcr"
  | "jfrog-artifactory";

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

export interface Settings {
  /** Name that nodes and people reach Harbor by, without scheme and port. */
  readonly hostname: string;
  readonly tls: Tls;
  readonly machine: Machine;
  readonly harbor: HarborSettings;
  readonly registries: readonly RegistrySettings[];
  readonly pools: readonly PoolSettings[];
}
