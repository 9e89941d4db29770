/** What the parts of the stand-in share: settings, database, blobs, keys, clock. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { BlobStore } from "../upstream/blob-store.ts";
import type { Connection } from "../upstream/http-client.ts";
import { Accounts } from "./accounts.ts";
import { Keys } from "./keys.ts";
import type { Settings } from "./settings.ts";
import type { State } from "./store.ts";
import { Store } from "./store.ts";

export interface HarborOptions {
  /** As `external_url` of harbor.yml. Default: the address listened on. */
  readonly externalUrl?: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any. */
  readonly port?: number;
  /** PEM; with it the port speaks TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Counts at the first start on `dataDir` only, as with the real Harbor. */
  readonly adminPassword: string;
  /** Database in `database/`, blobs in `registry/`, the secret key in `secret/`. */
  readonly dataDir: string;
  /** File that gets one line per request, as Harbor's nginx writes them. */
  readonly accessLog?: string;
  /** PEM of CAs trusted when talking to upstreams, besides what a registry endpoint brings itself. */
  readonly upstreamCa?: string;
  /** How names of upstreams are resolved. Default: the system's way. */
  readonly lookup?: NonNullable<Connection["lookup"]>;
  /**
   * Milliseconds between two looks at what was pulled, default 300; 20000 in the real one. An image is cached at the
   * first look that finds all its blobs, an index at the first one after its manifests.
   */
  readonly cachingDelayMs?: number;
  /** How long a wrong password is held back and its user name frozen, default 1500 ms. */
  readonly wrongPasswordDelayMs?: number;
  /** Milliseconds between two checks of the registry endpoints, default five minutes. */
  readonly healthCheckMs?: number;
  /** Whether Harbor was prepared with Trivy: its scanner is registered, nothing is scanned. Default false. */
  readonly trivy?: boolean;
  readonly clock?: () => Date;
  /** Runs background jobs, default by timers; tests run them by hand. */
  readonly schedule?: Schedule;
}

/** Has `job` run once after `delayMs`; the answer calls it off. */
export type Schedule = (job: () => Promise<void>, delayMs: number) => () => void;

const byTimer: Schedule = (job, delayMs) => {
  const timer = setTimeout(() => void job(), delayMs);
  timer.unref();
  return () => {
    clearTimeout(timer);
  };
};

export class App {
  readonly options: HarborOptions;
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly keys: Keys;
  readonly accounts: Accounts;
  /** Components that a test stopped. */
  readonly stopped = new Set<string>();
  /** Set once the port is known. */
  externalUrl = "";

  constructor(options: HarborOptions) {
    this.options = options;
    this.store = new Store(options.dataDir);
    this.blobs = new BlobStore(path.join(options.dataDir, "registry"));
    this.keys = new Keys(options.dataDir);
    this.accounts = new Accounts(this.store, () => this.now(), options.wrongPasswordDelayMs ?? 1500);
  }

  get state(): State {
    return this.store.state;
  }

  get settings(): Settings {
    return this.store.state.settings;
  }

  get schedule(): Schedule {
    return this.options.schedule ?? byTimer;
  }

  get cachingDelayMs(): number {
    return this.options.cachingDelayMs ?? 300;
  }

  /** A component whose name stands on a line of the file `lab-down` in the data folder counts as stopped. */
  isDown(component: string): boolean {
    if (this.stopped.has(component)) return true;
    const file = path.join(this.options.dataDir, "lab-down");
    return existsSync(file) && readFileSync(file, "utf8").split("\n").includes(component);
  }

  /** RFC 3339 with milliseconds. */
  now(): string {
    return (this.options.clock?.() ?? new Date()).toISOString();
  }

  /** How an endpoint is connected to. */
  connection(insecure: boolean, caCertificate: string): Connection {
    const ca = [caCertificate, this.options.upstreamCa ?? ""].filter((pem) => pem !== "").join("\n");
    const { lookup } = this.options;
    return { insecure, ...(ca === "" ? {} : { ca }), ...(lookup === undefined ? {} : { lookup }) };
  }
}
