/** One stack of harbor-cache: a machine becomes Harbor, Harbor a cache, and the nodes pull through it. */
import * as pulumi from "@pulumi/pulumi";

import { writeRendered } from "./components/gitops/rendered-files.ts";
import { stackFiles } from "./components/gitops/stack-files.ts";
import { Harbor } from "./components/harbor/harbor.ts";
import { accessLogPath } from "./components/harbor/harbor-yml.ts";
import { machineOutput } from "./components/harbor/machine-output.ts";
import { hostFor } from "./components/host/host-for.ts";
import { insideHarbor } from "./components/inside-harbor.ts";
import { Nodes } from "./components/nodes/nodes.ts";
import { renderedFor } from "./components/nodes/render/rendered-for.ts";
import { harborReport, pullQuota as askPullQuota } from "./components/report/report.ts";
import { loadSettings } from "./config/load.ts";

const settings = await loadSettings();

const host = await hostFor("host", settings);

const harbor = new Harbor("harbor", {
  host,
  hostname: settings.hostname,
  tls: settings.tls,
  settings: settings.harbor,
  edge: settings.edge,
});

const {
  admin,
  cache,
  projects: ownProjects,
  login,
  robots,
} = await insideHarbor({
  settings,
  harbor,
  connection: { url: harbor.url, caCertificate: harbor.caCertificate },
  adminPassword: harbor.adminPassword,
  externalUrl: harbor.endpoint.url,
});

const nodes = new Nodes("nodes", {
  pools: settings.pools,
  registries: settings.registries,
  harbor: harbor.endpoint,
  caCertificate: harbor.caCertificate,
  pullRobot: robots.pull,
  accessLog: { machine: host.access, path: accessLogPath(settings.harbor), sudo: host.sudo },
  after: [cache, ...(login === undefined ? [] : [login.auth])],
});

if (settings.gitops.folder !== undefined) {
  writeRendered(settings.gitops.folder, stackFiles(settings, harbor));
}

const report = {
  settings: settings.maintenance,
  registries: settings.registries,
  admin,
  machine: host.access,
  ready: pulumi.all([cache.projects, ownProjects.projectNames]),
};

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
/** Secret; how nodes sign in to caches that aren't public, and the robots that the settings name; null without any. */
export const pullRobot = robots.pull ?? null;
export const robotAccounts = robots.named;
/** Harbor's version, projects, repositories and storage after the last up. */
export const harborInfo = harborReport(report);
/** Pulls that Docker Hub still allows Harbor; null where docker.io isn't cached. */
export const pullQuota = askPullQuota(report);
/** Where dex sends people back to, for a client that somebody else makes; null without login. */
export const oidcRedirectUri = login?.redirectUri ?? null;
/** The cache for other tools, files by format: `make render`. Holds no secret, but an `up` would print all of it else. */
export const rendered = pulumi.secret(
  pulumi.output(harbor.caCertificate).apply((ca) => renderedFor(settings.registries, harbor.endpoint, ca)),
);
