/** A host whose key is asked for. */
export interface Host {
  /** For people. */
  readonly name: string;
  /** Host name or IP address. */
  readonly address: string;
  readonly port: number;
  /** The key that the settings pin: `ssh-ed25519 AAAA…`. */
  readonly hostKey?: string;
  /** known_hosts file that the settings name for it. */
  readonly knownHosts?: string;
  readonly jump?: JumpHost;
}

export interface JumpHost {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly hostKey?: string;
  /** Reads it. Absent: the SSH agent. */
  readonly privateKey?: () => Promise<string>;
}
