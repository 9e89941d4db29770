/** One stack of harbor-cache: a machine becomes Harbor, Harbor a cache, and the nodes pull through it. */
import { Cache } from "./components/cache/cache.ts";
import { Harbor } from "./components/harbor/harbor.ts";
import { hostFor } from "./components/host/host-for.ts";
import { Nodes } from "./components/nodes/nodes.ts";
import { loadSettings } from "./config/load.ts";
import { Provider } from "./provider/sdk.ts";

const settings = loadSettings();

const host = hostFor("host", settings.machine);

const harbor = new Harbor("harbor", {
  host,
  hostname: settings.hostname,
  tls: settings.tls,
  settings: settings.harbor,
});

const connection = new Provider("harbor", {
  url: harbor.url,
  username: "admin",
  password: harbor.adminPassword,
  caCertificate: harbor.caCertificate,
});

const cache = new Cache("cache", { registries: settings.registries, provider: connection, harbor });

const nodes = new Nodes("nodes", {
  pools: settings.pools,
  registries: settings.registries,
  harbor: harbor.endpoint,
  caCertificate: harbor.caCertificate,
  after: [cache],
});

/** Where people and nodes reach Harbor. */
export const harborUrl = harbor.url;
/** Secret: `pulumi stack output --show-secrets harborAdminPassword`. */
export const harborAdminPassword = harbor.adminPassword;
/** PEM of the CA to trust, where TLS is self-signed. */
export const caCertificate = harbor.caCertificate;
/** Harbor project by registry. */
export const projects = cache.projects;
/** What each node was last given, by pool. */
export const appliedNodes = nodes.applied;
