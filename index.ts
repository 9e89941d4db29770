/** One stack of harbor-cache: a machine becomes Harbor, Harbor a cache, and the nodes pull through it. */
import { Cache } from "./components/cache/cache.ts";
import { writeRendered } from "./components/gitops/rendered-files.ts";
import { stackFiles } from "./components/gitops/stack-files.ts";
import { Harbor } from "./components/harbor/harbor.ts";
import { machineOutput } from "./components/harbor/machine-output.ts";
import { hostFor } from "./components/host/host-for.ts";
import { Nodes } from "./components/nodes/nodes.ts";
import { loadSettings } from "./config/load.ts";
import { Provider } from "./provider/sdk.ts";

const settings = loadSettings();

const host = await hostFor("host", settings);

const harbor = new Harbor("harbor", {
  host,
  hostname: settings.hostname,
  tls: settings.tls,
  settings: settings.harbor,
  edge: settings.edge,
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

if (settings.gitops.folder !== undefined) {
  writeRendered(settings.gitops.folder, stackFiles(settings, harbor));
}

/** Where people and nodes reach Harbor. */
export const harborUrl = harbor.url;
/** Secret: `pulumi stack output --show-secrets harborAdminPassword`. */
export const harborAdminPassword = harbor.adminPassword;
// null and not undefined: Pulumi would warn of that at each run.
/** PEM of the CAs to trust; null where every client trusts them anyway. */
export const caCertificate = harbor.caCertificate ?? null;
/** Where Harbor's machine is, for `make start`, `stop`, `restart` and `status`. */
export const machine = machineOutput(host, settings);
/** Secret; null where the SSH agent has the keys. */
export const machinePrivateKey = host.access.privateKey ?? null;
/** Secret; null without a jump host, or where the SSH agent has its key. */
export const jumpPrivateKey = host.access.jump?.privateKey ?? null;
/** Harbor project by registry. */
export const projects = cache.projects;
/** What each node was last given, by pool. */
export const appliedNodes = nodes.applied;
